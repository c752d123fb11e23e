"""Which charts a result and a comparison have; `charts` and `class_charts` draw them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from evaluation import charts, class_charts
from evaluation.average_precision import RECALL_THRESHOLDS
from evaluation.errors import UnknownChoice
from evaluation.size_buckets import SIZE_BUCKETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import altair as alt

    from evaluation.paired_comparison import Comparison
    from evaluation.results import EvaluationResult

    Chart = alt.LayerChart | alt.Chart

SET_COLOR: Final = "#2f6fb2"
BASELINE_COLOR: Final = "#c2571a"
# What lies in [0, 1] and so fits one axis.
_BARS: Final = ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR100", "precision", "recall", "f1")
_NUMBERS: Final = ("set", "against", "delta", "low", "high")
_ALONE: Final = charts.Pair(charts.Series("predictions", SET_COLOR))


def plot_result(result: EvaluationResult, kind: str) -> Chart:
    """Draw one chart of a result.

    Args:
        result: The numbers.
        kind: A key of `RESULT_PLOTS`.

    Raises:
        UnknownChoice: If there is no such chart.
    """
    if kind not in RESULT_PLOTS:
        raise UnknownChoice("chart", kind, allowed=tuple(RESULT_PLOTS))
    return RESULT_PLOTS[kind](result)


def plot_comparison(comparison: Comparison, kind: str) -> Chart:
    """Draw one chart of a comparison.

    Args:
        comparison: The numbers of both sides.
        kind: A key of `COMPARISON_PLOTS`.

    Raises:
        UnknownChoice: If there is no such chart.
    """
    if kind not in COMPARISON_PLOTS:
        raise UnknownChoice("chart", kind, allowed=tuple(COMPARISON_PLOTS))
    return COMPARISON_PLOTS[kind](comparison)


def _result_metrics(result: EvaluationResult) -> Chart:
    numbers = result.to_dict()
    values = numbers["metrics"] | numbers["operating_point"]
    return charts.metric_bars(_alone((name, values[name], 0) for name in _BARS), _ALONE)


def _result_sizes(result: EvaluationResult) -> Chart:
    rows = result.to_dict()["sizes"].items()
    frame = _alone((size, row["AP"], row["support"]) for size, row in rows)
    return charts.size_bars(frame, _ALONE, value_title="AP")


def _result_classes(result: EvaluationResult) -> Chart:
    rows = result.to_dict()["classes"]
    frame = pd.DataFrame(rows, columns=["name", "AP", "support"]).rename(columns={"AP": "value"})
    frame["value"] = frame["value"].astype("float64")
    return class_charts.class_bars(frame.sort_values("value", ascending=False, kind="stable"))


def _result_curves(result: EvaluationResult) -> Chart:
    return charts.precision_recall(_curve(result, _ALONE.set.name), _ALONE)


RESULT_PLOTS: Final[Mapping[str, Callable[[EvaluationResult], Chart]]] = {
    "metrics": _result_metrics,
    "sizes": _result_sizes,
    "classes": _result_classes,
    "precision_recall": _result_curves,
}


def _metrics(comparison: Comparison) -> Chart:
    rows = comparison.headline()
    frame = _compared({"name": name, **rows[name]} for name in _BARS)
    return charts.metric_bars(frame, _pair(comparison))


def _sizes(comparison: Comparison) -> Chart:
    support = comparison.set.to_dict()["sizes"]
    frame = _compared(
        {"name": size, **rows["AP"], "support": support[size]["support"]}
        for size, rows in comparison.by_size()
    )
    return charts.size_bars(frame, _pair(comparison), value_title="AP")


def _classes(comparison: Comparison) -> Chart:
    frame = _compared(
        {"name": name, **rows["AP"], "support": rows["support"]["set"]}
        for name, rows in comparison.by_class()
    )
    return class_charts.class_delta_bars(frame.sort_values("delta", ascending=False, kind="stable"))


def _class_sizes(comparison: Comparison) -> Chart:
    frame = _compared(
        {"name": name, "size": size, **rows["AP"], "support": rows["support"]["set"]}
        for name, size, rows in comparison.by_class_size()
    )
    return class_charts.class_size_heatmap(frame, sizes=SIZE_BUCKETS)


def _curves(comparison: Comparison) -> Chart:
    pair = _pair(comparison)
    results = (comparison.against, comparison.set)
    frames = [_curve(result, name) for result, name in zip(results, pair.names, strict=True)]
    return charts.precision_recall(pd.concat(frames, ignore_index=True), pair)


COMPARISON_PLOTS: Final[Mapping[str, Callable[[Comparison], Chart]]] = {
    "metrics": _metrics,
    "sizes": _sizes,
    "classes": _classes,
    "class_sizes": _class_sizes,
    "precision_recall": _curves,
}


def _pair(comparison: Comparison) -> charts.Pair:
    return charts.Pair(
        charts.Series(comparison.set_name, SET_COLOR),
        charts.Series(comparison.against_name, BASELINE_COLOR),
    )


def _alone(rows: Iterable[tuple[str, float | None, int]]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=["name", "set", "support"])
    return frame.astype({"set": "float64"})


def _compared(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Make a frame of comparison rows; a frame without intervals has no such columns."""
    frame = pd.DataFrame(list(rows))
    frame = frame.astype({column: "float64" for column in _NUMBERS if column in frame})
    return (
        frame
        if frame.get("low", pd.Series()).notna().any()
        else frame.drop(columns=["low", "high"], errors="ignore")
    )


def _curve(result: EvaluationResult, side: str) -> pd.DataFrame:
    """Average precision over the classes with labels, at the IoU threshold nearest the result's."""
    curves = result.precision_curves[int(np.abs(result.iou_thresholds - result.iou).argmin())]
    known = curves[:, curves[0] > -1]
    precision = known.mean(axis=1) if known.shape[1] else np.full(len(curves), np.nan)
    frame = pd.DataFrame({"recall": RECALL_THRESHOLDS, "precision": precision, "side": side})
    return frame.dropna()
