"""Import of a prediction set into the chosen project."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import streamlit as st

from curation.errors import NameTaken
from curation.predictions.catalog import list_prediction_sets
from curation.predictions.importing import (
    PredictionImportRequest,
    preview_predictions,
    start_prediction_import,
)
from ui.connection import database, settings
from ui.evaluation_controls import read_scope
from ui.import_report import show_report
from ui.import_steps.drafts import drop, keep, kept, show_steps, started
from ui.import_steps.source import choose_source
from ui.markdown import plain
from ui.tables import written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.predictions.class_maps import ClassMapRow
    from curation.predictions.importing import PredictionPreview
    from curation.projects.catalog import ProjectCard

KIND: Final = "predictions"
NO_PARENT: Final = "(none)"
REJECT: Final = "(reject)"
COVERS: Final = {
    "splits with predictions": "auto",
    "all images": "all",
    "chosen splits": "chosen",
}
REASONS: Final = {
    "remembered": "as last time",
    "name": "same name",
    "id": "same id",
    "shifted id": "same id, counted from 1",
    "none": "unknown",
}


def show_prediction_import(card: ProjectCard) -> None:
    """Draw the step that the draft is at."""
    draft = kept(KIND)
    if draft is None or draft[0].project_id != card.id:
        show_steps("Source")
        show_source(card)
    else:
        show_steps("Preview and confirm")
        show_preview(*draft)


def show_source(card: ProjectCard) -> None:
    """Ask for file, name and metadata; the button runs the dry run."""
    sets = {row.name: row.id for row in list_prediction_sets(database(), card.id)}
    left, right = st.columns(2, gap="medium")
    with left:
        source = choose_source("Predictions", ["json"], key="prediction-source")
        name = st.text_input("Name of the prediction set", key="set-name")
        covers = choose_covers(card)
    with right:
        model = st.text_input("Model", key="set-model")
        version = st.text_input("Version", key="set-version")
        framework = st.text_input("Framework", key="set-framework")
        parent = st.selectbox("Follows on", [NO_PARENT, *sets], key="set-parent")
        notes = st.text_input("Notes", key="set-notes")
    if not settings().import_roots:
        st.caption(
            "Folders of YOLO text files are imported in a terminal: "
            "`curation predictions import PROJECT FOLDER --name SET`."
        )
    if not st.button("Look first", type="primary", disabled=source is None or not name.strip()):
        return
    if name.strip() in sets:
        raise NameTaken("prediction set", name.strip())
    if source is not None:
        request = PredictionImportRequest(
            project_id=card.id,
            source=source(),
            name=name.strip(),
            model=model.strip(),
            version=version.strip(),
            framework=framework.strip(),
            notes=notes.strip(),
            parent_id=sets.get(parent),
            covers=covers,
        )
        look(request)
        st.rerun()


def choose_covers(card: ProjectCard) -> Any:
    """Ask which images the model was run on; return it as the request wants it."""
    splits = read_scope(str(database().url), card.id, card.revision).splits
    way = st.selectbox(
        "The model was run on",
        list(COVERS),
        key="set-covers",
        help="An image that the model was run on and has no prediction counts: its labels are "
        "missed. Other images are left out of the numbers.",
    )
    if COVERS[way] != "chosen":
        return COVERS[way]
    return tuple(st.multiselect("Splits", splits, default=splits, key="set-splits"))


def look(request: PredictionImportRequest) -> None:
    """Run the dry run and keep what it says."""
    with st.spinner("Reading; nothing is written."):
        keep(KIND, request, preview_predictions(database(), request))


def show_preview(request: PredictionImportRequest, preview: PredictionPreview) -> None:
    """Draw what would be imported, let the class map be edited, and let it be confirmed."""
    st.subheader(plain(request.name), anchor=False)
    if preview.same_as is not None:
        st.info(
            f"This file was imported before as **{plain(preview.same_as.name)}**.",
            icon=":material/info:",
        )
    edited = edit_class_map(preview.class_map, preview.classes)
    if edited != current_map(request, preview):
        look(replace(request, class_map=edited))
        st.rerun()
    show_report(preview.report, key="prediction-preview")
    st.caption("Nothing has been written so far.")
    with st.container(horizontal=True):
        label = "Import" if preview.same_as is None else "Import again"
        if st.button(label, type="primary", disabled=not preview.importable):
            confirmed = replace(request, class_map=edited, again=preview.same_as is not None)
            started(KIND, start_prediction_import(database(), settings(), confirmed))
            st.rerun()
        if st.button("Back"):
            drop(KIND)
            st.rerun()


def current_map(
    request: PredictionImportRequest, preview: PredictionPreview
) -> dict[str, str | None]:
    """Return the class map of the preview: the edited one, else the suggestions."""
    if request.class_map is not None:
        return dict(request.class_map)
    return {row.key: row.suggestion for row in preview.class_map}


def edit_class_map(rows: Sequence[ClassMapRow], classes: Sequence[str]) -> dict[str, str | None]:
    """Draw the class map for editing; return it, None for rejected classes."""
    st.markdown("**Class map**")
    frame = pd.DataFrame(
        {
            "In the file": [row.key for row in rows],
            "Predictions": [row.count for row in rows],
            "Class": [row.suggestion or REJECT for row in rows],
            "Because": [REASONS.get(row.how, row.how) for row in rows],
        }
    )
    options = [*classes, REJECT]
    edited = st.data_editor(
        written(frame),
        hide_index=True,
        disabled=["In the file", "Predictions", "Because"],
        column_config={
            "Class": st.column_config.SelectboxColumn(options=options, required=True),
        },
        height=min(420, 38 + 35 * len(frame)),
        key="class-map",
        alt="Class map: which class each class of the file means",
    )
    chosen = zip(edited["In the file"], edited["Class"], strict=True)
    return {str(key): None if name == REJECT else str(name) for key, name in chosen}
