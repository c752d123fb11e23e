"""When and how a source is synced, where its token is, and the commands for what is left."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from curation.errors import InvalidSetting
from curation.sync.schedules import next_times
from curation.sync.sources import change_options
from curation.sync.tools.registry import TOOLS
from ui.annotation_views.moments import moment
from ui.annotation_views.source_table import tool_title
from ui.annotation_views.tool_options import checked, choose_file_options, choose_options
from ui.connection import database
from ui.failures import show as show_failure
from ui.failures import shown_failures
from ui.markdown import plain

if TYPE_CHECKING:
    from curation.sync.source_states import SourceState
    from curation.sync.sources import SourceRow

EXAMPLES = "`*/15 * * * *` every quarter of an hour, `30 2 * * *` at 02:30, `0 6 * * 1` on Mondays"


def show(state: SourceState) -> None:
    """Draw the view."""
    source = state.source
    key = f"source-{source.id}"
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**When**")
        enabled = st.toggle(
            "Synced at all",
            value=source.enabled,
            key=f"{key}-enabled",
            help="Switched off, nothing is pulled or pushed, also not by hand.",
        )
        schedule = st.text_input(
            "Schedule (cron, UTC)",
            value=source.schedule or "",
            placeholder="by hand",
            key=f"{key}-schedule",
            help=f"{EXAMPLES}. Empty: by hand only.",
        )
        schedule = schedule.strip() if schedule else ""
        show_next_times(schedule, enabled=enabled)
    with right:
        show_facts(source)
    st.markdown("**How**")
    options = choose_options(source.options, key=key)
    if source.kind in TOOLS and not TOOLS[source.kind].needs_secret:
        options |= choose_file_options(source.options, key=key)
    with shown_failures():
        if st.button("Save", type="primary", icon=":material/check:", key=f"{key}-save"):
            kept = checked(options, before=source.options)
            change_options(database(), source, schedule=schedule or None, enabled=enabled, **kept)
            st.toast("Saved.", icon=":material/check:")
            st.rerun()
    show_commands(source)


def show_next_times(schedule: str, *, enabled: bool) -> None:
    """Draw when the source would be synced next."""
    if not schedule:
        st.caption("By hand, or by a hint of the tool's webhook.")
        return
    try:
        times = next_times(schedule)
    except InvalidSetting as error:
        show_failure(error)
        return
    listed = " · ".join(f"{moment:%a %d %b %H:%M}" for moment in times)
    st.caption(f"Next: {listed} (UTC)" if enabled else f"Would be next: {listed} (UTC)")


def show_facts(source: SourceRow) -> None:
    """Draw what cannot be changed here; of the token only its place."""
    rows = {
        "Tool": tool_title(source.kind),
        "Location": source.location,
        "Project in the tool": source.tool_project or "none",
        "Token": token_place(source.secret_kind, source.secret),
        "Webhook": "on" if source.hook_sha256 else "off",
        "Everything compared": (
            "never" if source.reconciled is None else f"{source.reconciled:%Y-%m-%d %H:%M} UTC"
        ),
        "Read up to": read_up_to(source.high_water),
    }
    st.markdown("**Connection**")
    st.dataframe(
        pd.DataFrame({"Setting": list(rows), "Value": list(rows.values())}),
        hide_index=True,
        column_config={"Setting": st.column_config.TextColumn(width=130)},
        key="source-facts",
        height="content",
        alt="Connection of the source",
    )


def read_up_to(water: str | None) -> str:
    """Say how far a source was read: the tool's time, or which state of files.

    >>> read_up_to("2026-11-29T00:25:31.000000Z"), read_up_to("0123456789abcdef")
    ("2026-11-29 00:25, the tool's time", 'files 01234567')
    """
    if water is None:
        return "nothing yet"
    is_time = len(water) > 10 and water[10] == "T"
    return f"{moment(water)}, the tool's time" if is_time else f"files {water[:8]}"


def token_place(kind: str, place: str) -> str:
    """Say where a token is, never what it is.

    >>> token_place("env", "LABELS_TOKEN"), token_place("stored", "gAAAA…")
    ('in the variable LABELS_TOKEN', 'encrypted in the store')
    """
    if kind == "env":
        return f"in the variable {place}"
    if kind == "file":
        return f"in the file {place}"
    return "encrypted in the store" if kind == "stored" else "none needed"


def show_commands(source: SourceRow) -> None:
    """Draw the commands for what a browser does not do."""
    name = shlex.quote(source.name)
    project = f"--project {shlex.quote(source.project)}"
    with st.expander("By command line: another token, webhook, forget the source"):
        st.caption(
            "Address and token are set when a source is connected, and a token never passes "
            "through the browser. To change them, forget the source and connect it again: its "
            f"labels stay, and the next sync of {plain(source.name)} makes no difference to them."
        )
        st.code(
            f"curation source hook {name} {project}\n"
            f"curation source remove {name} {project}\n"
            f"curation source add {shlex.quote(source.project)} {name} --store-token …",
            language=None,
        )
