from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from curation.formats.label_studio_brush import decode_brush, encode_brush
from evaluation.errors import MalformedMask
from evaluation.masks import Masks
from evaluation.run_lengths import decode

SAMPLES = Path(__file__).parent / "label_studio"


def sample(name: str) -> Any:
    return json.loads((SAMPLES / name).read_text("utf-8"))


# Made by `label_studio_sdk.converter.brush.mask2rle` of label-studio-sdk 2.1.2.
BRUSHES = sample("brushes.json")


def counts_of(picture: Any) -> bytes:
    return Masks.from_pictures([np.asarray(picture)]).texts()[0]


def bits(*fields: tuple[int, int]) -> list[int]:
    """Pack (value, width) fields, filled up with zeros to whole bytes."""
    text = "".join(f"{value:0{width}b}" for value, width in fields)
    text += "0" * (-len(text) % 8)
    return [int(text[place : place + 8], 2) for place in range(0, len(text), 8)]


def header(values: int, *, word: int = 8, classes: tuple[int, ...] = (3, 4, 8, 16)) -> Any:
    return [(values, 32), (word - 1, 5), *((size - 1, 4) for size in classes)]


@pytest.mark.parametrize("brush", BRUSHES, ids=lambda brush: brush["name"])
def test_decode_brush__what_the_tools_own_kit_wrote(brush: dict[str, Any]) -> None:
    alpha = np.array(brush["alpha"])
    mask = decode_brush(brush["rle"], alpha.shape)
    assert mask.texts() == [counts_of(alpha >= 128)]
    assert mask.areas.tolist() == [(alpha >= 128).sum()]


@pytest.mark.parametrize(
    "brush",
    [brush for brush in BRUSHES if set(np.ravel(brush["alpha"])) <= {0, 255}],
    ids=lambda brush: brush["name"],
)
def test_encode_brush__writes_the_bytes_that_the_tools_own_kit_writes(brush: Any) -> None:
    alpha = np.array(brush["alpha"])
    written = encode_brush(counts_of(alpha), alpha.shape)
    # The kit adds an empty byte where the bits fill their last one.
    assert brush["rle"] in (written, [*written, 0])


def test_brush__runs_longer_than_a_token_can_say() -> None:
    (brush,) = sample("brush_of_long_runs.json")
    picture = np.zeros(brush["size"], dtype=np.uint8)
    picture[slice(*brush["rows"])] = 1
    size = (200, 300)
    assert decode_brush(brush["rle"], size).areas.tolist() == [3000]
    assert brush["rle"] in (
        encode_brush(counts_of(picture), size),
        [*encode_brush(counts_of(picture), size), 0],
    )


def test_decode_brush__a_stroke_painted_in_the_editor() -> None:
    rle = sample("drawn_in_editor.json")[1]["value"]["rle"]
    mask = decode_brush(rle, (480, 640))
    # 1930 pixels have any alpha, 1853 at least half.
    assert mask.areas.tolist() == [1853]


def test_decode_brush__runs_and_literals_by_hand() -> None:
    # Two pixels: a run of seven words 255, then a literal of one word 127, the second's alpha.
    rle = bits(*header(8), (1, 1), (0, 2), (6, 3), (255, 8), (0, 1), (0, 2), (0, 3), (127, 8))
    assert decode(decode_brush(rle, (1, 2)).runs(0), (1, 2)).tolist() == [[1, 0]]
    # The same with other classes: one bit for lengths up to two.
    two = [(1, 1), (3, 2), (1, 1), (255, 8)]
    rle = bits(*header(8, classes=(16, 9, 2, 1)), *two, *two, *two, *two)
    assert decode_brush(rle, (2, 1)).areas.tolist() == [2]


def test_decode_brush__only_alpha_counts() -> None:
    colours = [255, 255, 255, 0, 0, 0, 0, 255]
    rle = bits(*header(8), (0, 1), (0, 2), (7, 3), *((colour, 8) for colour in colours))
    assert decode(decode_brush(rle, (1, 2)).runs(0), (1, 2)).tolist() == [[0, 1]]


@pytest.mark.parametrize(
    ("rle", "reason"),
    [
        (None, "it has no run lengths"),
        ([], "it has no run lengths"),
        ([0, 0, 0, 8], "it has no run lengths"),
        (["a"] * 9, "its run lengths are not numbers from 0 to 255"),
        ([256] * 9, "its run lengths are not numbers from 0 to 255"),
        ([1.5] * 9, "its run lengths are not numbers from 0 to 255"),
        (bits(*header(12)), "it holds 12 values, an image of 2 x 1 pixels has 8"),
        (bits(*header(8, word=4)), "its words have 4 bits, not 8"),
        (bits(*header(8)), "its run lengths end too early"),
        (bits(*header(8), (1, 1), (0, 2), (6, 3), (255, 8)), "its run lengths end too early"),
        (bits(*header(8), (0, 1), (3, 2), (65535, 16)), "its run lengths end too early"),
        (
            bits(*header(8), (1, 1), (3, 2), (65535, 16), (255, 8)),
            "its run lengths go beyond the image",
        ),
    ],
)
def test_decode_brush__refuses(rle: Any, reason: str) -> None:
    with pytest.raises(MalformedMask) as caught:
        decode_brush(rle, (1, 2))
    assert caught.value.reason == reason


@pytest.mark.parametrize("size", [(0, 2), (1, -2), (1 << 20, 1 << 20)])
def test_decode_brush__refuses_sizes_that_no_image_has(size: tuple[int, int]) -> None:
    with pytest.raises(MalformedMask, match="size is not positive or above"):
        decode_brush([0] * 9, size)


def test_encode_brush__refuses_a_mask_of_another_size() -> None:
    with pytest.raises(MalformedMask, match="do not add up"):
        encode_brush(b"12", (2, 2))


pictures = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=40))


@given(pictures)
def test_brush__a_mask_comes_back_exactly(picture: np.ndarray[Any, np.dtype[np.bool_]]) -> None:
    counts = counts_of(picture)
    height, width = picture.shape
    assert decode_brush(encode_brush(counts, (height, width)), (height, width)).texts() == [counts]


@given(st.lists(st.integers(0, 255), max_size=60))
def test_decode_brush__any_bytes_are_a_mask_or_refused(tail: list[int]) -> None:
    rle = bits(*header(4 * 6))[:6] + tail
    try:
        mask = decode_brush(rle, (2, 3))
    except MalformedMask:
        return
    assert 0 <= mask.areas[0] <= 6
