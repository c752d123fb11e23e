"""Masks of annotations and results, and the boxes around them where records give none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evaluation.coco_files.segmentations import Segmentations
from evaluation.mask_faults import FAULTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evaluation.coco_files.columns import Columns
    from evaluation.coco_files.problems import ProblemLog
    from evaluation.masks import Masks


def masks_of(
    columns: Columns,
    image: NDArray[np.int64],
    sizes: NDArray[np.int64],
    log: ProblemLog,
    *,
    judged: NDArray[np.bool_],
) -> Masks:
    """Make the mask of every record; one without a segmentation gets its box.

    Args:
        columns: N records; boxes that are missing are filled, with those around the masks.
        image: (N,) positions on the image axis, -1 where unknown.
        sizes: (I, 2) height and width of the images, pixels, 0 where unknown.
        log: Where faulty masks are noted.
        judged: (N,) records whose faults are noted; the others are not needed, or noted already.
    """
    image_sizes = np.concatenate([sizes, np.zeros((1, 2), dtype=np.int64)])[image]
    shapes = columns.segmentations or Segmentations(columns.n)
    absent = np.flatnonzero(columns.without_segmentation)
    if len(absent):
        shapes.draw_boxes(columns.boxes, absent)
    masks, fault = shapes.masks(image_sizes)
    faulty = (fault != 0) & judged
    for code in np.unique(fault[faulty]).tolist():
        kind = f"the mask is malformed: {FAULTS[code]}"
        columns.note(kind, np.flatnonzero(faulty & (fault == code)), log)
    other = (image_sizes > 0).all(axis=1) & (fault == 0) & judged
    other &= (masks.sizes != image_sizes).any(axis=1)
    if other.any():
        both = np.concatenate([masks.sizes, image_sizes], axis=1).tolist()
        columns.note(
            "the mask is not of its image's size",
            np.flatnonzero(other),
            log,
            lambda row: "{1} x {0}, the image {3} x {2}".format(*both[row]),
        )
    if columns.boxed is not None:
        unboxed = ~columns.boxed
        columns.boxes[unboxed] = masks.boxes()[unboxed]
    return masks
