from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from evaluation import _mask_kernel_numpy, masks
from evaluation.errors import MalformedMask, MismatchedColumns, PositionOutOfRange
from evaluation.masks import Masks, Texts, decode_texts, read_runs
from evaluation.run_lengths import compress, decode

pytestmark = pytest.mark.usefixtures("mask_kernels")

# One kernel serves all examples of a test.
same_kernel = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
pictures_of_any_size = st.lists(
    st.tuples(
        st.integers(1, 12),
        st.integers(1, 12),
        st.sampled_from([0.0, 0.1, 0.5, 1.0]),
        st.integers(0),
    ),
    min_size=1,
    max_size=6,
).map(
    lambda worlds: [
        np.random.default_rng(seed).random((height, width)) < share
        for height, width, share, seed in worlds
    ]
)


def packed(picture: NDArray[Any]) -> dict[str, Any]:
    rle: dict[str, Any] = coco_mask.encode(np.asfortranarray(picture.astype(np.uint8)))
    return rle


def encode(picture: NDArray[Any]) -> bytes:
    return bytes(packed(picture)["counts"])


def test_from_texts__edges_areas_and_extents() -> None:
    square = np.zeros((4, 5))
    square[1:3, 1:4] = 1
    masks = Masks.from_texts([encode(square), encode(np.ones((2, 2)))], [(4, 5), (2, 2)])
    assert masks.areas.tolist() == [6, 4]
    assert masks.extents.tolist() == [[1, 1, 4, 3], [0, 0, 2, 2]]
    assert masks.runs(0).tolist() == [5, 2, 2, 2, 2, 2, 5]
    assert masks.runs(1).tolist() == [0, 4]


def test_from_texts__none_is_a_mask_without_a_pixel() -> None:
    masks = Masks.from_texts([None, b"04"], [(3, 5), (2, 2)])
    assert masks.areas.tolist() == [0, 4]
    assert masks.runs(0).tolist() == [15]
    assert len(Masks.from_texts([], [])) == 0


def test_from_texts__refuses_an_empty_text() -> None:
    with pytest.raises(MalformedMask, match="do not add up"):
        Masks.from_texts([b"04", b""], [(2, 2), (2, 2)])


def test_from_texts__one_array_of_characters_in_any_order() -> None:
    texts = Texts(np.frombuffer(b"xx0403", np.uint8), np.array([4, 2]), np.array([2, 2]))
    assert Masks.from_texts(texts, [(1, 3), (2, 2)]).areas.tolist() == [3, 4]


@same_kernel
@given(pictures_of_any_size)
def test_masks__are_those_of_pycocotools(pictures: list[NDArray[np.bool_]]) -> None:
    theirs = [packed(picture) for picture in pictures]
    masks = Masks.from_texts([rle["counts"] for rle in theirs], [rle["size"] for rle in theirs])
    assert masks.areas.tolist() == coco_mask.area(theirs).tolist()
    assert masks.boxes().tolist() == coco_mask.toBbox(theirs).tolist()
    assert masks.texts() == [rle["counts"] for rle in theirs]
    assert Masks.from_pictures(pictures).texts() == masks.texts()
    for row, picture in enumerate(pictures):
        assert decode(masks.runs(row), picture.shape).tolist() == picture.astype(int).tolist()


@same_kernel
@given(st.lists(st.integers(0, 2000), min_size=1, max_size=30))
def test_from_runs__any_runs_keep_their_text(runs: list[int]) -> None:
    # Runs of nothing too, which a tool may write and pycocotools keeps.
    size = (1, max(sum(runs), 1))
    runs = runs if sum(runs) else [*runs, 1]
    theirs = coco_mask.frPyObjects({"size": size, "counts": runs}, *size)
    masks = Masks.from_runs([runs], [size])
    assert masks.texts() == [theirs["counts"]] == [compress(runs, size)]
    assert masks.areas[0] == coco_mask.area(theirs) == sum(runs[1::2])
    assert Masks.from_texts(masks.texts(), [size]).runs(0).tolist() == runs


@pytest.mark.parametrize(
    ("runs", "reason"),
    [
        ([3, 4], "add up"),
        ([], "add up"),
        ([13], "add up"),
        ([2**28, 2**28, 12], "add up"),
        ([-1, 13], "negative"),
        ([1.5, 10.5], "whole"),
        ([float("nan"), 12], "whole"),
        ([float("inf"), 12], "whole"),
        ([1e300, 12], "longer"),
        ([-(2.0**63), 12], "longer"),
    ],
)
def test_from_runs__refuses(runs: list[float], reason: str) -> None:
    with pytest.raises(MalformedMask, match=reason):
        compress(runs, (3, 4))
    masks, fault = read_runs([[5, 7], runs, [12]], [(3, 4)] * 3)
    assert (fault != 0).tolist() == [False, True, False]
    assert masks.areas.tolist() == [7, 0, 0]


@pytest.mark.parametrize("size", [(0, 12), (12, -1), (2**20, 2**20), (2**62, 4)])
def test_from_runs__refuses_sizes(size: tuple[int, int]) -> None:
    with pytest.raises(MalformedMask, match="size"):
        compress([12], size)


def test_from_runs__whole_numbers_may_be_floats() -> None:
    assert compress([3.0, 9.0], (3, 4)) == compress([3, 9], (3, 4))


def test_from_runs__the_largest_image() -> None:
    masks = Masks.from_runs([[0, 2**28]], [(2**14, 2**14)])
    assert masks.areas.tolist() == [2**28]
    assert Masks.from_texts(masks.texts(), masks.sizes).extents.tolist() == [[0, 0, 2**14, 2**14]]


def test_take__in_any_order_sharing_the_edges() -> None:
    masks = Masks.from_texts([b"01", b"04", b"09"], [(1, 1), (2, 2), (3, 3)])
    picked = masks.take(np.array([2, 0, 2]))
    assert picked.edges is masks.edges
    assert picked.texts() == [b"09", b"01", b"09"]
    assert picked.areas.tolist() == [9, 1, 9]


def test_joined__puts_masks_one_after_the_other() -> None:
    masks = Masks.from_texts([b"01", b"04", b"09"], [(1, 1), (2, 2), (3, 3)])
    joined = Masks.joined([masks.take(np.array([1])), Masks.from_texts([], []), masks])
    assert joined.texts() == [b"04", b"01", b"04", b"09"]
    assert joined.boxes()[:, 2].tolist() == [2, 1, 2, 3]


def test_from_pictures__refuses_one_without_pixels() -> None:
    with pytest.raises(MalformedMask, match="size"):
        Masks.from_pictures([np.zeros((0, 5))])


def column(*values: int) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


@pytest.mark.parametrize(
    ("starts", "lengths"),
    [
        (column(0, 3), column(2, 2)),
        (column(-1), column(2)),
        (column(2), column(-1)),
        (column(2**63 - 1), column(2)),
    ],
)
def test_texts__refuse_to_reach_past_the_characters(
    starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> None:
    with pytest.raises(PositionOutOfRange):
        Texts(np.zeros(4, np.uint8), starts, lengths)


def test_masks__refuse_to_reach_past_the_edges() -> None:
    sound = Masks.from_texts([b"04"], [(2, 2)])
    with pytest.raises(PositionOutOfRange):
        replace(sound, starts=column(1))
    with pytest.raises(MismatchedColumns):
        replace(sound, starts=column(0, 0))


def damaged(rng: np.random.Generator, text: bytes) -> bytes:
    """Change, cut, lengthen or swap a few characters."""
    characters = bytearray(text)
    for way in rng.integers(0, 5, rng.integers(0, 4)):
        place = int(rng.integers(0, len(characters) + 1))
        if way == 0:
            characters = characters[:place]
        elif way == 1:
            characters[place:place] = bytes(rng.integers(80, 112, rng.integers(1, 9)).tolist())
        elif place < len(characters):
            characters[place] = int(rng.integers(0, 256) if way == 2 else rng.integers(48, 112))
    return bytes(characters)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_decode_texts__damaged_texts_are_told_alike_by_both_kernels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(3)
    sizes = rng.integers(1, 30, (3000, 2))
    texts = [damaged(rng, encode(rng.random(size) < rng.random())) for size in sizes]
    found, fault = decode_texts(texts, sizes)
    monkeypatch.setattr(masks, "kernel", _mask_kernel_numpy)
    twin, twin_fault = decode_texts(texts, sizes)
    assert fault.tolist() == twin_fault.tolist()
    assert found.texts() == twin.texts()
    assert found.areas.tolist() == twin.areas.tolist()
    assert found.extents.tolist() == twin.extents.tolist()
    assert len(set(fault.tolist())) == 6  # sound, and all faults but that of the size
    for row in np.flatnonzero(fault == 0).tolist():
        rle = {"size": sizes[row].tolist(), "counts": texts[row]}
        assert coco_mask.area(rle) == found.areas[row]
        assert (coco_mask.decode(rle) == decode(found.runs(row), tuple(sizes[row]))).all()


FUZZ = """
import sys
import numpy as np
from pycocotools import mask as coco_mask
from evaluation import _mask_kernel_numpy, masks
from evaluation.errors import MalformedMask
from evaluation.mask_overlap import mask_iou
from evaluation.masks import Masks
from evaluation.polygons import rasterise
from evaluation.run_lengths import check_runs, compress

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

for _ in range(700):
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
    good = [t for t, ok in zip(texts, check.sound) if ok]
    passed += len(good)
    if good:
        masks = Masks.from_texts(good, [size] * len(good))
        pairs = np.repeat(np.arange(len(good)), len(good)), np.tile(np.arange(len(good)), len(good))
        crowd = rng.random(len(good)) < 0.3
        ours = mask_iou(masks, masks, crowd, pairs)
        rles = [{"size": list(size), "counts": text} for text in good]
        theirs = coco_mask.iou(rles, rles, crowd.astype(np.uint8).tolist()).ravel()
        pixels = coco_mask.decode(rles).reshape(-1, len(good)).astype(np.int64)
        area = pixels.sum(axis=0)
        assert area.tolist() == masks.areas.tolist() == check.area[check.sound].tolist()
        common = (pixels.T @ pixels).ravel()
        union = np.where(crowd[pairs[1]], area[pairs[0]], area[pairs[0]] + area[pairs[1]] - common)
        assert (ours == np.where(common > 0, common / np.maximum(union, 1), 0.0)).all()
        # pycocotools stops early where both masks have a run of nothing at one place.
        plain = np.array([(masks.runs(row)[1:] > 0).all() for row in range(len(masks))])
        same = plain[pairs[0]] & plain[pairs[1]]
        assert (ours[same] == theirs[same]).all()
print(passed)
"""


@pytest.mark.parametrize("seed", [1, 2])
def test_checked_masks__never_hang_or_crash_native_code(seed: int, mask_kernels: str) -> None:
    # In a process of its own: a hang or a crash is then one failed test, not a dead run.
    done = subprocess.run(
        [sys.executable, "-c", FUZZ, str(seed)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"CURATION_KERNEL": mask_kernels, "PYTHONPATH": str(Path.cwd())},
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 700


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "count"),
    [("base", 3380), ("darknet53", 3545), ("im700", 2766), ("resnet50", 3834)],
)
def test_from_texts__real_masks(shared_data: Path, name: str, count: int) -> None:
    path = shared_data / "coco_val2017_yolact100" / f"yolact_{name}.json"
    rles = [result["segmentation"] for result in json.loads(path.read_text("utf-8"))]
    texts = [rle["counts"].encode() for rle in rles]
    masks = Masks.from_texts(texts, [rle["size"] for rle in rles])
    assert len(masks) == count
    assert masks.texts() == texts
    some = [{"size": rle["size"], "counts": text} for rle, text in zip(rles, texts, strict=True)]
    assert masks.areas[:200].tolist() == coco_mask.area(some[:200]).tolist()
    assert masks.boxes()[:200].tolist() == coco_mask.toBbox(some[:200]).tolist()
