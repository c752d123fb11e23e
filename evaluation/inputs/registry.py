"""The kinds of ground truth that can be read, each with the predictions that go with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evaluation.errors import UnsupportedInput
from evaluation.inputs import arrays, coco, detections
from evaluation.inputs.tables import Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evaluation.inputs.tables import Source, Tables

KINDS = (arrays.KIND, coco.KIND, detections.KIND)


def open_tables(
    truth: Source,
    sides: Sequence[Source],
    *,
    masks: bool = False,
    class_names: Sequence[str] | None = None,
) -> Tables:
    """Read ground truth and prediction sets of any supported kind onto common axes.

    Args:
        truth: `Instances`; the path of a COCO file, its document, or a `pycocotools.coco.COCO`;
            or a list of `supervision.Detections`, one an image.
        sides: Prediction sets: `Instances`; the path of a COCO results file, the list in it, or
            the COCO object that `loadRes` makes of it; or a list of `supervision.Detections`.
        masks: Read masks too.
        class_names: Names of the class axis where the sources have none.

    Raises:
        UnsupportedInput: If a source is of no kind that can be read, or does not go with the
            ground truth.
        MalformedJson: If a file is not JSON of its format.
        OSError: If a file cannot be opened.

    Example:
        >>> document = {
        ...     "images": [{"id": 7, "width": 64, "height": 64}],
        ...     "categories": [{"id": 3, "name": "cell"}],
        ...     "annotations": [
        ...         {"id": 1, "image_id": 7, "category_id": 3, "bbox": [0, 0, 9, 9], "area": 81}
        ...     ],
        ... }
        >>> rows = [{"image_id": 7, "category_id": 3, "bbox": [0, 0, 9, 9], "score": 0.5}]
        >>> tables = open_tables(document, [rows])
        >>> tables.class_names, len(tables.truth), tables.sides[0].score.tolist()
        (('cell',), 1, [0.5])
    """
    request = Request(masks, None if class_names is None else tuple(class_names))
    for kind in KINDS:
        if kind.fits(truth):
            return kind.read(truth, sides, request)
    expected = ", ".join(kind.name for kind in KINDS)
    raise UnsupportedInput("ground truth", truth, expected=f"one of: {expected}")
