"""Numbers of both sides as frames: what the charts and tables of Model Evaluation show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from evaluation.comparison import verdict
from ui import definitions
from ui.certainty import short_reach

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from evaluation.charts import Pair
    from evaluation.results import EvaluationResult
    from evaluation.significance import Interval
    from ui.certainty import Certainty

    Row = Mapping[str, Any]
    Found = Sequence[tuple[str, Interval | None]]

HEADLINES: Final = ("AP", "AP50", "AP75", "AR100", "precision", "recall", "f1")
COUNTS: Final = ("tp", "fp", "fn")
CLASS_METRICS: Final = ("AP", "AP50", "precision", "recall", "f1", *COUNTS)
TESTED: Final = "AP"
Q: Final = "q"
MEAN_CURVE: Final = "mean over classes"
MISSING: Final[dict[str, Any]] = {}


def headline_numbers(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the headline numbers and counts of one side in one flat table."""
    return {**numbers["metrics"], **numbers["operating_point"]}


def difference(ours: float | None, theirs: float | None) -> float | None:
    """Return ours minus theirs, None where either does not exist."""
    return None if ours is None or theirs is None else ours - theirs


def compared_row(name: str, metric: str, ours: Row, theirs: Row) -> dict[str, Any]:
    """Return one metric of both sides with difference and verdict, as the charts want it.

    >>> compared_row("small", "AP", {"AP": 0.5, "support": 4}, {"AP": 0.25})["delta"]
    0.25
    """
    change = difference(ours.get(metric), theirs.get(metric))
    return {
        "name": name,
        "set": ours.get(metric),
        "against": theirs.get(metric),
        "delta": change,
        "verdict": verdict(metric, change) or "equal",
        "support": ours.get("support") or theirs.get("support") or 0,
    }


def numeric(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Return rows as a frame whose number columns hold NaN where a number does not exist."""
    frame = pd.DataFrame(list(rows))
    for column in columns:
        if column in frame:
            frame[column] = frame[column].astype(float)
    return frame


def headline_frame(ours: Mapping[str, Any], theirs: Mapping[str, Any] | None) -> pd.DataFrame:
    """Return the headline metrics in [0, 1] for `evaluation.charts.metric_bars`."""
    own = headline_numbers(ours)
    other = headline_numbers(theirs) if theirs else MISSING
    rows = (compared_row(definitions.label(key), key, own, other) for key in HEADLINES)
    return numeric(rows, ("set", "against", "delta"))


def size_frame(
    ours: Mapping[str, Any], theirs: Mapping[str, Any] | None, *, metric: str
) -> pd.DataFrame:
    """Return one metric by size bucket for `evaluation.charts.size_bars`."""
    other = theirs["sizes"] if theirs else MISSING
    rows = (
        compared_row(size, metric, row, other.get(size, MISSING))
        for size, row in ours["sizes"].items()
    )
    return numeric(rows, ("set", "against", "delta"))


def class_frame(
    ours: Mapping[str, Any], theirs: Mapping[str, Any] | None, *, metric: str
) -> pd.DataFrame:
    """Return one metric by class for `evaluation.charts.class_delta_bars`, best change first."""
    rows = (
        compared_row(name, metric, own, other) for name, own, other in paired_classes(ours, theirs)
    )
    frame = numeric(rows, ("set", "against", "delta"))
    return frame.sort_values("delta", ascending=False, kind="stable", ignore_index=True)


def class_size_frame(
    ours: Mapping[str, Any], theirs: Mapping[str, Any], *, metric: str
) -> pd.DataFrame:
    """Return one metric by class and size for `evaluation.charts.class_size_heatmap`."""
    other = {(row["name"], row["size"]): row for row in theirs["class_sizes"]}
    rows = (
        compared_row(row["name"], metric, row, other.get((row["name"], row["size"]), MISSING))
        | {"size": row["size"]}
        for row in ours["class_sizes"]
    )
    return numeric(rows, ("set", "against", "delta"))


def with_headline_intervals(frame: pd.DataFrame, certainty: Certainty | None) -> pd.DataFrame:
    """Add `low`, `high`, `reason` to a headline frame; a change that is unclear counts as equal.

    Without intervals the frame stays as it is.
    """
    if certainty is None:
        return frame
    return _with_intervals(frame, certainty, [(key, certainty.headline(key)) for key in HEADLINES])


def with_size_intervals(
    frame: pd.DataFrame, certainty: Certainty | None, *, metric: str
) -> pd.DataFrame:
    """Add the same to a frame of size buckets."""
    if certainty is None:
        return frame
    found = [(metric, certainty.of_size(size, metric)) for size in frame["name"]]
    return _with_intervals(frame, certainty, found)


def with_class_intervals(
    frame: pd.DataFrame, certainty: Certainty | None, *, metric: str
) -> pd.DataFrame:
    """Add the same and `q` to a frame of classes."""
    if certainty is None:
        return frame
    found = [(metric, certainty.of_class(name, metric)) for name in frame["name"]]
    return _with_q(_with_intervals(frame, certainty, found), found)


def with_cell_intervals(
    frame: pd.DataFrame, certainty: Certainty | None, *, metric: str
) -> pd.DataFrame:
    """Add the same and `q` to a frame of classes and sizes."""
    if certainty is None:
        return frame
    found = [
        (metric, certainty.of_class_size(name, size, metric))
        for name, size in zip(frame["name"], frame["size"], strict=True)
    ]
    return _with_q(_with_intervals(frame, certainty, found), found)


def _with_intervals(frame: pd.DataFrame, certainty: Certainty, found: Found) -> pd.DataFrame:
    # A number without an interval yet keeps its plain verdict, as on its card.
    told = [
        plain if one is None else certainty.finding(metric, one)
        for plain, (metric, one) in zip(frame["verdict"], found, strict=True)
    ]
    return frame.assign(
        low=_column(frame, found, "low"),
        high=_column(frame, found, "high"),
        reason=["" if one is None else one.reason or "" for _, one in found],
        verdict=[word if word in ("better", "worse") else "equal" for word in told],
    )


def _with_q(frame: pd.DataFrame, found: Found) -> pd.DataFrame:
    return frame.assign(q=_column(frame, found, "q"))


def _column(frame: pd.DataFrame, found: Found, name: str) -> pd.Series[float]:
    values = [None if one is None else getattr(one, name) for _, one in found]
    return pd.Series(values, frame.index, dtype=float)


def paired_classes(
    ours: Mapping[str, Any], theirs: Mapping[str, Any] | None
) -> list[tuple[str, Row, Row]]:
    """Return name and rows of every class of either side; a side without it has an empty row.

    Names are unique in a project: imports give a second class of a name its id as well.
    """
    own = {row["name"]: row for row in ours["classes"]}
    other = {row["name"]: row for row in theirs["classes"]} if theirs else {}
    return [(name, own.get(name, MISSING), other.get(name, MISSING)) for name in {**own, **other}]


def class_table(
    ours: Mapping[str, Any],
    theirs: Mapping[str, Any] | None,
    certainty: Certainty | None = None,
) -> pd.DataFrame:
    """Return the class table: each metric of the set and, compared, of the baseline and Δ.

    Columns are named `AP`, `AP baseline`, `Δ AP`; numbers keep their full precision. With
    intervals ΔAP is followed by its interval, as text, and by `q`.
    """
    rows = []
    for name, own, other in paired_classes(ours, theirs):
        row: dict[str, Any] = {"Class": name, "Labels": own.get("support", other.get("support"))}
        for metric in CLASS_METRICS:
            label = definitions.label(metric)
            row[label] = own.get(metric)
            if theirs is not None:
                row[f"{label} baseline"] = other.get(metric)
                row[f"Δ {label}"] = difference(own.get(metric), other.get(metric))
            if certainty is not None and metric == TESTED:
                found = certainty.of_class(name, metric)
                row[certainty.title] = short_reach(metric, found)
                row[Q] = None if found is None else found.q
        rows.append(row)
    frame = pd.DataFrame(rows)
    texts = {"Class"} if certainty is None else {"Class", certainty.title}
    return frame.astype({column: float for column in frame.columns if column not in texts})


def mean_curve(curves: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, Any]:
    """Return the mean over classes that have ground truth.

    Args:
        curves: (R, K) precision, −1 where a class has no ground truth.
    """
    present = curves[0] >= 0 if len(curves) else np.zeros(curves.shape[1], dtype=bool)
    if not present.any():
        return np.full(len(curves), np.nan)
    mean: np.ndarray[Any, Any] = curves[:, present].mean(axis=1)
    return mean


def curve_frame(
    results: Sequence[EvaluationResult],
    pair: Pair,
    *,
    threshold: int | None,
    wanted: Collection[str],
) -> pd.DataFrame:
    """Return precision–recall curves of the mean and of classes.

    Args:
        results: Result of the set and, compared, of the baseline.
        pair: Their names, in the charts' order.
        threshold: Place on the axis of IoU thresholds, None for the mean over them.
        wanted: Names of the classes, `MEAN_CURVE` for the mean.

    Returns:
        Columns `name` (class or `MEAN_CURVE`), `recall`, `precision`, `side`.
    """
    names = [pair.set.name, *([pair.against.name] if pair.against else [])]
    parts = []
    for result, side in zip(results, names, strict=True):
        all_curves = result.precision_curves
        curves = all_curves.mean(axis=0) if threshold is None else all_curves[threshold]
        recall = np.linspace(0.0, 1.0, len(curves))
        columns = {
            name: np.where(curve < 0, np.nan, curve)
            for name, curve in zip(result.class_names, curves.T, strict=True)
            if name in wanted
        }
        if MEAN_CURVE in wanted:
            columns = {MEAN_CURVE: mean_curve(curves)} | columns
        for name, precision in columns.items():
            part = {"name": name, "recall": recall, "precision": precision, "side": side}
            parts.append(pd.DataFrame(part))
    return pd.concat(parts, ignore_index=True).dropna(subset=["precision"])


def areas(curves: pd.DataFrame, pair: Pair) -> tuple[float | None, float | None]:
    """Return the mean precision over the recall levels of both sides: COCO's AP of one curve.

    Args:
        curves: One curve of each side, as `curve_frame` returns them.
        pair: The sides.

    Returns:
        Set and baseline, None where there is no curve.
    """
    means = curves.groupby("side")["precision"].mean()
    sides = (pair.set, pair.against)
    ours, theirs = (float(means[s.name]) if s and s.name in means else None for s in sides)
    return ours, theirs
