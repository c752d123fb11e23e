from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from evaluation.errors import MalformedMask
from evaluation.masks import (
    FAULTS,
    bounding_boxes,
    check_polygons,
    check_runs,
    compress,
    decode,
    rasterise,
    run_lengths,
)

if TYPE_CHECKING:
    from pathlib import Path

TRIANGLE = [0.0, 0.0, 4.0, 0.0, 0.0, 4.0]


def encode(pixels: np.ndarray) -> bytes:
    return bytes(coco_mask.encode(np.asfortranarray(pixels.astype(np.uint8)))["counts"])


def fault_of(text: bytes, size: tuple[int, int]) -> str:
    return FAULTS[check_runs([text], [size]).fault[0]]


def test_check_runs__sound_masks_and_their_area() -> None:
    square = np.zeros((4, 5))
    square[1:3, 1:4] = 1
    check = check_runs([encode(square), encode(np.ones((2, 2)))], [(4, 5), (2, 2)])
    assert check.sound.tolist() == [True, True]
    assert check.area.tolist() == [6, 4]


def test_check_runs__none() -> None:
    assert check_runs([], np.zeros((0, 2))).sound.tolist() == []


@pytest.mark.parametrize(
    ("text", "size", "reason"),
    [
        (b"", (2, 2), "the runs do not add up to height x width"),
        (b"5", (2, 2), "the runs do not add up to height x width"),
        (b"04", (2, 3), "the runs do not add up to height x width"),
        (b"04", (0, 4), "the size is not positive or above 2**28 pixels"),
        (b"04", (-2, -2), "the size is not positive or above 2**28 pixels"),
        (b"04", (100_000, 100_000), "the size is not positive or above 2**28 pixels"),
        (b"04", (2**40, 2**24), "the size is not positive or above 2**28 pixels"),
        (b"0 4", (2, 2), "the text has a character that no run-length mask has"),
        (b"0\xff4", (2, 2), "the text has a character that no run-length mask has"),
        (b"04P", (2, 2), "the text ends within a run"),
        (b"0PPPPPPPP4", (2, 2), "a run is longer than any image"),
        (b"0O5", (2, 2), "a run is negative"),
    ],
)
def test_check_runs__faults_are_named(text: bytes, size: tuple[int, int], reason: str) -> None:
    assert fault_of(text, size) == reason


def test_check_runs__a_cut_mask_does_not_spoil_the_next() -> None:
    sound = encode(np.ones((3, 3)))
    check = check_runs([b"0P", sound, b"", sound], [(3, 3)] * 4)
    assert check.sound.tolist() == [False, True, False, True]
    assert check.area.tolist() == [0, 9, 0, 9]


def test_check_runs__more_masks_than_a_batch() -> None:
    texts = [encode(np.ones((1, 1 + i % 7))) for i in range(450)]
    check = check_runs(texts, [(1, 1 + i % 7) for i in range(450)])
    assert check.sound.all()
    assert check.area.tolist() == [1 + i % 7 for i in range(450)]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1)),
        min_size=1,
        max_size=6,
    )
)
def test_check_runs__agrees_with_decoding(worlds: list[tuple[int, int, int]]) -> None:
    pictures = [np.random.default_rng(seed).integers(0, 2, (h, w)) for h, w, seed in worlds]
    check = check_runs([encode(picture) for picture in pictures], [p.shape for p in pictures])
    assert check.sound.all()
    assert check.area.tolist() == [int(picture.sum()) for picture in pictures]


def test_compress__gives_what_pycocotools_gives() -> None:
    runs = [3, 4, 1, 2, 2]
    assert (
        compress(runs, (3, 4))
        == coco_mask.frPyObjects({"size": [3, 4], "counts": runs}, 3, 4)["counts"]
    )
    assert compress([3.0, 9.0], (3, 4)) == compress([3, 9], (3, 4))


@pytest.mark.parametrize(
    ("runs", "reason"),
    [
        ([3, 4], "add up"),
        ([], "add up"),
        ([-1, 13], "negative"),
        ([1.5, 10.5], "whole"),
        ([float("nan"), 12], "whole"),
        ([float("inf"), 12], "whole"),
        ([1e300, 12], "add up"),
        ([[12]], "whole"),
    ],
)
def test_compress__refuses(runs: list[float], reason: str) -> None:
    with pytest.raises(MalformedMask, match=reason):
        compress(runs, (3, 4))


def test_rasterise__is_cocos_rule_for_several_parts() -> None:
    parts = [TRIANGLE, [5.0, 5.0, 9.0, 5.0, 9.0, 9.0, 5.0, 9.0]]
    expected = coco_mask.merge(coco_mask.frPyObjects(parts, 10, 12))["counts"]
    assert rasterise(parts, (10, 12)) == expected
    one = coco_mask.merge(coco_mask.frPyObjects([TRIANGLE], 10, 12))["counts"]
    assert rasterise([TRIANGLE], (10, 12)) == one


def test_rasterise__cuts_at_the_image_border() -> None:
    beyond = [[-5.0, -5.0, 50.0, -5.0, 50.0, 50.0, -5.0, 50.0]]
    check = check_runs([rasterise(beyond, (10, 12))], [(10, 12)])
    assert check.area.tolist() == [120]


@pytest.mark.parametrize(
    ("polygons", "reason"),
    [
        ([], "no polygon"),
        ([[1.0, 1.0, 2.0, 2.0]], "three points"),
        ([[*TRIANGLE, 1.0]], "half a point"),
        ([[*TRIANGLE, float("nan"), 1.0]], "not finite"),
        ([[*TRIANGLE, float("inf"), 1.0]], "not finite"),
        ([TRIANGLE, [*TRIANGLE, 1e9, 1.0]], "beyond any image"),
        ([[*TRIANGLE, 121.0, 1.0]], "10 image sides"),
        ([[0.0, 0.0, 120.0, 120.0] * 20_000], "too long"),
    ],
)
def test_rasterise__refuses(polygons: list[list[float]], reason: str) -> None:
    with pytest.raises(MalformedMask, match=reason):
        rasterise(polygons, (10, 12))


@pytest.mark.parametrize("size", [(0, 5), (5, -1), (100_000, 100_000)])
def test_rasterise__refuses_sizes(size: tuple[int, int]) -> None:
    with pytest.raises(MalformedMask, match="size"):
        rasterise([TRIANGLE], size)


def test_check_polygons__sound() -> None:
    check_polygons([TRIANGLE])


def test_bounding_boxes__surround_the_pixels() -> None:
    picture = np.zeros((6, 8))
    picture[1:4, 2:7] = 1
    texts = [encode(picture), encode(np.zeros((6, 8)))]
    assert bounding_boxes(texts, [(6, 8)] * 2).tolist() == [[2, 1, 5, 3], [0, 0, 0, 0]]
    assert bounding_boxes([], []).shape == (0, 4)


FUZZ = """
import sys
import numpy as np
from pycocotools import mask as coco_mask
from evaluation.errors import MalformedMask
from evaluation.masks import bounding_boxes, check_runs, compress, rasterise

rng = np.random.default_rng(int(sys.argv[1]))
passed = 0

def any_text(size):
    picture = rng.integers(0, 2, size).astype(np.uint8)
    text = bytearray(coco_mask.encode(np.asfortranarray(picture))["counts"])
    for _ in range(rng.integers(0, 3)):
        place = rng.integers(0, len(text))
        text[place] = rng.integers(40, 120) if rng.random() < 0.9 else rng.integers(0, 256)
    return bytes(text[: rng.integers(1, len(text) + 1)] if rng.random() < 0.1 else text)

def any_polygon(size):
    scale = 10.0 ** rng.integers(0, 12)
    points = rng.normal(0, scale, rng.integers(0, 12))
    if rng.random() < 0.1 and len(points):
        points[0] = rng.choice([np.nan, np.inf, -np.inf, 1e300])
    return points.tolist()

for _ in range(4000):
    size = tuple(int(n) for n in rng.integers(1, 9, 2))
    texts = [any_text(size) for _ in range(4)]
    for make in (
        lambda: rasterise([any_polygon(size) for _ in range(rng.integers(0, 3))], size),
        lambda: compress((rng.integers(-1, 12, 4)).tolist(), size),
    ):
        try:
            texts.append(make())
        except MalformedMask:
            pass
    check = check_runs(texts, [size] * len(texts))
    good = [{"size": list(size), "counts": t} for t, ok in zip(texts, check.sound) if ok]
    passed += len(good)
    if good:
        coco_mask.iou(good, good, [0] * len(good))
        coco_mask.merge(good)
        bounding_boxes([g["counts"] for g in good], [size] * len(good))
        pixels = coco_mask.decode(good).sum(axis=(0, 1))
        assert pixels.tolist() == check.area[check.sound].tolist()
print(passed)
"""


@pytest.mark.parametrize("seed", [1, 2])
def test_checked_masks__never_hang_or_crash_native_code(seed: int) -> None:
    # In a process of its own: a hang or a crash is then one failed test, not a dead run.
    done = subprocess.run(
        [sys.executable, "-c", FUZZ, str(seed)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 5000


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "count"),
    [("base", 3380), ("darknet53", 3545), ("im700", 2766), ("resnet50", 3834)],
)
def test_check_runs__real_masks_are_sound(shared_data: Path, name: str, count: int) -> None:
    path = shared_data / "coco_val2017_yolact100" / f"yolact_{name}.json"
    masks = [result["segmentation"] for result in json.loads(path.read_text("utf-8"))]
    texts = [mask["counts"].encode() for mask in masks]
    check = check_runs(texts, [mask["size"] for mask in masks])
    assert int(check.sound.sum()) == count
    assert (
        check.area[:50].tolist()
        == coco_mask.area(
            [{"size": m["size"], "counts": m["counts"].encode()} for m in masks[:50]]
        ).tolist()
    )


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_decode__is_pycocotools_picture() -> None:
    rng = np.random.default_rng(5)
    for height, width in [(1, 1), (1, 7), (9, 1), (31, 17), (64, 80)]:
        pictures = [
            np.asfortranarray((rng.random((height, width)) < share).astype(np.uint8))
            for share in (0.0, 0.1, 0.5, 1.0)
        ]
        counts = [coco_mask.encode(picture)["counts"] for picture in pictures]
        lengths, starts = run_lengths(counts)
        for picture, runs in zip(pictures, np.split(lengths, starts[1:]), strict=True):
            assert decode(runs, (height, width)).tolist() == picture.tolist()
