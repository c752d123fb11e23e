"""Arrays in memory: `Instances` for ground truth and predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evaluation.errors import UnsupportedInput
from evaluation.inputs.tables import Kind, Request, Source, Tables, axis_length, named_classes
from evaluation.instances import Instances

if TYPE_CHECKING:
    from collections.abc import Sequence


def fits(source: Source) -> bool:
    """Say whether a source is a table already."""
    return isinstance(source, Instances)


def read(truth: Instances, sides: Sequence[Source], request: Request) -> Tables:
    """Take tables as they are.

    Raises:
        UnsupportedInput: If predictions are no table: their ids could not be placed on the axes.
        PositionOutOfRange: If a table has a class beyond the given names.
    """
    for side in sides:
        if not fits(side):
            raise UnsupportedInput("predictions", side, expected=KIND.accepts)
    tables = (truth, *sides)
    return Tables(
        truth=truth,
        sides=tuple(sides),
        class_names=named_classes(request.class_names, tables),
        n_images=axis_length(table.image for table in tables),
    )


KIND = Kind(
    name="Instances",
    accepts="Instances too when the ground truth is Instances",
    fits=fits,
    read=read,
)
