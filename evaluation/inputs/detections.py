"""Lists of `supervision.Detections`, one for each image; supervision itself is never imported.

Boxes come as (N, 4) x1 y1 x2 y2 pixels, masks as (N, height, width) truth values. The image axis
is the list. `data["area"]` (px²), `data["iscrowd"]` and `data["class_name"]` are read where they
are, as supervision's own COCO loader writes them; an image without them has no crowd regions, and
areas of its masks or boxes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from evaluation.errors import MalformedMask, MismatchedColumns, UnsupportedInput
from evaluation.inputs.tables import Kind, Request, Source, Tables
from evaluation.instances import Instances
from evaluation.masks import Masks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from evaluation.coco_files.problems import FileProblem

Column = Any

_INSTEAD: Final = {
    "iscrowd": 'images without data["iscrowd"], which others have; no crowd regions there',
    "area": 'images without data["area"], which others have; taken from the mask or box',
}


def fits(source: Source) -> bool:
    """Say whether a source is a list of `supervision.Detections`, at least one."""
    return isinstance(source, list | tuple) and bool(source) and all(map(_is_detections, source))


def read(truth: Sequence[Any], sides: Sequence[Source], request: Request) -> Tables:
    """Read ground truth and prediction sets of the same images.

    Without class names in the request the class axis holds the class ids that occur, ascending,
    named by `data["class_name"]` or by the id; with them a class id is its position.

    Raises:
        UnsupportedInput: If a side is no list of `supervision.Detections`, or has no confidence.
        MismatchedColumns: If a side has another number of images.
        MalformedMask: If masks of one image differ in height or width.
        NotFinite: If a box or a score is NaN or infinite.
        PositionOutOfRange: If a class id is negative, or beyond the given class names.
    """
    for side in sides:
        if not fits(side):
            raise UnsupportedInput("predictions", side, expected=KIND.accepts)
        if len(side) != len(truth):
            raise MismatchedColumns("predictions", len(truth), len(side))
    if request.masks:
        _check_sizes((truth, *sides))
    names = request.class_names
    ids = _class_ids((truth, *sides))
    place: Callable[[NDArray[np.int64]], NDArray[np.int64]] | None = None
    if names is None:
        names = _names(ids, (truth, *sides))
        place = ids.searchsorted
    return Tables(
        truth=ground_truth(truth, masks=request.masks, place=place),
        sides=tuple(predictions(side, masks=request.masks, place=place) for side in sides),
        class_names=checked_names(names, ids if place is None else ids[:0]),
        n_images=len(truth),
        notices=(
            *(f"the ground truth: {note}" for note in gaps(truth, ("iscrowd", "area"))),
            *(f"the predictions: {note}" for side in sides for note in gaps(side, ("area",))),
        ),
    )


def ground_truth(
    images: Sequence[Any],
    *,
    masks: bool,
    place: Callable[[NDArray[np.int64]], NDArray[np.int64]] | None = None,
) -> Instances:
    """Read a list of `supervision.Detections` as ground truth.

    Args:
        images: One `Detections` an image.
        masks: Read masks too.
        place: Turns class ids into positions; ids are positions when missing.
    """
    table = _Columns(images, masks=masks)
    class_ = table.class_ids()
    return Instances.ground_truth(
        table.image,
        class_ if place is None else place(class_),
        table.boxes(),
        area=table.area(),
        crowd=table.crowd(),
        masks=table.masks,
    )


def predictions(
    images: Sequence[Any],
    *,
    masks: bool,
    place: Callable[[NDArray[np.int64]], NDArray[np.int64]] | None = None,
) -> Instances:
    """Read a list of `supervision.Detections` as predictions.

    Args:
        images: One `Detections` an image.
        masks: Read masks too.
        place: Turns class ids into positions; ids are positions when missing.

    Raises:
        UnsupportedInput: If objects have no confidence.
    """
    table = _Columns(images, masks=masks)
    class_ = table.class_ids()
    return Instances.predictions(
        table.image,
        class_ if place is None else place(class_),
        table.boxes(),
        score=table.scores(),
        area=table.area(),
        masks=table.masks,
    )


def gaps(images: Sequence[Any], names: Sequence[str]) -> tuple[FileProblem, ...]:
    """Note the images that lack a column of `data` which others have.

    Args:
        images: One `Detections` an image.
        names: The columns that are read.
    """
    from evaluation.coco_files.problems import ProblemLog  # noqa: PLC0415 - arrays do without

    notes = ProblemLog("")
    filled = np.array([len(each) > 0 for each in images], dtype=np.bool_)
    for name in names:
        given = np.array([each.data.get(name) is not None for each in images], dtype=np.bool_)
        if (filled & given).any():
            lacking = np.flatnonzero(filled & ~given)
            notes.add(_INSTEAD[name], lacking, lambda image: f"image {image}")
    return notes.found()


def checked_names(names: tuple[str, ...], positions: NDArray[np.int64]) -> tuple[str, ...]:
    """Give names that reach all positions.

    Raises:
        MismatchedColumns: If a position has no name.
    """
    if len(positions) and int(positions[-1]) >= len(names):
        raise MismatchedColumns("class_names", f"at least {int(positions[-1]) + 1}", len(names))
    return names


class _Columns:
    """The objects of all images, one after the other."""

    def __init__(self, images: Sequence[Any], *, masks: bool) -> None:
        self._images = [detections for detections in images if len(detections)]
        lengths = [len(detections) for detections in images]
        self.image = np.repeat(np.arange(len(images)), lengths)
        self.masks = _pictures(self._images) if masks else None

    def boxes(self) -> NDArray[np.float64]:
        """(N, 4) xywh; corners are subtracted in doubles, whatever they came in."""
        corners = self._joined((each.xyxy for each in self._images), (0, 4)).astype(np.float64)
        corners[:, 2:] -= corners[:, :2]
        return corners

    def class_ids(self) -> NDArray[np.int64]:
        """(N,) class ids; 0 where an image has none, as in supervision."""
        return self._joined(map(_ids, self._images), (0,)).astype(np.int64)

    def scores(self) -> NDArray[np.float64]:
        """(N,) confidences."""
        if any(each.confidence is None for each in self._images):
            expected = "Detections with confidence"
            raise UnsupportedInput("predictions", self._images[0], expected=expected)
        return self._joined((each.confidence for each in self._images), (0,)).astype(np.float64)

    def area(self) -> NDArray[np.float64] | None:
        """(N,) px²: as given, else of the masks if they are read, else of the boxes (None)."""
        drawn = None if self.masks is None else self.masks.areas.astype(np.float64)
        if not self._has("area"):
            return drawn
        boxes = self.boxes()
        measured = boxes[:, 2] * boxes[:, 3] if drawn is None else drawn
        return self._of_data("area", measured).astype(np.float64)

    def crowd(self) -> NDArray[Any] | None:
        """(N,) which objects are crowd regions, as far as images say; None if none says."""
        if not self._has("iscrowd"):
            return None
        return self._of_data("iscrowd", np.zeros(len(self.image), dtype=np.int64))

    def _has(self, name: str) -> bool:
        return any(each.data.get(name) is not None for each in self._images)

    def _of_data(self, name: str, otherwise: NDArray[Any]) -> NDArray[Any]:
        """(N,) a column of `data`, with other values for the images that lack it."""
        ends = np.cumsum([len(each) for each in self._images])
        own = np.split(otherwise, ends[:-1])
        given = (each.data.get(name) for each in self._images)
        parts = (
            other if column is None else column for column, other in zip(given, own, strict=True)
        )
        return self._joined(parts, (0,))

    def _joined(self, parts: Iterable[Column], empty: tuple[int, ...]) -> NDArray[Any]:
        arrays = [np.asarray(part) for part in parts]
        return np.concatenate(arrays) if arrays else np.empty(empty)


def _is_detections(value: object) -> bool:
    """Say whether a value is supervision's, by name: importing it would take a second."""
    return any(
        kind.__name__ == "Detections" and kind.__module__.partition(".")[0] == "supervision"
        for kind in type(value).__mro__
    )


def _ids(detections: Any) -> NDArray[np.int64]:
    given = detections.class_id
    return np.zeros(len(detections), dtype=np.int64) if given is None else np.asarray(given)


def _class_ids(lists: Sequence[Sequence[Any]]) -> NDArray[np.int64]:
    found = [_ids(each) for images in lists for each in images if len(each)]
    return np.unique(np.concatenate(found)).astype(np.int64) if found else np.empty(0, np.int64)


def _names(ids: NDArray[np.int64], lists: Sequence[Sequence[Any]]) -> tuple[str, ...]:
    """Name class ids by the first name that any object gives them, else by the id."""
    known: dict[int, str] = {}
    for images in lists:
        for each in images:
            if len(each) and "class_name" in each.data:
                for class_id, name in zip(_ids(each), each.data["class_name"], strict=True):
                    known.setdefault(int(class_id), str(name))
    return tuple(known.get(class_id, str(class_id)) for class_id in ids.tolist())


def _pictures(images: Sequence[Any]) -> Masks | None:
    """Take the masks of all objects, None if an object has none."""
    if any(each.mask is None for each in images):
        return None
    return Masks.from_pictures(
        np.asarray(each.mask[row]) for each in images for row in range(len(each))
    )


def _check_sizes(lists: Sequence[Sequence[Any]]) -> None:
    """Refuse masks of one image that differ in size: native code would compare other pixels."""
    for image, versions in enumerate(zip(*lists, strict=True)):
        sizes = {
            tuple(each.mask.shape[1:]) for each in versions if len(each) and each.mask is not None
        }
        if len(sizes) > 1:
            raise MalformedMask(f"image {image} has masks of sizes {sorted(sizes)}")


KIND = Kind(
    name="a list of supervision.Detections, one an image",
    accepts="a list of supervision.Detections with confidence, one for each image of the truth",
    fits=fits,
    read=read,
)
