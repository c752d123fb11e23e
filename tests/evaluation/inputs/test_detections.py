"""Lists of supervision's Detections, by a double with the fields of supervision 0.31."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from evaluation import evaluate
from evaluation.errors import MalformedMask, MismatchedColumns, NotFinite, UnsupportedInput
from evaluation.inputs import open_tables


@dataclass
class Detections:
    """What of `supervision.Detections` is read."""

    xyxy: NDArray[Any]
    mask: NDArray[np.bool_] | None = None
    confidence: NDArray[Any] | None = None
    class_id: NDArray[Any] | None = None
    data: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.xyxy)


Detections.__module__ = "supervision.detection.core"


def detections(*boxes: tuple[Any, ...], **columns: Any) -> Detections:
    arrays: dict[str, Any] = {
        name: value if isinstance(value, dict) else np.array(value)
        for name, value in columns.items()
    }
    return Detections(np.array(boxes, dtype=np.float32).reshape(-1, 4), **arrays)


NOTHING = detections(class_id=np.empty(0, int), confidence=np.empty(0, np.float32))
TRUTH = [
    detections((0, 0, 10, 10), (20, 20, 60, 60), class_id=[0, 2]),
    NOTHING,
    detections((5, 5, 9, 9), class_id=[2]),
]
FOUND = [
    detections((20, 20, 60, 50), (0, 0, 10, 10), class_id=[2, 0], confidence=[0.75, 0.5]),
    detections((1, 1, 2, 2), class_id=[7], confidence=[0.25]),
    NOTHING,
]


def square(size: int, low: int, high: int) -> NDArray[np.bool_]:
    mask = np.zeros((size, size), dtype=np.bool_)
    mask[low:high, low:high] = True
    return mask


def test_open_tables__one_image_an_entry_and_one_class_an_id_that_occurs() -> None:
    tables = open_tables(TRUTH, (FOUND,))
    found = tables.sides[0]
    assert (tables.class_names, tables.n_images) == (("0", "2", "7"), 3)
    assert tables.truth.image.tolist() == [0, 0, 2]
    assert tables.truth.class_.tolist() == [0, 1, 1]
    assert tables.truth.boxes.tolist() == [[0, 0, 10, 10], [20, 20, 40, 40], [5, 5, 4, 4]]
    assert found.image.tolist() == [0, 0, 1]
    assert found.class_.tolist() == [1, 0, 2]
    assert found.score.tolist() == [0.75, 0.5, 0.25]
    assert found.area.tolist() == [1200.0, 100.0, 1.0]


def test_open_tables__given_names_make_ids_positions() -> None:
    names = ("a", "b", "c", "d", "e", "f", "g", "h")
    tables = open_tables(TRUTH, (FOUND,), class_names=names)
    assert tables.class_names == names
    assert tables.sides[0].class_.tolist() == [2, 0, 7]
    with pytest.raises(MismatchedColumns, match="at least 8"):
        open_tables(TRUTH, (FOUND,), class_names=names[:7])


def test_open_tables__names_areas_and_crowds_come_from_data() -> None:
    data = {"class_name": ["cell", "clump"], "area": [60, 900], "iscrowd": [0, 1]}
    truth = [detections((0, 0, 10, 10), (0, 0, 40, 40), class_id=[4, 9], data=data)]
    tables = open_tables(truth, ([NOTHING],))
    assert tables.class_names == ("cell", "clump")
    assert tables.truth.area.tolist() == [60, 900]
    assert tables.truth.crowd.tolist() == [False, True]


def test_open_tables__no_class_ids_is_one_class() -> None:
    one = [detections((0, 0, 10, 10), confidence=[0.5])]
    assert open_tables(one, (one,)).class_names == ("0",)


def test_open_tables__corners_are_subtracted_in_doubles() -> None:
    far = np.float32(16777215.0), np.float32(0.1)
    one = [detections((far[1], 0, far[0], 1), confidence=[0.5])]
    assert open_tables(one, (one,)).truth.boxes[0, 2] == float(far[0]) - float(far[1])


def test_open_tables__masks_are_packed_and_measured() -> None:
    masks = np.stack([square(20, 0, 5), square(20, 8, 12)])
    one = [detections((0, 0, 5, 5), (8, 8, 12, 12), mask=masks, confidence=[0.9, 0.8])]
    tables = open_tables(one, (one,), masks=True)
    assert tables.truth.area.tolist() == [25, 16]
    packed = tables.sides[0].masks
    assert packed is not None
    text = coco_mask.encode(np.asfortranarray(masks[1], dtype=np.uint8))["counts"]
    assert packed.texts()[1] == text
    assert evaluate(one, one, iou_type="segm").counts.total().tp == 2


def test_open_tables__masks_of_one_image_must_agree_in_size() -> None:
    truth = [detections((0, 0, 5, 5), mask=square(20, 0, 5)[None])]
    found = [detections((0, 0, 5, 5), mask=square(21, 0, 5)[None], confidence=[0.9])]
    with pytest.raises(MalformedMask, match=r"image 0 has masks of sizes \[\(20, 20\), \(21, 21\)"):
        open_tables(truth, (found,), masks=True)


def test_open_tables__lists_of_other_lengths() -> None:
    with pytest.raises(MismatchedColumns):
        open_tables(TRUTH, (FOUND[:2],))


def test_open_tables__predictions_need_confidence() -> None:
    with pytest.raises(UnsupportedInput, match="Pass Detections with confidence"):
        open_tables(TRUTH, (TRUTH,))


def test_open_tables__predictions_of_another_kind() -> None:
    with pytest.raises(UnsupportedInput, match=r"Pass a list of supervision\.Detections"):
        open_tables(TRUTH, ("results.json",))


def test_open_tables__a_box_that_is_not_finite() -> None:
    with pytest.raises(NotFinite):
        open_tables([detections((0, 0, np.nan, 1))], ([NOTHING],))


def test_evaluate__hand_checked() -> None:
    total = evaluate(TRUTH, FOUND, score=0.2).counts.total()
    assert (total.tp, total.fp, total.fn) == (2, 1, 1)


def test_open_tables__data_that_only_some_images_have() -> None:
    crowded = detections(
        (0, 0, 10, 10), (0, 0, 40, 40), class_id=[0, 0],
        data={"iscrowd": [0, 1], "area": [60, 900]},
    )  # fmt: skip
    plain = detections((5, 5, 9, 9), class_id=[0])
    bare = detections((0, 0, 10, 10), confidence=[0.5])
    found = [replace(bare, data={"area": [7]}), NOTHING, bare]
    tables = open_tables([crowded, NOTHING, plain], (found,))
    assert tables.truth.crowd.tolist() == [False, True, False]
    assert tables.truth.area.tolist() == [60, 900, 16]
    assert tables.sides[0].area.tolist() == [7, 100]
    others = "which others have; taken from the mask or box"
    nowhere = "which others have; no crowd regions there"
    assert tables.notices == (
        f'the ground truth: 1 × images without data["iscrowd"], {nowhere} (image 2)',
        f'the ground truth: 1 × images without data["area"], {others} (image 2)',
        f'the predictions: 1 × images without data["area"], {others} (image 2)',
    )


def test_open_tables__areas_that_some_images_lack_are_those_of_their_masks() -> None:
    masks = square(20, 0, 5)[None]
    one = [
        detections((0, 0, 9, 9), mask=masks, confidence=[0.9], data={"area": [3]}),
        detections((0, 0, 9, 9), mask=masks, confidence=[0.9]),
    ]
    assert open_tables(one, (one,), masks=True).truth.area.tolist() == [3, 25]


def test_open_tables__no_notice_where_no_image_has_data() -> None:
    assert open_tables(TRUTH, (FOUND,)).notices == ()
