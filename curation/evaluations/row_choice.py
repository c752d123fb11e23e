"""What one number counts, as it stands in the address, and the rows behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import unquote

import numpy as np

from curation.errors import InvalidSetting, NotFound
from evaluation import SIZE_BUCKETS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from curation.evaluations.comparison import Scope
    from curation.evaluations.evaluated_sets import EvaluatedSet

SideName = Literal["set", "against"]
SIDES: Final[tuple[SideName, ...]] = ("set", "against")


@dataclass(frozen=True, slots=True)
class RowChoice:
    """One number of one side: its kind, the side, and what tells it from others of its kind.

    Args:
        kind: What is counted, such as "confusion".
        side: The prediction set, or the baseline.
        parts: Which number of that kind, such as the two classes of a cell.
    """

    kind: str
    side: SideName
    parts: tuple[str, ...] = ()

    def to_text(self) -> str:
        """Write the choice for an address.

        Example:
            >>> RowChoice("confusion", "set", ("cat: tabby", "dog")).to_text()
            'confusion:set:cat%3A tabby:dog'
        """
        # Only what tells the parts apart is escaped; the address escapes the rest itself.
        parts = (part.replace("%", "%25").replace(":", "%3A") for part in self.parts)
        return ":".join((self.kind, self.side, *parts))

    @classmethod
    def from_text(cls, text: str) -> RowChoice:
        """Read a choice from an address.

        Raises:
            InvalidSetting: If it names neither side.

        Example:
            >>> RowChoice.from_text("confusion:set:cat%3A tabby:dog").parts
            ('cat: tabby', 'dog')
        """
        kind, _, rest = text.partition(":")
        side, *parts = rest.split(":")
        for known in SIDES:
            if side == known:
                return cls(kind, known, tuple(map(unquote, parts)))
        raise InvalidSetting("rows", text, allowed="a link from a number on the screen")

    def part(self, place: int) -> str:
        """Return one of the parts.

        Raises:
            InvalidSetting: If the choice has fewer.
        """
        if place >= len(self.parts):
            raise InvalidSetting(
                "rows", self.to_text(), allowed="a link from a number on the screen"
            )
        return self.parts[place]


@dataclass(frozen=True, slots=True)
class ChosenRows:
    """The rows of a choice: parallel (n,) arrays, one entry for each thing that is counted.

    `truth` are rows of the ground truth, `prediction` of the predictions of the choice's side, −1
    for none; `image` positions on the image axis.
    """

    side: SideName
    truth: NDArray[np.int64]
    prediction: NDArray[np.int64]
    image: NDArray[np.int64]

    @classmethod
    def of_truth(cls, scope: Scope, side: SideName, rows: NDArray[np.int64]) -> ChosenRows:
        """Choose rows of the ground truth alone."""
        return cls(side, rows, np.full(len(rows), -1), scope.set.truth.instances.image[rows])

    @classmethod
    def of_predictions(
        cls,
        scope: Scope,
        side: SideName,
        rows: NDArray[np.int64],
        truth: NDArray[np.int64] | None = None,
    ) -> ChosenRows:
        """Choose predictions, with the ground truth (n,) that each concerns, −1 for none."""
        concerned = np.full(len(rows), -1) if truth is None else truth
        return cls(side, concerned, rows, evaluated_side(scope, side).predictions.image[rows])

    def in_images(self, images: NDArray[np.int64]) -> ChosenRows:
        """Keep what lies in some images, by their positions."""
        kept = np.isin(self.image, images)
        return ChosenRows(self.side, self.truth[kept], self.prediction[kept], self.image[kept])


def evaluated_side(scope: Scope, side: SideName) -> EvaluatedSet:
    """Return a side of an opened request.

    Raises:
        InvalidSetting: If the baseline is asked for and the request has none.
    """
    if side == "set":
        return scope.set
    if scope.against is None:
        raise InvalidSetting("side", side, allowed="a prediction set to compare against")
    return scope.against


def sides_of(scope: Scope) -> tuple[EvaluatedSet, ...]:
    """Return the set and, compared, the baseline."""
    return (scope.set,) if scope.against is None else (scope.set, scope.against)


def class_position(scope: Scope, name: str) -> int:
    """Return the position of a class on the class axis.

    Raises:
        NotFound: If the project has no such class.
    """
    names = scope.set.truth.class_names
    if name not in names:
        raise NotFound("class", name, known=names)
    return names.index(name)


def size_position(size: str) -> int:
    """Return the position of a size bucket.

    Raises:
        InvalidSetting: If there is no such bucket.
    """
    if size not in SIZE_BUCKETS:
        raise InvalidSetting("size", size, allowed=f"one of {', '.join(SIZE_BUCKETS)}")
    return SIZE_BUCKETS.index(size)


def class_positions(scope: Scope) -> NDArray[np.int64]:
    """Return the positions of the classes that count, in class-axis order."""
    return np.flatnonzero(scope.class_mask())


def slice_key(scope: Scope) -> tuple[bytes, tuple[int, ...] | None]:
    """Return what tells the images and classes of one request from those of another."""
    return np.packbits(scope.images).tobytes(), scope.classes
