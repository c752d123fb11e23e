"""Intervals of a whole evaluation or comparison, in the shape of its plain numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from evaluation.size_buckets import SIZE_BUCKETS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from evaluation.significance.intervals import Interval
    from evaluation.significance.numbers import Level
    from evaluation.significance.resampling import Resampling


@dataclass(frozen=True, slots=True)
class IntervalRow:
    """The intervals of one class, or of one class in one size bucket."""

    name: str
    size: str | None
    numbers: dict[str, Interval]

    def to_dict(self) -> dict[str, Any]:
        """Give name, size if there is one, and the intervals as plain data."""
        labels = {"name": self.name} | ({} if self.size is None else {"size": self.size})
        return labels | _plain(self.numbers)


@dataclass(frozen=True, slots=True)
class Intervals:
    """Intervals of every number of an evaluation, or of every difference of two.

    The parts are those of `EvaluationResult.to_dict()`, rows in the same order. `n_images` is the
    number of images that were resampled.
    """

    metrics: dict[str, Interval]
    classes: tuple[IntervalRow, ...]
    sizes: dict[str, dict[str, Interval]]
    class_sizes: tuple[IntervalRow, ...]
    operating_point: dict[str, Interval]
    resampling: Resampling
    n_images: int

    @classmethod
    def of(
        cls,
        rows: Mapping[Level, Mapping[str, Sequence[Interval]]],
        class_names: Sequence[str],
        resampling: Resampling,
        n_images: int,
    ) -> Self:
        """Arrange the intervals of each level and name; class × size goes class by class."""

        def at(level: Level, row: int) -> dict[str, Interval]:
            return {name: column[row] for name, column in rows[level].items()}

        class_sizes = [(name, size) for name in class_names for size in SIZE_BUCKETS]
        return cls(
            metrics=at("metrics", 0),
            classes=tuple(
                IntervalRow(name, None, at("classes", row)) for row, name in enumerate(class_names)
            ),
            sizes={size: at("sizes", row) for row, size in enumerate(SIZE_BUCKETS)},
            class_sizes=tuple(
                IntervalRow(name, size, at("class_sizes", row))
                for row, (name, size) in enumerate(class_sizes)
            ),
            operating_point=at("operating_point", 0),
            resampling=resampling,
            n_images=n_images,
        )

    def to_dict(self) -> dict[str, Any]:
        """Give everything as plain data for JSON."""
        return {
            "metrics": _plain(self.metrics),
            "classes": [row.to_dict() for row in self.classes],
            "sizes": {size: _plain(numbers) for size, numbers in self.sizes.items()},
            "class_sizes": [row.to_dict() for row in self.class_sizes],
            "operating_point": _plain(self.operating_point),
            "resampling": self.resampling.to_dict(),
            "images": self.n_images,
        }


def _plain(numbers: Mapping[str, Interval]) -> dict[str, Any]:
    return {name: interval.to_dict() for name, interval in numbers.items()}
