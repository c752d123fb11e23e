from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from evaluation.errors import MalformedMask, MismatchedColumns
from evaluation.mask_faults import FAULTS
from evaluation.masks import Masks
from evaluation.run_lengths import bounding_boxes, check_runs, compress, decode

pytestmark = pytest.mark.usefixtures("mask_kernels")


def encode(picture: NDArray[Any]) -> bytes:
    rle = coco_mask.encode(np.asfortranarray(picture.astype(np.uint8)))
    return bytes(rle["counts"])


def fault_of(text: bytes, size: tuple[int, int]) -> str:
    return FAULTS[check_runs([text], [size]).fault[0]]


@pytest.mark.parametrize(
    ("text", "size", "reason"),
    [
        (b"", (2, 2), "the runs do not add up to height x width"),
        (b"5", (2, 2), "the runs do not add up to height x width"),
        (b"04", (2, 3), "the runs do not add up to height x width"),
        (b"0400", (2, 1), "the runs do not add up to height x width"),
        (b"04", (0, 4), "the size is not positive or above 2**28 pixels"),
        (b"04", (-2, -2), "the size is not positive or above 2**28 pixels"),
        (b"04", (100_000, 100_000), "the size is not positive or above 2**28 pixels"),
        (b"04", (2**40, 2**24), "the size is not positive or above 2**28 pixels"),
        (b"", (2**32 + 2, 2), "the size is not positive or above 2**28 pixels"),
        (b"0 4", (2, 2), "the text has a character that no run-length mask has"),
        (b"0\xff4", (2, 2), "the text has a character that no run-length mask has"),
        (b"0\x004", (2, 2), "the text has a character that no run-length mask has"),
        (b"04P", (2, 2), "the text ends within a run"),
        (b"P", (2, 2), "the text ends within a run"),
        (b"0PPPPPPPP4", (2, 2), "a run is longer than any image"),
        (b"0PPPPPP4", (2, 2), "a run is longer than any image"),
        (b"0O5", (2, 2), "a run is negative"),
        (b"0O5PPPPPPP4", (2, 2), "a run is longer than any image"),
    ],
)
def test_check_runs__faults_are_named(text: bytes, size: tuple[int, int], reason: str) -> None:
    assert fault_of(text, size) == reason
    with pytest.raises(MalformedMask, match=reason[:20]):
        Masks.from_texts([text], [size])


def test_check_runs__a_cut_mask_does_not_spoil_the_next() -> None:
    sound = encode(np.ones((3, 3)))
    check = check_runs([b"0P", sound, b"", sound], [(3, 3)] * 4)
    assert check.sound.tolist() == [False, True, False, True]
    assert check.area.tolist() == [0, 9, 0, 9]


def test_check_runs__more_masks_than_a_block() -> None:
    texts = [encode(np.arange(1 + i % 7)[None] % 2) for i in range(20_000)]
    check = check_runs(texts, [(1, 1 + i % 7) for i in range(20_000)])
    assert check.sound.all()
    assert check.area.tolist() == [(1 + i % 7) // 2 for i in range(20_000)]


def test_check_runs__sizes_of_another_number() -> None:
    with pytest.raises(MismatchedColumns, match="sizes"):
        check_runs([b"04", b"04"], [(2, 2)])


def test_bounding_boxes__surround_the_pixels() -> None:
    picture = np.zeros((6, 8))
    picture[1:4, 2:7] = 1
    texts = [encode(picture), encode(np.zeros((6, 8)))]
    assert bounding_boxes(texts, [(6, 8)] * 2).tolist() == [[2, 1, 5, 3], [0, 0, 0, 0]]
    assert bounding_boxes([], []).shape == (0, 4)


def test_bounding_boxes__runs_of_nothing_do_not_count() -> None:
    texts = [compress(runs, (4, 5)) for runs in ([5, 0, 2, 1, 12], [20, 0])]
    assert bounding_boxes(texts, [(4, 5)] * 2).tolist() == [[1, 3, 1, 1], [0, 0, 0, 0]]
    # pycocotools gives the second, which is empty, a width of nearly 2**32.
    assert coco_mask.toBbox({"size": [4, 5], "counts": texts[1]})[2] > 2**31


def test_decode__is_pycocotools_picture() -> None:
    rng = np.random.default_rng(5)
    for size in [(1, 1), (1, 7), (9, 1), (31, 17), (64, 80)]:
        for share in (0.0, 0.1, 0.5, 1.0):
            picture = (rng.random(size) < share).astype(np.uint8)
            masks = Masks.from_texts([encode(picture)], [size])
            assert decode(masks.runs(0), size).tolist() == picture.tolist()
