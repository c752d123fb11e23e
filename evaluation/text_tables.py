"""Results and comparisons as plain text, for terminals and notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evaluation.matching import IOU_THRESHOLDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from evaluation.paired_comparison import Comparison
    from evaluation.results import EvaluationResult

OVERLAPS = {
    "bbox": "boxes",
    "segm": "masks",
    "obb": "oriented boxes",
    "keypoints": "keypoints",
}
LABELS = {"f1": "F1", "tp": "TP", "fp": "FP", "fn": "FN"}
_COUNTS = ("tp", "fp", "fn")
RATES = ("precision", "recall", "f1")
SPACE = "\N{NARROW NO-BREAK SPACE}"


def number(value: float | None, *, digits: int = 3, signed: bool = False) -> str:
    """Write a number: whole numbers in groups of three, others with decimals, None as n/a.

    Args:
        value: The number.
        digits: Decimals of a number that is not whole by type.
        signed: Whether to write a plus.

    A difference too small for its decimals says so instead of claiming to be 0.

    Example:
        >>> number(0.12345), number(None), number(-0.00004, signed=True), number(0.0, signed=True)
        ('0.123', 'n/a', '\N{MINUS SIGN}<0.001', '0.000')
        >>> number(12345).replace(SPACE, "_"), number(7, signed=True)
        ('12_345', '+7')
    """
    if value is None:
        return "n/a"
    sign = "" if value == 0 else ("\N{MINUS SIGN}" if value < 0 else "+" if signed else "")
    if isinstance(value, int):
        return f"{sign}{abs(value):,}".replace(",", SPACE)
    smallest = 10**-digits
    if signed and value and abs(value) < smallest / 2:
        return f"{sign}<{smallest:.{digits}f}"
    return f"{sign}{abs(value):.{digits}f}"


def difference(value: float | None) -> str:
    """Write a difference: its sign, and a decimal more than the numbers it comes from.

    Example:
        >>> difference(0.00081), difference(-3), difference(0.0)
        ('+0.0008', '\N{MINUS SIGN}3', '0.0000')
    """
    return number(value, digits=4, signed=True)


def aligned(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write columns under a header: the first to the left, the others to the right.

    Example:
        >>> print(aligned(("class", "AP"), [("cell", "0.5"), ("nucleus", "n/a")]))
        class     AP
        cell     0.5
        nucleus  n/a
    """
    lines = [list(header), *map(list, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def result_text(result: EvaluationResult) -> str:
    """Write the headline numbers of one result."""
    metrics = result.metrics
    widths = [max(len(name), 5) for name in metrics]
    return "\n".join(
        (
            f"{_scope(result)} · {number(int(result.n_predictions.sum()))} predictions",
            *_overlaps(result),
            "",
            "  ".join(name.rjust(width) for name, width in zip(metrics, widths, strict=True)),
            "  ".join(
                number(value).rjust(width)
                for value, width in zip(metrics.values(), widths, strict=True)
            ),
            "",
            operating_point_text(result),
        )
    )


def operating_point_text(result: EvaluationResult) -> str:
    """Write rates, counts and averages at the operating point, in two or three lines."""
    total = result.counts.total()
    counts = " · ".join(f"{LABELS[name]} {number(getattr(total, name))}" for name in _COUNTS)
    lines = [f"at score ≥ {result.score:g}, IoU ≥ {result.iou:g}: {_rates(total)} · {counts}"]
    if len(result.class_names) > 1:
        averages = result.averages
        lines += [
            f"  mean over classes: {_rates(averages.macro)}",
            f"  weighted by labels: {_rates(averages.weighted)}",
        ]
    return "\n".join(lines)


def class_text(result: EvaluationResult) -> str:
    """Write a line a class."""
    columns = ("AP", "AP50", *RATES, *_COUNTS, "support", "predictions")
    rows = result.to_dict()["classes"]
    return aligned(
        ("class", *(LABELS.get(column, column) for column in columns)),
        [(row["name"], *(number(row[column]) for column in columns)) for row in rows],
    )


def comparison_text(comparison: Comparison) -> str:
    """Write the headline numbers of a comparison with their intervals."""
    changes = comparison.changes
    return "\n".join(
        (
            f"set       {comparison.set_name}",
            f"baseline  {comparison.against_name}",
            "delta     set − baseline",
            f"{number(comparison.n_images)} images · {_scope(comparison.set)}",
            "",
            aligned(
                ("", "set", "baseline", "delta", interval_title(comparison.level), "p", ""),
                [_line(name, row) for name, row in comparison.headline().items()],
            ),
            "",
            f"objects: {number(changes.gained)} gained, {number(changes.lost)} lost",
            f"mistakes: {number(changes.fixed)} fixed, {number(changes.newly_wrong)} new",
        )
    )


def interval_title(level: float | None) -> str:
    """Name the column of intervals by their level.

    Example:
        >>> interval_title(0.95)
        '95% interval'
    """
    return "interval" if level is None else f"{100 * level:g}% interval"


def interval_text(low: float | None, high: float | None) -> str:
    """Write an interval, n/a where there is none.

    Example:
        >>> interval_text(0.001, 0.0201), interval_text(None, None)
        ('[+0.0010, +0.0201]', 'n/a')
    """
    if low is None or high is None:
        return "n/a"
    return f"[{difference(low)}, {difference(high)}]"


def probability_text(p: float | None) -> str:
    """Write a p value; it is never 0.

    Example:
        >>> probability_text(0.04), probability_text(0.0004), probability_text(None)
        ('0.040', '<0.001', 'n/a')
    """
    return "<0.001" if p is not None and p < 0.001 else number(p)


def _line(name: str, row: dict[str, Any]) -> tuple[str, ...]:
    return (
        LABELS.get(name, name),
        number(row["set"]),
        number(row["against"]),
        difference(row["delta"]),
        interval_text(row["low"], row["high"]),
        probability_text(row["p"]),
        row["verdict"] or "",
    )


def _scope(result: EvaluationResult) -> str:
    n_classes = len(result.class_names)
    labels = int(result.counts.support.sum())
    return (
        f"{OVERLAPS[result.iou_type]} · {n_classes} class{'es' if n_classes != 1 else ''} · "
        f"{number(labels)} labels"
    )


def _overlaps(result: EvaluationResult) -> list[str]:
    """Name the IoU thresholds of AP and AR where they are not COCO's ten."""
    shown = result.iou_thresholds.tolist()
    if shown == IOU_THRESHOLDS.tolist():
        return []
    return [f"AP and AR over IoU {', '.join(f'{iou:g}' for iou in shown)}"]


def _rates(source: Any) -> str:
    return ", ".join(f"{LABELS.get(name, name)} {number(getattr(source, name))}" for name in RATES)
