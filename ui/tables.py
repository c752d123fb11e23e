"""Rows of the tables: dataclasses to display rows, and how their columns look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import streamlit as st
from pandas.api.types import is_integer_dtype

from ui import numbers
from ui.change_counts import MEANING, changes_of_revision

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler

    from curation.job_engine.jobs import JobRow
    from curation.predictions.catalog import PredictionSetRow
    from curation.projects.catalog import ClassRow, RevisionRow, SplitRow

Row = dict[str, Any]
_columns = st.column_config
WHEN: Final = _columns.DatetimeColumn(format="D MMM YYYY, HH:mm", width=135)
_count = _columns.NumberColumn(width="small")
TASKS: Final = {"boxes": "boxes", "masks": "boxes and masks"}

PREDICTION_SET_COLUMNS: Final = {
    "Evaluated on": _columns.TextColumn(
        help="The newest label revision that it was evaluated on; “stale” when the "
        "project's labels have changed since.",
        width=125,
    ),
    "Imported": WHEN,
    "Predictions": _count,
    "Images": _count,
    "Rejected": _count,
    "Checksum": _columns.TextColumn(help="First characters of the file's SHA-256.", width="small"),
}
SPLIT_COLUMNS: Final = {
    "Images": _count,
    "Labels": _count,
    "Background": _columns.NumberColumn(
        help="Images that were looked at and hold nothing.", width="small"
    ),
    "Unlabelled": _columns.NumberColumn(help="Images that nobody has labelled yet.", width="small"),
}
REVISION_COLUMNS: Final = {
    "Revision": _columns.NumberColumn(width=70),
    "When": WHEN,
    "Images": _columns.TextColumn(help=MEANING, width=110),
    "Labels": _columns.TextColumn(help=MEANING, width=120),
}


def written(frame: pd.DataFrame) -> Styler:
    """Return a table whose counts have thin separators, which no column format offers."""
    counts = [column for column in frame.columns if is_integer_dtype(frame[column])]
    formats: dict[Any, Any] = dict.fromkeys(counts, numbers.count)
    return frame.style.format(formats)


def prediction_set(row: PredictionSetRow, *, evaluated: int | None, revision: int) -> Row:
    """Return a prediction set as a table row.

    Args:
        row: The set.
        evaluated: The newest label revision that it was evaluated on.
        revision: The project's label revision.
    """
    covered = row.covered_splits
    return {
        "Name": row.name,
        "Model": " ".join(filter(None, (row.model, row.version))),
        "Framework": row.framework,
        "Parent": row.parent or "",
        "Task": TASKS.get(row.task, row.task),
        "Evaluated on": evaluated_on(evaluated, revision),
        "Imported": row.created,
        "Predictions": row.predictions,
        "Images": row.images,
        "Covers": "all images" if covered is None else ", ".join(covered),
        "Rejected": row.rejected,
        "Notes": row.notes,
        "Checksum": row.sha256[:12],
    }


def evaluated_on(evaluated: int | None, revision: int) -> str:
    """Say what revision numbers are of, and whether they are stale.

    >>> evaluated_on(3, 5), evaluated_on(5, 5), evaluated_on(None, 5)
    ('revision 3 · stale', 'revision 5', 'not yet')
    """
    if evaluated is None:
        return "not yet"
    return f"revision {evaluated}" + (" · stale" if evaluated < revision else "")


def label_class(row: ClassRow, *, labels: int) -> Row:
    """Return a class as a table row; `labels` is how many the whole project has."""
    return {
        "Class": row.name,
        "Labels": row.labels,
        "Share": row.labels / labels if labels else 0.0,
        "Images": row.images,
        "Small": row.small,
        "Medium": row.medium,
        "Large": row.large,
        "Crowd": row.crowd,
    }


def class_columns() -> dict[str, Any]:
    """Return how the columns of the class table look."""
    sizes = {
        "Small": "Area under 32² pixels.",
        "Medium": "Area from 32² to under 96² pixels.",
        "Large": "Area from 96² pixels.",
        "Crowd": "Crowd regions: not counted as labels.",
    }
    return {
        "Labels": _count,
        "Share": _columns.ProgressColumn(format="percent", help="Share of all labels.", width=140),
        "Images": _count,
    } | {name: _columns.NumberColumn(help=text, width="small") for name, text in sizes.items()}


def split(row: SplitRow) -> Row:
    """Return a split as a table row."""
    return {
        "Split": row.split or "(none)",
        "Images": row.images,
        "Labels": row.labels,
        "Background": row.background,
        "Unlabelled": row.unlabelled,
    }


def revision(row: RevisionRow) -> Row:
    """Return a label revision as a table row."""
    images, labels = changes_of_revision(row)
    return {
        "Revision": row.number,
        "When": row.created,
        "Author": row.author,
        "Kind": row.kind,
        "Images": str(images),
        "Labels": str(labels),
        "Note": row.note,
    }


def job(row: JobRow) -> Row:
    """Return a finished job as a table row."""
    return {
        "Job": row.title,
        "Status": row.status,
        "Started": row.created,
        "Finished": row.finished,
        "Error": row.error,
    }


JOB_COLUMNS: Final = {"Started": WHEN, "Finished": WHEN}
