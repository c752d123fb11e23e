"""Import of a project: images, classes and labels from COCO, YOLO or CVAT files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from curation.errors import InvalidSetting
from curation.formats.registry import PROJECT_FORMATS
from curation.projects.importing import (
    ProjectImportRequest,
    preview_project,
    start_project_import,
)
from curation.projects.uploads import allowed_path
from ui.connection import database, settings
from ui.import_report import show_report
from ui.import_steps.drafts import drop, keep, kept, show_steps, started
from ui.import_steps.source import choose_source
from ui.markdown import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.formats.records import Question
    from curation.projects.importing import ImportPreview

KIND: Final = "project"
REMOTE: Final = "s3://"


def show_project_import() -> None:
    """Draw the step that the draft is at."""
    draft = kept(KIND)
    if draft is None:
        show_steps("Source")
        show_source()
    else:
        show_steps("Preview and confirm")
        show_preview(*draft)


def show_source() -> None:
    """Ask for name, file and options; the button runs the dry run."""
    left, right = st.columns(2, gap="medium")
    with left:
        name = st.text_input("Name of the project", key="project-name")
        formats = {one.title: one for one in PROJECT_FORMATS.values()}
        first, *_ = formats
        title = st.segmented_control(
            "Format", list(formats), default=first, required=True, key="project-format"
        )
        chosen = formats[title or first]
        st.caption(chosen.description)
        source = choose_source("Annotation file", ["json", "xml"], key="project-source")
    with right:
        images = st.text_input(
            "Pictures",
            key="project-images",
            placeholder="folder or s3://bucket/prefix",
            help="Optional. Without pictures the labels are drawn on a neutral ground. Folders "
            "must lie below those that the setting import_roots allows.",
        )
        split = st.text_input(
            "Split", key="project-split", help="Split of every image that the source gives none."
        )
        description = st.text_input("Description", key="project-description")
    if not settings().import_roots:
        st.caption(
            "Folders on this machine, such as YOLO trees, are imported in a terminal: "
            "`curation project import yolo NAME ROOT`."
        )
    if st.button("Look first", type="primary", disabled=source is None or not name.strip()):
        if source is None:
            return
        request = ProjectImportRequest(
            name=name.strip(),
            format=chosen.name,
            source=source(),
            images=allowed_images(images.strip()),
            split=split.strip() or None,
            description=description.strip(),
        )
        look(request)
        st.rerun()


def allowed_images(text: str) -> str | None:
    """Return where pictures are, None without.

    Raises:
        UnsafePath: If a folder lies outside the allowed ones.
    """
    if not text or text.startswith(REMOTE):
        return text or None
    return str(allowed_path(text, settings().import_roots))


def look(request: ProjectImportRequest) -> None:
    """Run the dry run and keep what it says."""
    with st.spinner("Reading; nothing is written."):
        keep(KIND, request, preview_project(database(), settings(), request))


def show_preview(request: ProjectImportRequest, preview: ImportPreview) -> None:
    """Draw what would be imported, ask what only a person can decide, and let it be confirmed."""
    st.subheader(plain(request.name), anchor=False)
    answers = ask(preview.questions, request)
    if answers:
        look(replace(request, **answers))
        st.rerun()
    show_report(preview.report, key="project-preview")
    open_questions = [q for q in preview.questions if getattr(request, q.option, None) is None]
    st.caption("Nothing has been written so far.")
    with st.container(horizontal=True):
        if st.button("Import", type="primary", disabled=bool(open_questions)):
            started(KIND, start_project_import(database(), settings(), request))
            st.rerun()
        if st.button("Back"):
            drop(KIND)
            st.rerun()


def ask(questions: Sequence[Question], request: ProjectImportRequest) -> dict[str, Any]:
    """Draw the questions of a dry run; return the answers that are new."""
    answers = {}
    for question in questions:
        known = getattr(request, question.option, None)
        if not hasattr(request, question.option):
            raise InvalidSetting("option", question.option, allowed="a field of the request")
        answer = st.segmented_control(
            plain(question.text), question.choices, default=known, key=f"ask-{question.option}"
        )
        if answer is not None and answer != known:
            answers[question.option] = answer
    return answers
