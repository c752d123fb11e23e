"""Instances: ground truth or predictions of many images as one columnar table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from evaluation.errors import MismatchedColumns, NotFinite, PositionOutOfRange

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from evaluation.keypoints import Keypoints
    from evaluation.masks import Masks

IGNORED_AREA = -1.0


@dataclass(frozen=True, slots=True)
class Instances:
    """Ground truth or predictions of many images, columnar, in the order of their file.

    `image` and `class_` are 0-based positions on the evaluation's image axis (ascending source
    id) and class axis (ascending category id). `boxes` are (N, 4) xywh pixels; `area` is (N,)
    px², the label's own area, or a prediction's box or mask area. `score` is 1 for ground truth;
    `crowd` is false for predictions. `id` is the annotation id of a ground truth (strict matching
    reads it) or the ordinal of a prediction. `masks`, `corners` (N, 4, 2) of oriented boxes and
    `keypoints` are there where they are to be compared.

    No area range holds an area below 0 (`IGNORED_AREA`): such ground truth is ignored, and such a
    prediction where it is unmatched, by COCO's rule for objects outside a range.

    The plain constructor trusts its columns, but for their kind: it turns positions and ids into
    int64, in which products do not overflow, and `crowd` into truth values. `ground_truth` and
    `predictions` check them.
    """

    image: NDArray[np.int64]
    class_: NDArray[np.int64]
    boxes: NDArray[np.float64]
    area: NDArray[np.float64]
    score: NDArray[np.float64]
    crowd: NDArray[np.bool_]
    id: NDArray[np.int64]
    masks: Masks | None = None
    corners: NDArray[np.float64] | None = None
    keypoints: Keypoints | None = None

    def __post_init__(self) -> None:
        kinds = {"image": np.int64, "class_": np.int64, "id": np.int64, "crowd": np.bool_}
        for name, kind in kinds.items():
            column = getattr(self, name)
            if column.dtype != kind:
                object.__setattr__(self, name, column.astype(kind))

    @classmethod
    def ground_truth(  # noqa: PLR0913 - one parameter a column, keyword-only but for the first three
        cls,
        image: ArrayLike,
        class_: ArrayLike,
        boxes: ArrayLike,
        *,
        area: ArrayLike | None = None,
        crowd: ArrayLike | None = None,
        id: ArrayLike | None = None,  # noqa: A002 - the column's name
        masks: Masks | None = None,
    ) -> Self:
        """Build a table of ground truth from checked columns.

        Args:
            image: (N,) positions on the image axis.
            class_: (N,) positions on the class axis.
            boxes: (N, 4) xywh, pixels.
            area: (N,) px²; width × height of the box when missing.
            crowd: (N,) whether a row is a crowd region; none when missing.
            id: (N,) annotation ids of the source file; 1, 2, 3 … when missing.
            masks: N run-length masks.

        Raises:
            MismatchedColumns: If a column has another length or shape than `image`.
            NotFinite: If a box or an area is NaN or infinite, or width × height too large.
            PositionOutOfRange: If an image or class position is negative.

        Example:
            >>> truth = Instances.ground_truth([0, 0], [0, 1], [[0, 0, 10, 10], [5, 5, 4, 4]])
            >>> len(truth), truth.area.tolist()
            (2, [100.0, 16.0])
        """
        n = _length(image)
        checked_boxes = _boxes(boxes, n)
        return cls(
            image=_positions("image", image, n),
            class_=_positions("class_", class_, n),
            boxes=checked_boxes,
            area=_areas(area, checked_boxes),
            score=np.ones(n),
            crowd=_flags("crowd", crowd, n),
            id=_ids(id, n, first=1),
            masks=_checked_masks(masks, n),
        )

    @classmethod
    def predictions(  # noqa: PLR0913 - one parameter a column, keyword-only but for the first three
        cls,
        image: ArrayLike,
        class_: ArrayLike,
        boxes: ArrayLike,
        *,
        score: ArrayLike,
        area: ArrayLike | None = None,
        id: ArrayLike | None = None,  # noqa: A002 - the column's name
        masks: Masks | None = None,
    ) -> Self:
        """Build a table of predictions from checked columns.

        Args:
            image: (N,) positions on the image axis.
            class_: (N,) positions on the class axis.
            boxes: (N, 4) xywh, pixels.
            score: (N,) confidences, any finite scale.
            area: (N,) px², of the box or of the mask; width × height when missing.
            id: (N,) ordinals in the file; 0, 1, 2 … when missing.
            masks: N run-length masks.

        Raises:
            MismatchedColumns: If a column has another length or shape than `image`.
            NotFinite: If a box, an area or a score is NaN or infinite, or width × height too large.
            PositionOutOfRange: If an image or class position is negative.

        Example:
            >>> Instances.predictions([0], [0], [[0, 0, 10, 10]], score=[0.9]).crowd.tolist()
            [False]
        """
        n = _length(image)
        checked_boxes = _boxes(boxes, n)
        return cls(
            image=_positions("image", image, n),
            class_=_positions("class_", class_, n),
            boxes=checked_boxes,
            area=_areas(area, checked_boxes),
            score=_finite("score", score, (n,)),
            crowd=np.zeros(n, dtype=np.bool_),
            id=_ids(id, n, first=0),
            masks=_checked_masks(masks, n),
        )

    def __len__(self) -> int:
        return len(self.image)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Instances:
        """Give some rows as a table of their own.

        Args:
            rows: Row numbers in the wanted order, or an (N,) mask of rows to keep.

        Example:
            >>> table = Instances.predictions([0, 1], [0, 0], np.ones((2, 4)), score=[0.9, 0.4])
            >>> table.take(table.score > 0.5).image.tolist()
            [0]
        """
        index: NDArray[np.int64] = (
            np.flatnonzero(rows) if rows.dtype == np.bool_ else rows.astype(np.int64)
        )
        return Instances(
            image=self.image[index],
            class_=self.class_[index],
            boxes=self.boxes[index],
            area=self.area[index],
            score=self.score[index],
            crowd=self.crowd[index],
            id=self.id[index],
            masks=None if self.masks is None else self.masks.take(index),
            corners=None if self.corners is None else self.corners[index],
            keypoints=None if self.keypoints is None else self.keypoints.take(index),
        )


def check_positions(
    table: Instances, *, n_images: int | None = None, n_classes: int | None = None
) -> None:
    """Refuse a table whose positions reach past the axes that are given.

    Raises:
        PositionOutOfRange: If an image or a class lies outside its axis.
    """
    axes = (("image", table.image, n_images), ("class_", table.class_, n_classes))
    for column, positions, length in axes:
        if length is not None and len(positions) and int(positions.max()) >= length:
            raise PositionOutOfRange(column, length=length)


def mask_length(images: NDArray[np.bool_] | None) -> int | None:
    """Give the length of the image axis that a mask covers; None without a mask.

    Raises:
        MismatchedColumns: If it is no mask: other values than truth values would choose rows.

    Example:
        >>> mask_length(np.array([True, False])), mask_length(None)
        (2, None)
    """
    if images is None:
        return None
    found = np.asarray(images)
    if found is not images or found.dtype != np.bool_ or found.ndim != 1:
        given = f"a {type(images).__name__} of {found.dtype}, shape {found.shape}"
        raise MismatchedColumns("images", "an array (I,) of bool", given)
    return len(images)


def _length(image: ArrayLike) -> int:
    shape = np.shape(image)
    if len(shape) != 1:
        raise MismatchedColumns("image", "(N,)", shape)
    return int(shape[0])


def _boxes(boxes: ArrayLike, n: int) -> NDArray[np.float64]:
    # An empty list has no second axis to check.
    array = np.empty((0, 4)) if n == np.size(boxes) == 0 else _finite("boxes", boxes, (n, 4))
    with np.errstate(over="ignore"):
        endless = np.isinf(array[:, 2] * array[:, 3])
    if endless.any():
        raise NotFinite("boxes: width * height", int(np.count_nonzero(endless)))
    return array


def _shaped(column: str, array: NDArray[np.generic], shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise MismatchedColumns(column, shape, array.shape)


def _positions(column: str, values: ArrayLike, n: int) -> NDArray[np.int64]:
    array = np.asarray(values, dtype=np.int64)
    _shaped(column, array, (n,))
    if n and int(array.min()) < 0:
        raise PositionOutOfRange(column)
    return array


def _finite(column: str, values: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float64]:
    array = np.ascontiguousarray(values, dtype=np.float64)
    _shaped(column, array, shape)
    finite = np.isfinite(array)
    if not finite.all():
        rows = finite.reshape(len(array), -1).all(axis=1)
        raise NotFinite(column, int(np.count_nonzero(~rows)))
    return array


def _areas(area: ArrayLike | None, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    values = boxes[:, 2] * boxes[:, 3] if area is None else area
    return _finite("area", values, (len(boxes),))


def _flags(column: str, values: ArrayLike | None, n: int) -> NDArray[np.bool_]:
    array = np.zeros(n, dtype=np.bool_) if values is None else np.asarray(values, dtype=np.bool_)
    _shaped(column, array, (n,))
    return array


def _ids(values: ArrayLike | None, n: int, *, first: int) -> NDArray[np.int64]:
    array = np.arange(first, first + n) if values is None else np.asarray(values)
    _shaped("id", array, (n,))
    return array.astype(np.int64)


def _checked_masks(masks: Masks | None, n: int) -> Masks | None:
    if masks is None:
        return None
    if len(masks) != n:
        raise MismatchedColumns("masks", (n,), (len(masks),))
    return masks
