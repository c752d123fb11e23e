"""Results and comparisons as pandas frames; n/a is NaN. pandas is imported when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evaluation.errors import UnknownChoice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pandas as pd

    from evaluation.paired_comparison import Comparison
    from evaluation.results import EvaluationResult

Row = dict[str, Any]

_TEXTS = {"name", "size", "metric", "verdict"}
_NOT_A_POINT = {"score", "iou"}


def result_frame(result: EvaluationResult, which: str) -> pd.DataFrame:
    """Give one table of a result (see `EvaluationResult.to_pandas`).

    Raises:
        UnknownChoice: If there is no such table.
    """
    return _frame(_chosen(RESULT_TABLES, which)(result.to_dict()))


def comparison_frame(comparison: Comparison, which: str) -> pd.DataFrame:
    """Give one table of a comparison (see `Comparison.to_pandas`).

    Raises:
        UnknownChoice: If there is no such table.
    """
    return _frame(list(_chosen(COMPARISON_TABLES, which)(comparison)))


def _metrics(numbers: Mapping[str, Any]) -> list[Row]:
    point = {
        name: value
        for name, value in numbers["operating_point"].items()
        if name not in _NOT_A_POINT
    }
    return [{"name": name, "value": value} for name, value in (numbers["metrics"] | point).items()]


def _sizes(numbers: Mapping[str, Any]) -> list[Row]:
    return [{"size": size, **row} for size, row in numbers["sizes"].items()]


RESULT_TABLES: dict[str, Callable[[Mapping[str, Any]], list[Row]]] = {
    "metrics": _metrics,
    "classes": lambda numbers: list(numbers["classes"]),
    "sizes": _sizes,
    "class_sizes": lambda numbers: list(numbers["class_sizes"]),
}


def _headline(comparison: Comparison) -> Iterator[Row]:
    for name, row in comparison.headline().items():
        yield {"name": name, **row}


def _of_classes(comparison: Comparison) -> Iterator[Row]:
    for name, rows in comparison.by_class():
        for metric, row in rows.items():
            yield {"name": name, "metric": metric, **row}


def _of_sizes(comparison: Comparison) -> Iterator[Row]:
    for size, rows in comparison.by_size():
        for metric, row in rows.items():
            yield {"size": size, "metric": metric, **row}


def _of_class_sizes(comparison: Comparison) -> Iterator[Row]:
    for name, size, rows in comparison.by_class_size():
        for metric, row in rows.items():
            yield {"name": name, "size": size, "metric": metric, **row}


COMPARISON_TABLES: dict[str, Callable[[Comparison], Iterator[Row]]] = {
    "metrics": _headline,
    "classes": _of_classes,
    "sizes": _of_sizes,
    "class_sizes": _of_class_sizes,
}


def _chosen(tables: Mapping[str, Any], which: str) -> Any:
    if which not in tables:
        raise UnknownChoice("table", which, allowed=tuple(tables))
    return tables[which]


def _frame(rows: Sequence[Row]) -> pd.DataFrame:
    """Make a frame whose number columns are numbers, also where all of them are n/a."""
    import pandas as pd  # noqa: PLC0415 - slow to import, and only frames need it

    frame = pd.DataFrame(list(rows))
    empty = [
        column
        for column in frame.columns
        if column not in _TEXTS and not pd.api.types.is_integer_dtype(frame[column])
    ]
    return frame.astype(dict.fromkeys(empty, "float64"))
