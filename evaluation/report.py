"""A comparison as Markdown, for the comment of a pull request or the summary of a build.

It is GitHub's dialect with tables and footnotes and no HTML. Names of files and classes come from
outside, alone or in a notice; they are written as code, so that no markup or mention in them takes
effect.
"""

from __future__ import annotations

import platform
import re
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from evaluation.text_tables import (
    LABELS,
    OVERLAPS,
    difference,
    interval_text,
    interval_title,
    number,
    probability_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from evaluation.gates import GateOutcome
    from evaluation.paired_comparison import Comparison

Row = dict[str, Any]

MOST_CLASSES: Final = 20
_MARKS: Final[Mapping[str | None, str]] = {
    "better": "▲ better",
    "worse": "▼ worse",
    "equal": "= equal",
    "unclear": "unclear",
    None: "n/a",
}
_SHOWN: Final = ("AP", "AP50", "AP75", "AR100", "precision", "recall", "f1", "tp", "fp", "fn")
_NOTES: Final[Mapping[str, str]] = {
    "AP": "ap",
    "AP50": "ap",
    "AP75": "ap",
    "AR100": "ar",
    "precision": "point",
    "recall": "point",
    "f1": "point",
    "tp": "point",
    "fp": "point",
    "fn": "point",
}
_DEFINITIONS: Final[Mapping[str, str]] = {
    "ap": (
        "Average precision as COCO defines it: precision averaged over 101 recall levels, ten IoU "
        "thresholds from 0.50 to 0.95 and the classes with labels; AP50 and AP75 at that one "
        "threshold. `docs/metrics/average-precision.md`"
    ),
    "ar": (
        "Average recall as COCO defines it: the largest recall with at most 100 predictions an "
        "image and class, averaged over the ten IoU thresholds and the classes with labels. "
        "`docs/metrics/average-recall.md`"
    ),
    "point": (
        "Counted at one score and one IoU threshold over all classes (micro). "
        "`docs/metrics/precision-recall-f1.md`"
    ),
    "interval": (
        "Interval and two-sided p of a paired bootstrap over images. *Unclear*: the interval "
        "reaches over zero, or too few images carry the number for an interval. Classes are "
        "called better or worse by q, the p value adjusted for the number of classes "
        "(Benjamini–Hochberg). `docs/metrics/intervals.md`"
    ),
    "sizes": (
        "By area of the label: small < 32² ≤ medium < 96² ≤ large, px². "
        "`docs/metrics/size-buckets.md`"
    ),
    "changes": (
        "Labels found by only one of the two, and false positives that only one of the two has. "
        "`docs/metrics/object-changes.md`"
    ),
}


def markdown_report(comparison: Comparison, gates: Sequence[GateOutcome] = ()) -> str:
    """Write a comparison as Markdown.

    Args:
        comparison: What `compare` gave.
        gates: Outcomes of `gates.judge`, listed with what became of them.

    Example:
        >>> from evaluation import Instances, compare
        >>> truth = Instances.ground_truth([0], [0], [[0, 0, 9, 9]])
        >>> found = Instances.predictions([0], [0], [[0, 0, 9, 9]], score=[0.9])
        >>> same = compare(truth, found, found, class_names=["cell"], replicates=0)
        >>> print(markdown_report(same).splitlines()[0])
        ## `set` compared against the baseline `baseline`
    """
    parts = (
        _opening(comparison),
        _headline(comparison),
        _gates(gates),
        _changes(comparison),
        _classes(comparison),
        _sizes(comparison),
        _settings(comparison),
    )
    text = "\n\n".join(part for part in parts if part)
    return f"{text}\n\n{_definitions(text)}\n"


def code(text: str) -> str:
    r"""Write a text from outside as code, safe in a table cell.

    Example:
        >>> code("a|b"), code("`x`"), code("")
        ('`a\\|b`', '`` `x` ``', '` `')
    """
    text = " ".join(text.split()).replace("|", r"\|") or " "
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {text} {fence}" if longest else f"{fence}{text}{fence}"


def _opening(comparison: Comparison) -> str:
    ours, theirs = code(comparison.set_name), code(comparison.against_name)
    notices = "".join(f"\n> - {code(notice)}" for notice in comparison.notices)
    return (
        f"## {ours} compared against the baseline {theirs}\n\n"
        "Delta = set \N{MINUS SIGN} baseline: positive means that the set has more."
        f"{notices and chr(10)}{notices}"
    )


def _headline(comparison: Comparison) -> str:
    rows = comparison.headline()
    header = (
        "",
        "set",
        "baseline",
        "delta",
        f"{interval_title(comparison.level)}{_note('interval')}",
        "p",
        "",
    )
    return _table(
        header,
        (
            (f"{LABELS.get(name, name)}{_note(_NOTES[name])}", *_cells(rows[name]))
            for name in _SHOWN
        ),
    )


def _gates(gates: Sequence[GateOutcome]) -> str:
    if not gates:
        return ""
    failed = sum(outcome.failed for outcome in gates)
    verdict = f"{failed} of {len(gates)} failed" if failed else "none failed"
    table = _table(
        ("gate", "delta", "interval", ""),
        (
            (
                code(outcome.gate.expression),
                difference(outcome.delta),
                interval_text(outcome.low, outcome.high),
                f"**{outcome.meaning}**" if outcome.failed else outcome.meaning,
            )
            for outcome in gates
        ),
    )
    return f"### Gates: {verdict}\n\n{table}"


def _changes(comparison: Comparison) -> str:
    changes = comparison.changes
    return (
        f"Objects{_note('changes')}: {number(changes.gained)} gained, "
        f"{number(changes.lost)} lost. Mistakes: {number(changes.fixed)} fixed, "
        f"{number(changes.newly_wrong)} new."
    )


def _classes(comparison: Comparison) -> str:
    n_classes = len(comparison.set.class_names)
    if comparison.intervals is None or n_classes < 2:
        return ""
    moved = [
        (name, rows["AP"], rows["support"]["set"])
        for name, rows in comparison.by_class()
        if rows["AP"]["verdict"] in {"better", "worse"}
    ]
    if not moved:
        return f"### Classes\n\nThe AP of none of {n_classes} classes moved significantly."
    moved.sort(key=lambda entry: -abs(entry[1]["delta"]))
    shown = sorted(moved[:MOST_CLASSES], key=lambda entry: entry[1]["delta"])
    table = _table(
        ("class", "labels", "AP set", "AP baseline", "delta", "interval", "q", ""),
        (
            (code(name), number(support), *_cells(row, probability="q"))
            for name, row, support in shown
        ),
    )
    more = f" The {MOST_CLASSES} largest changes:" if len(moved) > MOST_CLASSES else ""
    text = f"The AP of {len(moved)} of {n_classes} classes moved significantly.{more}"
    return f"### Classes\n\n{text}\n\n{table}"


def _sizes(comparison: Comparison) -> str:
    table = _table(
        ("size", "labels", "AP set", "AP baseline", "delta", "interval", "p", ""),
        (
            (size, number(rows["support"]["set"]), *_cells(rows["AP"]))
            for size, rows in comparison.by_size()
        ),
    )
    return f"### Sizes{_note('sizes')}\n\n{table}"


def _settings(comparison: Comparison) -> str:
    result, intervals = comparison.set, comparison.intervals
    images, classes = number(comparison.n_images), number(len(result.class_names))
    labels = number(int(result.counts.support.sum()))
    strict = ", annotation id 0 as in pycocotools (strict)" if result.strict else ""
    overlap = f"{OVERLAPS[result.iou_type]}{strict}"
    lines = [
        f"{images} images, {labels} labels, {classes} classes; overlap of {overlap}",
        f"operating point: score ≥ {result.score:g}, IoU ≥ {result.iou:g}",
    ]
    if intervals is not None:
        how = intervals.resampling
        lines.append(
            f"intervals: {number(how.replicates)} replicates, seed {how.seed}, "
            f"level {how.level:g}, at least {how.min_images} images"
        )
    lines.append(", ".join(f"{name} {version}" for name, version in _versions()))
    return "### Settings\n\n" + "\n".join(f"- {line}" for line in lines)


def _versions() -> Iterator[tuple[str, str]]:
    try:
        yield "curation", metadata.version("curation")
    except metadata.PackageNotFoundError:
        yield "curation", "not installed"
    yield "NumPy", np.__version__
    yield "Python", platform.python_version()


def _definitions(text: str) -> str:
    """Write the footnotes that the text refers to."""
    return "\n".join(
        f"[^{name}]: {meaning}" for name, meaning in _DEFINITIONS.items() if _note(name) in text
    )


def _note(name: str) -> str:
    return f"[^{name}]"


def _cells(row: Row, *, probability: str = "p") -> tuple[str, ...]:
    return (
        number(row["set"]),
        number(row["against"]),
        difference(row["delta"]),
        interval_text(row["low"], row["high"]),
        probability_text(row[probability]),
        _MARKS[row["verdict"]],
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rule = ["---", *["--:"] * (len(header) - 2), "---"]
    lines = (header, rule, *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
