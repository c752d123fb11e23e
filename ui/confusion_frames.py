"""Confusion matrices as frames: the cells of the heat map, and the list of its largest cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd

from ui import numbers
from ui.chosen_rows import class_label

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from curation.evaluations.confusion import ConfusionView
    from evaluation.confusion import ConfusionMatrix

Unit = Literal["counts", "of the label", "of the prediction"]
UNITS: Final[tuple[Unit, ...]] = ("counts", "of the label", "of the prediction")
LONGEST_COUNT: Final = 10_000
LIST_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class Grid:
    """What a heat map shows.

    Args:
        ours: (n, n) numbers of the set, over all rows and columns.
        theirs: The baseline's, None without comparison.
        shown: Places of the rows and columns that are drawn.
        side: "set", "against" or "change".
        unit: What the numbers are.
    """

    ours: NDArray[np.float64]
    theirs: NDArray[np.float64] | None
    shown: NDArray[np.int64]
    side: str
    unit: Unit

    @property
    def values(self) -> NDArray[np.float64]:
        """The numbers of the chosen side; where one side of a change is n/a it counts as 0."""
        if self.side == "set" or self.theirs is None:
            return self.ours
        if self.side == "against":
            return self.theirs
        return np.nan_to_num(self.ours) - np.nan_to_num(self.theirs)


def grid(view: ConfusionView, *, side: str, unit: Unit, most: int | None) -> Grid:
    """Choose the numbers and the rows of a heat map.

    Args:
        view: Both matrices.
        side: "set", "against" or "change".
        unit: Counts, or shares of rows or columns of the whole matrix.
        most: At most so many classes, the most confused first; None for all.
    """
    theirs = None if view.against is None else _numbers(view.against, unit)
    shown = shown_places(view, side=side, most=most)
    return Grid(_numbers(view.set, unit), theirs, shown, side, unit)


def shown_places(view: ConfusionView, *, side: str, most: int | None) -> NDArray[np.int64]:
    """Return which rows are drawn: all classes in order, or those with most confusions.

    Rows of other classes and of the background are always among them.
    """
    n_classes = len(view.set.classes)
    rest = np.arange(n_classes, len(view.names))
    if most is None or n_classes <= most:
        return np.arange(len(view.names))
    chosen = [view.set.counts if side != "against" or view.against is None else view.against.counts]
    if side == "change" and view.against is not None:
        chosen.append(view.against.counts)
    among = sum(counts[:n_classes, :n_classes] for counts in chosen)
    among = among * (1 - np.eye(n_classes, dtype=np.int64))
    mass = among.sum(axis=0) + among.sum(axis=1)
    order = np.argsort(-mass, kind="stable")[:most]
    return np.concatenate([order[mass[order] > 0], rest])


def cell_frame(view: ConfusionView, cells: Grid) -> pd.DataFrame:
    """Return the cells that are not empty for `evaluation.confusion_charts.confusion_heatmap`."""
    values = cells.values[np.ix_(cells.shown, cells.shown)]
    row, column = np.nonzero(np.nan_to_num(values))
    value = values[row, column]
    right = row == column
    labels = [class_label(view.names[place]) for place in cells.shown.tolist()]
    frame = pd.DataFrame(
        {
            "row": row,
            "column": column,
            "truth": [labels[place] for place in row.tolist()],
            "prediction": [labels[place] for place in column.tolist()],
            "value": value,
            "text": [_text(one, cells) for one in value.tolist()],
            "strength": _strength(value, right, cells),
            "tone": _tones(value, right, cells),
        }
    )
    if cells.theirs is not None:
        places = np.ix_(cells.shown, cells.shown)
        frame["set"] = cells.ours[places][row, column]
        frame["against"] = cells.theirs[places][row, column]
    return frame


def largest_cells(view: ConfusionView, *, side: str, background: bool) -> pd.DataFrame:
    """Return the largest cells off the diagonal, most first.

    Args:
        view: Both matrices.
        side: What they are sorted by: "set", "against", or "change" for its size.
        background: Whether what is not found, or where nothing is, is listed too.

    Returns:
        Columns `Label`, `Prediction`, `Count`, `Share of label` and, compared, `Count baseline`,
        `Δ Count`; `truth` and `found` are places in the view's names.
    """
    n = len(view.names) if background else len(view.names) - 1
    ours = view.set.counts
    theirs = np.zeros_like(ours) if view.against is None else view.against.counts
    ranked = {"against": theirs, "change": np.abs(ours - theirs)}.get(side, ours)[:n, :n].copy()
    np.fill_diagonal(ranked, 0)
    row, column = np.nonzero(ranked)
    order = np.argsort(-ranked[row, column], kind="stable")[:LIST_LENGTH]
    row, column = row[order], column[order]
    share = view.set.normalized("truth")[row, column]
    share[row == len(view.names) - 1] = np.nan
    columns: dict[str, Any] = {
        "Label": [class_label(view.names[place]) for place in row.tolist()],
        "Prediction": [class_label(view.names[place]) for place in column.tolist()],
        "Count": ours[row, column],
    }
    if view.against is not None:
        columns["Count baseline"] = theirs[row, column]
        columns["Δ Count"] = ours[row, column] - theirs[row, column]
    return pd.DataFrame(columns | {"Share of label": share, "truth": row, "found": column})


def _numbers(matrix: ConfusionMatrix, unit: Unit) -> NDArray[np.float64]:
    if unit == "counts":
        return matrix.counts.astype(np.float64)
    return matrix.normalized("truth" if unit == "of the label" else "prediction")


def _strength(
    value: NDArray[np.float64], right: NDArray[np.bool_], cells: Grid
) -> NDArray[np.float64]:
    """Return how deep each cell is drawn: by root, right and wrong each on a scale of its own."""
    size = np.sqrt(np.abs(value))
    if cells.unit != "counts" and cells.side != "change":
        return size
    groups = [right, ~right] if cells.side != "change" else [np.ones_like(right)]
    for group in groups:
        size[group] /= max(float(size[group].max(initial=0.0)), 1e-12)
    return size


def _tones(value: NDArray[np.float64], right: NDArray[np.bool_], cells: Grid) -> list[str]:
    if cells.side != "change":
        return ["right" if one else "wrong" for one in right.tolist()]
    good = (value > 0) == right
    return ["better" if one else "worse" for one in good.tolist()]


def _text(value: float, cells: Grid) -> str:
    """Write a number as short as a cell is wide."""
    signed = cells.side == "change"
    if cells.unit != "counts":
        # A change is small: it has a decimal more.
        text = f"{abs(value):.{3 if signed else 2}f}"
        text = text.removeprefix("0") if float(text) else f"<{text[1:-1]}1"
    elif abs(value) >= LONGEST_COUNT:
        text = f"{abs(value) / 1000:.0f}k"
    else:
        text = numbers.count(int(abs(value)))
    return numbers.sign(value) + text if signed else text
