"""Two prediction sets on the same images: numbers, differences, how sure they are, what changed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from evaluation.comparison import delta, finding, verdict, with_intervals
from evaluation.inputs import open_tables
from evaluation.object_changes import Side, object_changes
from evaluation.results import EvaluationResult, evaluate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import altair as alt
    import pandas as pd
    from numpy.typing import NDArray

    from evaluation.candidates import IouType
    from evaluation.comparison import Finding
    from evaluation.gates import GateOutcome
    from evaluation.inputs import Source, Tables
    from evaluation.significance import Interval, Intervals

Row = dict[str, Any]

_LABELS = ("name", "size")
_POINT = ("precision", "recall", "f1", "tp", "fp", "fn")


@dataclass(frozen=True, slots=True)
class ChangeCounts:
    """How many objects changed: found now, missed now, mistakes gone, mistakes made now."""

    gained: int
    lost: int
    fixed: int
    newly_wrong: int

    def to_dict(self) -> dict[str, int]:
        """Give the counts by name."""
        return {name: getattr(self, name) for name in ("gained", "lost", "fixed", "newly_wrong")}


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """A prediction set compared against a baseline, on the same images and labels.

    `set` and `against` are the results of the two, `delta` is set − against in their shape
    (`comparison.delta`). `intervals` are paired-bootstrap intervals on the differences, None if no
    replicates were asked for. `n_images` is the number of images that count.
    """

    set: EvaluationResult
    against: EvaluationResult
    delta: dict[str, Any]
    intervals: Intervals | None
    changes: ChangeCounts
    n_images: int
    set_name: str
    against_name: str
    notices: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Show the headline numbers as a short table."""
        from evaluation.text_tables import comparison_text  # noqa: PLC0415 - only people read it

        return comparison_text(self)

    @property
    def level(self) -> float | None:
        """Level of the intervals, None without."""
        return None if self.intervals is None else self.intervals.resampling.level

    def headline(self) -> dict[str, Row]:
        """Give COCO's numbers and those of the operating point, a row each.

        A row has `set`, `against`, `delta`, `low`, `high`, `p`, `q`, `support` and `verdict`
        ("better", "worse", "equal", "unclear" or None for n/a).
        """
        numbers, intervals = self.delta, self.intervals
        metrics = self._rows(
            self.set.metrics,
            self.against.metrics,
            numbers["metrics"],
            None if intervals is None else intervals.metrics,
        )
        point = self._rows(
            self.set.to_dict()["operating_point"],
            self.against.to_dict()["operating_point"],
            {name: numbers["operating_point"][name] for name in _POINT},
            None if intervals is None else intervals.operating_point,
        )
        return metrics | point

    def by_class(self) -> Iterator[tuple[str, dict[str, Row]]]:
        """Give the rows of every class, as in `headline`."""
        for (name, _), rows in self._labelled("classes"):
            yield name, rows

    def by_class_size(self) -> Iterator[tuple[str, str, dict[str, Row]]]:
        """Give the rows of every class and size bucket, as in `headline`."""
        for (name, size), rows in self._labelled("class_sizes"):
            yield name, size, rows

    def by_size(self) -> Iterator[tuple[str, dict[str, Row]]]:
        """Give the rows of every size bucket, as in `headline`."""
        ours, theirs = self.set.to_dict()["sizes"], self.against.to_dict()["sizes"]
        for size, difference in self.delta["sizes"].items():
            known = None if self.intervals is None else self.intervals.sizes[size]
            yield size, self._rows(ours[size], theirs[size], difference, known)

    def _labelled(self, group: str) -> Iterator[tuple[tuple[str, str], dict[str, Row]]]:
        """Walk the rows of a list; both results have the same classes in the same order."""
        ours, theirs = self.set.to_dict()[group], self.against.to_dict()[group]
        intervals = [None] * len(ours) if self.intervals is None else getattr(self.intervals, group)
        for our, their, difference, known in zip(
            ours, theirs, self.delta[group], intervals, strict=True
        ):
            numbers = {name: value for name, value in difference.items() if name not in _LABELS}
            rows = self._rows(our, their, numbers, None if known is None else known.numbers)
            yield (difference["name"], difference.get("size", "")), rows

    def _rows(
        self,
        ours: Mapping[str, Any],
        theirs: Mapping[str, Any],
        differences: Mapping[str, Any],
        intervals: Mapping[str, Interval] | None,
    ) -> dict[str, Row]:
        return {
            name: {
                "set": ours[name],
                "against": theirs[name],
                "delta": difference,
                **self._certainty(name, difference, (intervals or {}).get(name)),
            }
            for name, difference in differences.items()
        }

    def _certainty(self, name: str, difference: float | None, known: Interval | None) -> Row:
        judged: Finding | None = verdict(name, difference)
        if known is None or self.level is None:
            empty = dict.fromkeys(("low", "high", "p", "q", "support"))
            return {**empty, "verdict": judged}
        return {
            "low": known.low,
            "high": known.high,
            "p": known.p,
            "q": known.q,
            "support": known.support,
            "verdict": finding(name, known, level=self.level),
        }

    def to_pandas(self, which: str = "metrics") -> pd.DataFrame:
        """Give set, baseline, delta and interval of every number as a frame; n/a is NaN.

        Args:
            which: "metrics" (a row a number), "classes", "sizes" or "class_sizes" (a row a class
                or size bucket and number).

        Raises:
            UnknownChoice: If there is no such table.
        """
        from evaluation.frames import comparison_frame  # noqa: PLC0415 - pandas is slow to import

        return comparison_frame(self, which)

    def plot(self, kind: str = "metrics") -> alt.LayerChart | alt.Chart:
        """Draw the comparison as an Altair chart.

        Args:
            kind: A key of `evaluation.plots.COMPARISON_PLOTS`: "metrics", "sizes", "classes",
                "class_sizes" or "precision_recall".

        Raises:
            UnknownChoice: If there is no such chart.
        """
        from evaluation.plots import plot_comparison  # noqa: PLC0415 - Altair is slow to import

        return plot_comparison(self, kind)

    def to_dict(self) -> dict[str, Any]:
        """Give everything as plain data for JSON; None is n/a."""
        return {
            "images": self.n_images,
            "iou_type": self.set.iou_type,
            "strict": self.set.strict,
            "set": {"prediction_set": self.set_name, **self.set.to_dict()},
            "against": {"prediction_set": self.against_name, **self.against.to_dict()},
            **with_intervals(self.delta, self.intervals),
            "changes": self.changes.to_dict(),
            "notices": list(self.notices),
        }

    def to_markdown(self, gates: Sequence[GateOutcome] = ()) -> str:
        """Write a report for a pull request (see `evaluation.report`).

        Args:
            gates: Outcomes of `gates.judge` to be listed.
        """
        from evaluation.report import markdown_report  # noqa: PLC0415 - only people read it

        return markdown_report(self, gates)


def compare(  # noqa: PLR0913 - the package's front door; all settings are keyword-only
    truth: Source,
    predictions: Source,
    against: Source,
    *,
    class_names: Sequence[str] | None = None,
    iou_type: IouType = "bbox",
    strict: bool = False,
    class_agnostic: bool = False,
    score: float = 0.3,
    iou: float = 0.5,
    images: NDArray[np.bool_] | None = None,
    classes: Sequence[int] | NDArray[np.int64] | None = None,
    replicates: int = 1000,
    seed: int = 0,
    level: float = 0.95,
    names: tuple[str, str] | None = None,
) -> Comparison:
    """Compare predictions against a baseline on the same ground truth: predictions − baseline.

    Args:
        truth: Ground truth, of any kind that `evaluate` reads.
        predictions: The prediction set.
        against: The baseline that it is compared against.
        class_names: As for `evaluate`.
        iou_type: As for `evaluate`.
        strict: As for `evaluate`.
        class_agnostic: As for `evaluate`.
        score: As for `evaluate`.
        iou: As for `evaluate`.
        images: As for `evaluate`.
        classes: As for `evaluate`.
        replicates: Resamples of the paired bootstrap over images; 0 for no intervals.
        seed: Start of its random numbers; the same seed gives the same intervals.
        level: Share of intervals that shall cover the truth.
        names: What the two are called in tables and reports; file names when missing.

    Raises:
        EvaluationError: As `evaluate`; InvalidThreshold also if replicates, seed or level are out
            of range.

    Example:
        >>> from evaluation import Instances
        >>> truth = Instances.ground_truth([0, 1], [0, 0], [[0, 0, 10, 10], [0, 0, 10, 10]])
        >>> old = Instances.predictions([0], [0], [[0, 0, 10, 10]], score=[0.9])
        >>> new = Instances.predictions([0, 1], [0, 0], [[0, 0, 10, 10]] * 2, score=[0.9, 0.8])
        >>> comparison = compare(truth, new, old, class_names=["cell"], replicates=0)
        >>> comparison.delta["operating_point"]["recall"], comparison.changes.gained
        (0.5, 1)
    """
    tables = open_tables(
        truth,
        (predictions, against),
        masks=iou_type == "segm",
        class_names=class_names,
    )
    if class_agnostic:
        tables = tables.of_known_classes()
    settings: dict[str, Any] = {"iou_type": iou_type, "strict": strict, "score": score, "iou": iou}
    settings |= {"class_names": tables.class_names, "images": images, "classes": classes}
    settings |= {"class_agnostic": class_agnostic}
    ours, theirs = (evaluate(tables.truth, side, **settings) for side in tables.sides)
    if class_agnostic:
        tables = tables.without_classes()
    if images is None:
        images = np.ones(tables.n_images, dtype=np.bool_)
    part = _Part(images, classes)
    set_name, against_name = names or _names(predictions, against)
    return Comparison(
        set=ours,
        against=theirs,
        delta=_delta(ours, theirs),
        intervals=_intervals(tables, (ours, theirs), part, (replicates, seed, level)),
        changes=_changes(tables, (ours, theirs), part),
        n_images=int(np.count_nonzero(images)),
        set_name=set_name,
        against_name=against_name,
        notices=tables.notices,
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """Which images and classes count."""

    images: NDArray[np.bool_]
    classes: Sequence[int] | NDArray[np.int64] | None


Pair = tuple[EvaluationResult, EvaluationResult]


def _names(predictions: Source, against: Source) -> tuple[str, str]:
    """Name both sides by their files, by whole paths if the files are named alike."""
    if not all(isinstance(source, str | Path) for source in (predictions, against)):
        return "set", "baseline"
    ours, theirs = Path(predictions), Path(against)
    if ours.name == theirs.name:
        return str(ours), str(theirs)
    return ours.name, theirs.name


def _delta(ours: EvaluationResult, theirs: EvaluationResult) -> dict[str, Any]:
    """Subtract, and list the classes that only one side predicts."""
    difference = delta(ours, theirs)
    names = np.array(ours.class_names, dtype=object)
    our, their = ours.n_predictions > 0, theirs.n_predictions > 0
    difference["only_in_set"] = names[our & ~their].tolist()
    difference["only_in_against"] = names[their & ~our].tolist()
    return difference


def _intervals(
    tables: Tables, results: Pair, part: _Part, resampling: tuple[int, int, float]
) -> Intervals | None:
    replicates, seed, level = resampling
    if replicates == 0:
        return None
    from evaluation.significance import (  # noqa: PLC0415 - plain differences do without
        MatchedSet,
        Resampling,
        bootstrap_delta,
    )

    ours, theirs = (
        MatchedSet(side, result.matches) for side, result in zip(tables.sides, results, strict=True)
    )
    return bootstrap_delta(
        tables.truth,
        ours,
        theirs,
        class_names=tables.class_names,
        images=part.images,
        classes=part.classes,
        score=results[0].score,
        iou=results[0].iou,
        resampling=Resampling(replicates=replicates, seed=seed, level=level),
    )


def _changes(tables: Tables, results: Pair, part: _Part) -> ChangeCounts:
    """Count the objects that changed, on the images and in the classes that count."""
    ours, theirs = (
        Side(side, result.outcomes) for side, result in zip(tables.sides, results, strict=True)
    )
    changes = object_changes(
        tables.truth, ours, theirs, n_images=len(part.images), iou_type=results[0].iou_type
    )
    class_counts = np.zeros(len(tables.class_names), dtype=np.bool_)
    class_counts[slice(None) if part.classes is None else np.asarray(part.classes)] = True

    def counted(kind: str, table: Any) -> int:
        rows = getattr(changes, kind)
        here = part.images[table.image[rows]] & class_counts[table.class_[rows]]
        return int(np.count_nonzero(here))

    return ChangeCounts(
        gained=counted("gained", tables.truth),
        lost=counted("lost", tables.truth),
        fixed=counted("fixed", theirs.predictions),
        newly_wrong=counted("newly_wrong", ours.predictions),
    )
