"""Project home: images, classes, splits, prediction sets and label revisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from curation.evaluations.states import evaluated_on
from curation.projects.catalog import project_home, set_baseline
from curation.store.sync_runs import run_of_revision
from ui import numbers, screens, tables
from ui.connection import database
from ui.empty_states import show_empty
from ui.import_links import import_button
from ui.markdown import plain
from ui.project_choice import PARAMETER, current_project

if TYPE_CHECKING:
    from curation.projects.catalog import ProjectHome

NO_BASELINE = "(none)"
REVISION = "revision"


def show_project() -> None:
    """Draw the home of the chosen project."""
    card = current_project()
    if card is None:
        show_empty("There is no project yet.", step="Project", command="curation demo")
        return
    home = project_home(database(), card.id)
    st.title(plain(card.name), anchor=False)
    if card.description:
        st.caption(plain(card.description))
    show_counts(home)
    show_prediction_sets(home)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        show_classes(home)
    with right:
        show_splits(home)
    show_revisions(home)


def show_counts(home: ProjectHome) -> None:
    """Draw the counts of the project."""
    card = home.card
    figures = {
        "Images": numbers.count(card.images),
        "Labels": numbers.count(card.labels),
        "Classes": numbers.count(card.classes),
        "Prediction sets": numbers.count(card.prediction_sets),
        "Revision": numbers.count(card.revision),
    }
    with st.grid(5, min_column_width=104):
        for name, figure in figures.items():
            st.metric(name, figure, border=True)


def show_prediction_sets(home: ProjectHome) -> None:
    """Draw the prediction sets with their metadata, and the choice of the baseline."""
    with st.container(
        horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"
    ):
        st.subheader("Prediction sets", anchor=False, width="content")
        with st.container(horizontal=True, vertical_alignment="bottom", width="content"):
            if home.prediction_sets:
                choose_baseline(home)
                if st.button("Compare", type="primary", icon=":material/compare_arrows:"):
                    st.switch_page(screens.MODEL_EVALUATION)
            import_button("Predictions")
    if not home.prediction_sets:
        st.info(
            "There is no prediction set yet. Import a model's predictions to evaluate them.",
            icon=":material/info:",
        )
        return
    evaluated = evaluated_on(database(), home.card.id)
    rows = [
        tables.prediction_set(row, evaluated=evaluated.get(row.id), revision=home.card.revision)
        for row in home.prediction_sets
    ]
    frame = pd.DataFrame(rows)
    st.dataframe(
        tables.written(frame),
        hide_index=True,
        column_config=tables.PREDICTION_SET_COLUMNS,
        key="prediction-sets",
        alt="Prediction sets with their metadata",
    )


def choose_baseline(home: ProjectHome) -> None:
    """Draw the choice of the set that others are compared against at first."""
    ids = {NO_BASELINE: None} | {row.name: row.id for row in home.prediction_sets}
    names = list(ids)
    at = list(ids.values()).index(home.baseline_id) if home.baseline_id in ids.values() else 0

    def save() -> None:
        set_baseline(database(), home.card.id, ids[st.session_state["baseline"]])

    st.selectbox(
        "Baseline",
        names,
        index=at,
        key="baseline",
        on_change=save,
        width=200,
        help="What prediction sets are compared against unless another one is picked.",
    )


def show_classes(home: ProjectHome) -> None:
    """Draw the classes with their labels by size bucket."""
    st.subheader("Classes", anchor=False)
    labels = sum(row.labels for row in home.classes)
    frame = pd.DataFrame([tables.label_class(row, labels=labels) for row in home.classes])
    st.dataframe(
        tables.written(frame),
        hide_index=True,
        column_config=tables.class_columns(),
        key="classes-of-project",
        alt="Classes with their labels by size bucket",
    )


def show_splits(home: ProjectHome) -> None:
    """Draw the splits with their images."""
    st.subheader("Splits", anchor=False)
    frame = pd.DataFrame([tables.split(row) for row in home.splits])
    st.dataframe(
        tables.written(frame), hide_index=True, column_config=tables.SPLIT_COLUMNS, key="splits"
    )


def show_revisions(home: ProjectHome) -> None:
    """Draw the history of the labels, newest first; the picked one stands in the address."""
    st.subheader("Label revisions", anchor=False)
    numbers_shown = [row.number for row in home.revisions]
    asked = st.query_params.get(REVISION, "")
    picked = int(asked) if asked.isdecimal() and int(asked) in numbers_shown else None
    # A new revision moves the rows, so the table is another one then.
    key = f"revisions-{home.card.id}-{home.card.revision}"

    def pick() -> None:
        rows = st.session_state[key].selection.rows
        if rows:
            st.query_params[REVISION] = str(numbers_shown[rows[0]])
        else:
            st.query_params.pop(REVISION, None)

    frame = pd.DataFrame([tables.revision(row) for row in home.revisions])
    st.dataframe(
        tables.written(frame),
        hide_index=True,
        column_config=tables.REVISION_COLUMNS,
        key=key,
        on_select=pick,
        selection_mode="single-row",
        selection_default={
            "selection": {"rows": [] if picked is None else [numbers_shown.index(picked)]}
        },
        alt="Label revisions",
    )
    if picked is None:
        st.caption("Pick a row to see the sync run that made it.")
    else:
        show_run_of(home, picked)


def show_run_of(home: ProjectHome, revision: int) -> None:
    """Draw the way from a revision to the run that made it."""
    run = run_of_revision(database(), home.card.id, revision)
    if run is None:
        st.caption(f"No sync made revision {revision}: its note says what did.")
        return
    st.page_link(
        screens.ANNOTATION,
        label=f"Run {run.id} of {plain(run.source)} made revision {revision}",
        icon=":material/sync:",
        query_params={
            PARAMETER: home.card.name,
            "source": run.source,
            "view": "Runs",
            "run": str(run.id),
        },
    )


show_project()
