"""Ground truth and one or more prediction sets on common axes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from evaluation.errors import PositionOutOfRange

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from evaluation.instances import Instances

# Arrays, a path, a document, a COCO object, a list: whatever one of `registry.KINDS` reads.
Source = Any

ANY_CLASS = "any class"


@dataclass(frozen=True, slots=True)
class Tables:
    """Ground truth and prediction sets, all on the same image and class axes.

    `class_names` are those of the class axis, `n_images` is the length of the image axis.
    `notices` are sentences about what was left out while reading. `n_known` is how many classes,
    the first of the axis, the ground truth knows; None where nothing tells.
    """

    truth: Instances
    sides: tuple[Instances, ...]
    class_names: tuple[str, ...]
    n_images: int
    notices: tuple[str, ...] = ()
    n_known: int | None = None

    def of_known_classes(self) -> Tables:
        """Leave out predictions of classes that the ground truth does not know.

        Without classes pycocotools (`useCats = 0`) takes the objects of the file's categories only.
        """
        if self.n_known is None or self.n_known == len(self.class_names):
            return self
        known = [side.class_ < self.n_known for side in self.sides]
        n_left_out = sum(int(np.count_nonzero(~rows)) for rows in known)
        others = len(self.class_names) - self.n_known
        classes = "1 class" if others == 1 else f"{others} classes"
        notice = (
            f"class-agnostic: {n_left_out:,} predictions of {classes} that the ground truth does "
            "not have left out"
        )
        return replace(
            self,
            sides=tuple(
                side.take(np.flatnonzero(rows))
                for side, rows in zip(self.sides, known, strict=True)
            ),
            class_names=self.class_names[: self.n_known],
            notices=(*self.notices, notice),
        )

    def without_classes(self) -> Tables:
        """Put every object into one class: localisation is judged, naming is not."""
        truth, *sides = (
            replace(table, class_=np.zeros_like(table.class_))
            for table in (self.truth, *self.sides)
        )
        return replace(self, truth=truth, sides=tuple(sides), class_names=(ANY_CLASS,))


@dataclass(frozen=True, slots=True)
class Request:
    """How sources are to be read: whether masks are needed, and names that the caller gives."""

    masks: bool = False
    class_names: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of ground truth: how it is recognised, and how it is read with its predictions.

    `accepts` names the prediction kinds that go with it, for the error of the others.
    """

    name: str
    accepts: str
    fits: Callable[[Source], bool]
    read: Callable[[Source, Sequence[Source], Request], Tables]


def named_classes(names: Sequence[str] | None, tables: Sequence[Instances]) -> tuple[str, ...]:
    """Give the names of the class axis; positions serve as names where there are none.

    Raises:
        PositionOutOfRange: If a table has a class beyond the names.
    """
    n_classes = axis_length(table.class_ for table in tables)
    if names is None:
        return tuple(str(position) for position in range(n_classes))
    if n_classes > len(names):
        raise PositionOutOfRange("class_", length=len(names))
    return tuple(names)


def axis_length(positions: Any) -> int:
    """Count the places of an axis that the position columns reach."""
    return max((int(column.max()) + 1 for column in positions if len(column)), default=0)
