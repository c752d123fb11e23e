"""One run: what it counted with the meaning of each number, what it survived, what waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import streamlit as st

from ui import numbers, screens, tables
from ui.annotation_views.actions import KINDS
from ui.markdown import plain
from ui.project_choice import PARAMETER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from curation.store.sync_runs import SyncRunRow

MEANINGS: Final = {
    "images_added": "Images that the project did not have.",
    "images_changed": "Images whose labels, marks or state changed; added and removed ones too.",
    "images_removed": "Images that the source had brought and whose tasks are gone.",
    "labels_added": "Labels that came, also as the new state of changed ones.",
    "labels_changed": "Labels whose box, outline or class changed: one more of both others.",
    "labels_removed": "Labels that went, also as the old state of changed ones.",
    "marks_added": "Choices, texts and keypoints that came.",
    "marks_removed": "Choices, texts and keypoints that went.",
    "waiting": "Tasks whose labels wait: for an answer, or because they cannot be read.",
    "regions_ignored": "Regions left out because their class is answered with “ignore”.",
    "tasks_added": "Tasks that our copy of the tool did not have.",
    "tasks_changed": "Tasks that differed from our copy.",
    "tasks_unchanged": "Tasks that were read and did not differ.",
    "tasks_deleted": "Tasks that the tool has no more.",
    "tasks_compared": "Tasks whose signature was compared, of all that the tool has.",
    "tasks_fetched": "Of those, tasks that differed and were read again.",
    "annotations": "Annotations of the tasks that were read.",
    "pages": "Pages in which the tool answered.",
    "sent": "Images that are in the tool now as the preview showed.",
    "conflicts": "Tasks that had changed after they were looked at: left alone.",
    "failed": "Images that the tool did not take.",
    "duplicates_removed": "Tasks that a lost answer had left behind twice.",
}
FAULTS: Final = {
    "429": "asked to wait (429)",
    "500": "server error (500)",
    "502": "bad gateway (502)",
    "503": "unavailable (503)",
    "504": "gateway timeout (504)",
    "connection": "broken connection",
    "timeout": "timeout",
    "truncated": "answer cut short",
    "unreadable": "unreadable answer",
    "tls": "TLS failure",
}
COLUMNS: Final = {
    "Count": st.column_config.TextColumn(width=130),
    "Number": st.column_config.NumberColumn(width=90),
    "Means": st.column_config.TextColumn(width=520),
}
TIME: Final = "%Y-%m-%d %H:%M:%S UTC"


def show_run(run: SyncRunRow, *, project: str) -> None:
    """Draw one run; `project` is the name of its project."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            kind = KINDS.get(run.kind, run.kind)
            st.markdown(f"**Run {run.id}** · {plain(kind)} · {plain(run.status)}", width="content")
            if run.revision is not None:
                st.page_link(
                    screens.PROJECT,
                    label=f"Revision {run.revision}",
                    icon=":material/history:",
                    query_params={PARAMETER: project, "revision": str(run.revision)},
                )
        st.caption(" · ".join(times_in_words(run)))
        if run.error:
            st.warning(plain(run.error), icon=":material/warning:")
        show_problems(run.problems)
        show_counts(run.counts)


def times_in_words(run: SyncRunRow) -> list[str]:
    """Say by whom and when it ran, which window of the tool's time it read, what it survived."""
    parts = [f"by {plain(run.author)}", f"started {run.started:{TIME}}"]
    if run.seconds is not None:
        parts.append(f"took {numbers.duration(run.seconds)}")
    if run.window_low is not None and run.window_high is not None:
        low = "the beginning" if run.window_low.startswith("1970") else plain(run.window_low)
        parts.append(f"read what changed from {low} to {plain(run.window_high)}, the tool's time")
    if run.faults:
        parts.append(f"survived {plain(faults_in_words(run.faults))}")
    return parts


def faults_in_words(faults: Mapping[str, int]) -> str:
    """Say what a connection survived.

    >>> faults_in_words({"429": 3, "connection": 1})
    '3 × asked to wait (429), 1 × broken connection'
    """
    return ", ".join(f"{count} × {FAULTS.get(kind, kind)}" for kind, count in faults.items())


def show_problems(problems: Sequence[Mapping[str, Any]]) -> None:
    """Draw what a person should know of, each kind with its examples as plain text."""
    for problem in problems:
        with st.expander(f"{numbers.count(problem['count'])} × {plain(problem['what'])}"):
            st.text("\n".join(problem["examples"]))
            more = problem["count"] - len(problem["examples"])
            if more > 0 and problem["examples"]:
                st.caption(f"The first {len(problem['examples'])} of them.")


def show_counts(counts: Mapping[str, int]) -> None:
    """Draw every number of the run with its meaning; what is 0 in a line of its own."""
    order = [*(name for name in MEANINGS if name in counts), *sorted(counts.keys() - MEANINGS)]
    rows = [
        {
            "Count": in_words(name),
            "Number": counts[name],
            "Means": MEANINGS.get(name, ""),
        }
        for name in order
        if counts[name]
    ]
    if rows:
        st.dataframe(
            tables.written(pd.DataFrame(rows)),
            hide_index=True,
            column_config=COLUMNS,
            key="run-counts",
            height="content",
            alt="Counts of the run",
        )
    zeros = [in_words(name) for name in order if not counts[name]]
    if zeros:
        st.caption(f"0: {', '.join(zeros)}.")


def in_words(name: str) -> str:
    """Write the name of a count."""
    return name.replace("_", " ")
