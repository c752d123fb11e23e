"""Import reports: counts, and every kind of problem with its advice, examples and download."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd
import streamlit as st

from curation.store.reports import get_report, report_csv, report_json
from ui import numbers
from ui.connection import database
from ui.markdown import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.job_engine.jobs import JobRow
    from curation.store.reports import ImportReport, ProblemGroup


ALWAYS_SHOWN: Final = frozenset({"rejected", "warnings"})


def show_report_of(job: JobRow) -> bool:
    """Draw the report that a job kept; return whether it kept one."""
    report_id = job.report_id or job.result.get("report_id")
    if report_id is None:
        return False
    show_report(get_report(database(), report_id), key=f"report-{report_id}")
    return True


def show_report(report: ImportReport, *, key: str) -> None:
    """Draw a report.

    Args:
        report: A dry run's or a finished import's report.
        key: Prefix of the widgets' keys.
    """
    counts = (
        f"**{numbers.count(value)}** {plain(name.replace('_', ' '))}"
        for name, value in report.counts.items()
        if value or name in ALWAYS_SHOWN
    )
    with st.container(border=True):
        st.markdown(" · ".join(counts))
    show_groups("Rejected", report.rejects, note="not imported")
    show_groups("Warnings", report.warnings, note="imported all the same")
    if not report.rejects and not report.warnings:
        st.success("No problem was found.", icon=":material/check:")
        return
    with st.container(horizontal=True):
        for name, write, mime in (
            ("CSV", report_csv, "text/csv"),
            ("JSON", report_json, "application/json"),
        ):
            st.download_button(
                f"Report as {name}",
                data=write(report),
                file_name=f"import-report.{name.lower()}",
                mime=mime,
                key=f"{key}-{name}",
                icon=":material/download:",
                on_click="ignore",
            )


def show_groups(title: str, groups: Sequence[ProblemGroup], *, note: str) -> None:
    """Draw problems by kind: how many, what it means, what to do, and the first of them."""
    if not groups:
        return
    total = numbers.count(sum(group.count for group in groups))
    st.markdown(f"**{title}** · {total} {note}")
    for group in groups:
        label = f"{plain(group.meaning)} · {numbers.count(group.count)}"
        with st.expander(label):
            st.markdown(plain(group.advice))
            frame = pd.DataFrame(group.examples, columns=["File", "Record", "Reason"])
            st.dataframe(frame, hide_index=True, height=min(300, 38 + 35 * len(frame)))
            if group.count > len(group.examples):
                shown = numbers.count(len(group.examples))
                st.caption(f"The first {shown} of {numbers.count(group.count)}.")
