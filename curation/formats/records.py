"""Canonical records of a project and of predictions, as files hold them; no image files, no SQL."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from curation.formats.problems import ProblemLog
    from curation.formats.shapes import MarkKind

LOSSES_KEPT: Final = 5


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """One image as its file describes it: width and height in pixels, 0 while unknown."""

    source_id: str
    file_name: str
    width: int
    height: int
    split: str | None
    labelled: bool


@dataclass(frozen=True, slots=True)
class ClassRecord:
    """One class with its id in the file."""

    source_id: str
    name: str


@dataclass(frozen=True, slots=True)
class LabelColumns:
    """The labels of a project in file order, one entry a label.

    `image`, `class_`: (N,) places in the project's images and classes. `boxes`: (N, 4) xywh,
    pixels. `area`: (N,) px², as the file says where it does. `source_id`: (N,) the annotation's
    number in the file, -1 for none. `polygons`: the file's polygons as compact JSON, pixels.
    `counts`: compressed run-length masks of the image's size. `exact`: what neither box nor outline
    says (centre, size or radii, angle) as compact JSON, None where a format has nothing of it.
    """

    image: NDArray[np.int64]
    class_: NDArray[np.int64]
    boxes: NDArray[np.float64]
    area: NDArray[np.float64]
    crowd: NDArray[np.bool_]
    ignore: NDArray[np.bool_]
    source_id: NDArray[np.int64]
    polygons: Sequence[bytes | None]
    counts: Sequence[bytes | None]
    exact: Sequence[bytes | None] | None = None

    def __len__(self) -> int:
        return len(self.image)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> LabelColumns:
        """Return some of the labels, by places or by a mask."""
        places = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        return LabelColumns(
            image=self.image[places],
            class_=self.class_[places],
            boxes=self.boxes[places],
            area=self.area[places],
            crowd=self.crowd[places],
            ignore=self.ignore[places],
            source_id=self.source_id[places],
            polygons=[self.polygons[place] for place in places],
            counts=[self.counts[place] for place in places],
            exact=None if self.exact is None else [self.exact[place] for place in places],
        )


@dataclass(frozen=True, slots=True)
class MarkRecord:
    """What a file notes that has no area: a tag or text of an image, or a point of it.

    `image`: place in the project's images. `field`: what was asked; `value`: the answer, or the
    point's name. `x`, `y`: pixels.
    """

    image: int
    kind: MarkKind
    field: str
    value: str
    x: float | None = None
    y: float | None = None


@dataclass(frozen=True, slots=True)
class Loss:
    """A record that was rejected and whose image is known: what the image has is not complete.

    `image`: its file name. `kind`, `reason`: as in the log of problems.
    """

    image: str
    kind: str
    reason: str


@dataclass(slots=True)
class LossLog:
    """Collects losses: the first few of each image, since one is enough to distrust it."""

    found: list[Loss] = field(default_factory=list)
    _of_image: Counter[str] = field(default_factory=Counter)

    def wants(self, image: str) -> bool:
        """Tell whether a loss of an image would be kept: it has a name, and room."""
        return bool(image) and self._of_image[image] < LOSSES_KEPT

    def add(self, image: str, kind: str, reason: str) -> None:
        """Note a loss."""
        if self.wants(image):
            self._of_image[image] += 1
            self.found.append(Loss(image, kind, reason))


@dataclass(frozen=True, slots=True)
class Question:
    """Something only a person can decide: its option, the choices, and how many records it is for.

    The answer is given by reading again with the option set.
    """

    option: str
    text: str
    choices: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class ProjectRecords:
    """Everything one project file or folder holds, and what is wrong with it."""

    format: str
    images: tuple[ImageRecord, ...]
    classes: tuple[ClassRecord, ...]
    labels: LabelColumns
    problems: ProblemLog
    questions: tuple[Question, ...] = ()
    marks: tuple[MarkRecord, ...] = ()
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True, slots=True)
class PredictionColumns:
    """Predictions in file order, one entry a prediction.

    `ordinal`: (N,) place in the file, rejected records counted. `image_key`, `class_key`: (N,)
    places in `image_keys` and `class_keys`, which hold the ids as text. `boxes`: (N, 4) xywh,
    pixels, or shares of the image while `normalised`. `area`: (N,) px². `counts`: compressed
    run-length masks, None where a prediction has none; `sizes`: (N, 2) height and width of each
    mask, pixels. `polygons`: masks that wait for their image's size, as compact JSON.
    `image_names`: the file name given with each key, if any.
    """

    ordinal: NDArray[np.int64]
    image_key: NDArray[np.int32]
    image_keys: list[str]
    class_key: NDArray[np.int32]
    class_keys: list[str]
    boxes: NDArray[np.float64]
    score: NDArray[np.float64]
    area: NDArray[np.float64]
    counts: list[bytes | None] | None = None
    sizes: NDArray[np.int32] | None = None
    polygons: list[bytes | None] | None = None
    normalised: bool = False
    image_names: list[str | None] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.ordinal)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> PredictionColumns:
        """Return some of the predictions, by places or by a mask; keys keep their places."""
        places = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        return PredictionColumns(
            ordinal=self.ordinal[places],
            image_key=self.image_key[places],
            image_keys=self.image_keys,
            class_key=self.class_key[places],
            class_keys=self.class_keys,
            boxes=self.boxes[places],
            score=self.score[places],
            area=self.area[places],
            counts=None if self.counts is None else [self.counts[place] for place in places],
            sizes=None if self.sizes is None else self.sizes[places],
            polygons=None if self.polygons is None else [self.polygons[place] for place in places],
            normalised=self.normalised,
            image_names=self.image_names,
        )
