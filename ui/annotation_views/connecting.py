"""Connect a project to a tool, which is asked first; the token is never typed here."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from curation.sync.source_states import source_states
from curation.sync.sources import SourceDraft, keep_source
from curation.sync.tools.registry import TOOLS
from ui.annotation_views.addresses import CONNECT, RUN, SOURCE, VIEW
from ui.annotation_views.tool_options import (
    checked,
    choose_file_options,
    choose_options,
    place_of_files,
)
from ui.connection import database, settings
from ui.failures import shown_failures
from ui.markdown import plain

if TYPE_CHECKING:
    from curation.projects.catalog import ProjectCard
    from curation.sync.tools.registry import ToolKind

VARIABLE: Final = "a variable"
PLACES: Final = {VARIABLE: "env", "a file": "file"}


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form holds; `secret` is the name of the token's place."""

    name: str
    location: str
    tool_project: str
    secret_kind: str
    secret: str
    schedule: str | None
    options: dict[str, Any]


def show_first_steps(card: ProjectCard) -> None:
    """Say what a source is and how the first one is connected."""
    with st.container(border=True, horizontal_alignment="center", gap="small"):
        st.space("small")
        st.markdown(
            f"{plain(card.name)} is not connected to an annotation tool yet. A *source* is such a "
            "connection: a project in Label Studio, or files that some other process refreshes.",
            text_alignment="center",
        )
        st.button(
            "Connect a source",
            key="connect-first",
            type="primary",
            icon=":material/add_link:",
            on_click=open_form,
        )
        st.caption("or in a terminal", width="content")
        name = shlex.quote(card.name)
        st.code(
            f"curation source add {name} labels --location URL --tool-project N "
            "--token-env VARIABLE\n"
            f"curation source add {name} labels --kind files --location FOLDER",
            language=None,
            width="content",
        )
        st.space("small")


def open_form() -> None:
    """Put the form into the address; for callbacks."""
    st.query_params[CONNECT] = "new"


def close_form() -> None:
    """Take the form out of the address; for callbacks."""
    st.query_params.pop(CONNECT, None)


def show_connecting(card: ProjectCard) -> None:
    """Draw the form of a new source."""
    st.subheader("Connect a source", anchor=False)
    kind = st.selectbox(
        "Tool",
        list(TOOLS.values()),
        format_func=lambda kind: kind.title,
        key="connect-kind",
        width=320,
    )
    typed = read_form(kind)
    with st.container(horizontal=True):
        connect = st.button("Ask the tool and connect", type="primary", icon=":material/add_link:")
        st.button("Cancel", on_click=close_form)
    st.caption(
        "The tool is asked for its project before anything is kept: a wrong address, token or "
        "project is told at once. Its address must be among CURATION_TOOL_ORIGINS."
    )
    if connect:
        with shown_failures(), st.spinner("Asking the tool"):
            keep_source(database(), settings(), draft_of(card, kind, typed))
            open_source(card, typed.name)


def read_form(kind: ToolKind) -> Typed:
    """Draw the fields of a kind of tool and return what is typed."""
    left, right = st.columns(2, gap="medium")
    with left:
        name = st.text_input("Name", placeholder="labels", key="connect-name")
        location = st.text_input(f"Location: {kind.location}", key=f"connect-location-{kind.name}")
        tool_project = ""
        if kind.needs_project:
            label = f"Project in {kind.title}"
            tool_project = st.text_input(label, placeholder="7", key="connect-project") or ""
    with right:
        place, secret = read_token() if kind.needs_secret else ("none", "")
        schedule = st.text_input(
            "Schedule (cron, UTC)",
            placeholder="by hand",
            key="connect-schedule",
            help="`*/15 * * * *`: every quarter of an hour. Empty: by hand only.",
        )
    file_options = {} if kind.needs_secret else choose_file_options({}, key="connect")
    with st.expander("More: which work counts, pictures of new images"):
        options = choose_options({}, key="connect") | file_options
    return Typed(
        name=(name or "").strip(),
        location=(location or "").strip(),
        tool_project=tool_project.strip(),
        secret_kind=place,
        secret=secret,
        schedule=(schedule or "").strip() or None,
        options=options,
    )


def read_token() -> tuple[str, str]:
    """Draw where the token is and return the kind of place and its name."""
    place = st.segmented_control(
        "The token is in",
        list(PLACES),
        default=VARIABLE,
        required=True,
        key="connect-place",
        help="Where the app and the worker run. The token itself is never typed here; to keep it "
        "encrypted in the store: curation source add … --store-token.",
    )
    if place == VARIABLE or place is None:
        label, placeholder = "Name of the variable", "LABEL_STUDIO_TOKEN"
    else:
        label, placeholder = "Path of the file", "/run/secrets/labels"
    name = st.text_input(label, placeholder=placeholder, key=f"connect-{place}")
    return PLACES[place or VARIABLE], (name or "").strip()


def draft_of(card: ProjectCard, kind: ToolKind, typed: Typed) -> SourceDraft:
    """Return what was typed as a source to keep.

    Raises:
        UnsafePath: If a folder is not one that settings allow.
    """
    options = checked(typed.options, before={})
    location = typed.location if kind.needs_secret else place_of_files(typed.location)
    return SourceDraft(
        project_id=card.id,
        name=typed.name,
        kind=kind.name,
        location=location,
        tool_project=typed.tool_project,
        secret_kind=typed.secret_kind,
        secret=typed.secret,
        schedule=typed.schedule,
        options={name: value for name, value in options.items() if value is not None},
    )


def open_source(card: ProjectCard, name: str) -> None:
    """Go to the source that was just connected: to its questions where it has some."""
    state = next(one for one in source_states(database(), card.id) if one.source.name == name)
    st.query_params.pop(CONNECT, None)
    st.query_params.pop(RUN, None)
    st.query_params[SOURCE] = name
    st.query_params[VIEW] = "Classes" if state.questions else "Runs"
    st.rerun()
