from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.formats.cvat_elements import BadShape, Sketch, draw, points
from evaluation.run_lengths import decode

SIZE = (60, 80)  # height, width


def box(left: float, top: float, right: float, bottom: float, rotation: float = 0) -> Sketch:
    corners = {"xtl": left, "ytl": top, "xbr": right, "ybr": bottom, "rotation": rotation}
    return draw("box", {name: repr(value) for name, value in corners.items()}, SIZE)


def test_box__upright_is_kept_as_it_is() -> None:
    assert box(1.5, 2, 11.5, 6) == Sketch((1.5, 2, 10, 4), 40)


def test_box__a_quarter_turn_about_the_centre_is_exact() -> None:
    turned = box(10, 10, 30, 14, rotation=90)
    assert turned.outline == [22, 2, 22, 22, 18, 22, 18, 2]
    assert (turned.box, turned.area) == ((18, 2, 4, 20), 80)
    assert json.loads(turned.exact or b"") == {"center": [20, 12], "size": [20, 4], "angle": 90}


def test_box__turns_clockwise_on_screen() -> None:
    # The upper right corner of a square moves right and down to where the middle's height is.
    turned = box(10, 10, 20, 20, rotation=45)
    far = 15 + math.sqrt(50)
    assert turned.outline is not None
    assert turned.outline[2:4] == pytest.approx([far, 15])


@given(
    left=st.floats(5, 30),
    top=st.floats(5, 30),
    width=st.floats(1, 20),
    height=st.floats(1, 20),
    angle=st.floats(-720, 720),
)
def test_box__turned_back_it_is_the_box(
    left: float, top: float, width: float, height: float, angle: float
) -> None:
    turned = box(left, top, left + width, top + height, rotation=angle)
    if turned.outline is None:  # a whole number of turns
        assert math.remainder(angle, 360) == pytest.approx(0, abs=1e-9)
        return
    corners = np.array(turned.outline).reshape(4, 2)
    centre = np.array([left + width / 2, top + height / 2])
    back = math.radians(-angle)
    cosine, sine = math.cos(back), math.sin(back)
    upright = (corners - centre) @ np.array([[cosine, sine], [-sine, cosine]]) + centre
    right, bottom = left + width, top + height
    expected = [[left, top], [right, top], [right, bottom], [left, bottom]]
    assert upright == pytest.approx(np.array(expected), abs=1e-6)
    assert turned.area == pytest.approx(width * height)


def test_polygon__keeps_its_points() -> None:
    sketch = draw("polygon", {"points": "1,2;11,2;11,7.5"}, SIZE)
    assert sketch.outline == [1, 2, 11, 2, 11, 7.5]
    assert (sketch.box, sketch.area) == ((1, 2, 10, 5.5), 27.5)


def test_polygon__without_the_images_size_is_checked_all_the_same() -> None:
    assert draw("polygon", {"points": "1,2;11,2;11,7"}, (0, 0)).area == 25
    with pytest.raises(BadShape, match="three points"):
        draw("polygon", {"points": "1,2;11,2"}, (0, 0))


def ellipse(x: float, y: float, rx: float, ry: float, rotation: float = 0) -> Sketch:
    values = {"cx": x, "cy": y, "rx": rx, "ry": ry, "rotation": rotation}
    return draw("ellipse", {name: repr(value) for name, value in values.items()}, SIZE)


def covered(sketch: Sketch) -> np.ndarray:
    assert sketch.runs is not None
    return decode(sketch.runs, SIZE)


def test_ellipse__a_circle_of_four_pixels() -> None:
    sketch = ellipse(10, 20, 1, 1)
    assert sketch.box == (9, 19, 2, 2)
    assert np.argwhere(covered(sketch)).tolist() == [[19, 9], [19, 10], [20, 9], [20, 10]]
    assert json.loads(sketch.exact or b"") == {"center": [10, 20], "radii": [1, 1], "angle": 0}


def test_ellipse__a_quarter_turn_swaps_the_radii() -> None:
    assert ellipse(40, 30, 8, 3, rotation=90).box == pytest.approx((37, 22, 6, 16))
    upright, turned = ellipse(40, 30, 3, 8), ellipse(40, 30, 8, 3, rotation=90)
    assert covered(turned).tolist() == covered(upright).tolist()


@given(
    x=st.floats(-10, 90),
    y=st.floats(-10, 70),
    rx=st.floats(0.1, 40),
    ry=st.floats(0.1, 40),
    angle=st.floats(0, 360),
)
def test_ellipse__has_the_pixels_whose_centres_it_holds(
    x: float, y: float, rx: float, ry: float, angle: float
) -> None:
    turn = math.radians(angle)
    dx = np.arange(SIZE[1]) + 0.5 - x
    dy = (np.arange(SIZE[0]) + 0.5 - y)[:, None]
    along = (dx * math.cos(turn) + dy * math.sin(turn)) / rx
    across = (dy * math.cos(turn) - dx * math.sin(turn)) / ry
    distance = along**2 + across**2
    mask = covered(ellipse(x, y, rx, ry, rotation=angle)).astype(bool)
    assert mask[distance < 1 - 1e-9].all()
    assert not mask[distance > 1 + 1e-9].any()


@pytest.mark.parametrize(("rx", "ry"), [(5, 0), (0, 5), (0, 0), (1e-200, 3)])
def test_ellipse__without_extent_has_no_mask(rx: float, ry: float) -> None:
    sketch = ellipse(10, 20, rx, ry)
    assert (sketch.runs, sketch.area) == (None, 0)
    assert sketch.box == (10 - rx, 20 - ry, 2 * rx, 2 * ry)


def mask(rle: str, left: int, top: int, width: int, height: int) -> Sketch:
    window = {"left": left, "top": top, "width": width, "height": height}
    return draw("mask", {"rle": rle, **{name: str(side) for name, side in window.items()}}, SIZE)


def test_mask__runs_go_row_by_row_and_start_with_zeros() -> None:
    sketch = mask("1, 2, 1, 2", 7, 3, 3, 2)  # .## / .##
    assert np.argwhere(covered(sketch)).tolist() == [[3, 8], [3, 9], [4, 8], [4, 9]]
    assert (sketch.area, sketch.box) == (4, None)


@given(st.data())
def test_mask__what_is_written_is_read(data: st.DataObject) -> None:
    height, width = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 6))
    pixels = data.draw(st.lists(st.booleans(), min_size=height * width, max_size=height * width))
    pixels[0] |= not any(pixels)
    runs, last = [0], False
    for pixel in pixels:
        if pixel != last:
            runs.append(0)
            last = pixel
        runs[-1] += 1
    sketch = mask(", ".join(map(str, runs)), 5, 9, width, height)
    found = covered(sketch)
    assert found[9 : 9 + height, 5 : 5 + width].ravel().tolist() == [int(pixel) for pixel in pixels]
    assert found.sum() == sum(pixels) == sketch.area


@pytest.mark.parametrize(
    ("rle", "window", "reason"),
    [
        ("1, 2", (0, 0, 2, 2), "do not fill"),
        ("1, 2, 2", (0, 0, 2, 2), "do not fill"),
        ("-1, 5", (0, 0, 2, 2), "do not fill"),
        ("4", (0, 0, 2, 2), "no pixel"),
        ("1, x", (0, 0, 2, 2), "rle is"),
        ("", (0, 0, 2, 2), "rle is"),
        ("0, 4", (79, 0, 2, 2), "window is"),
        ("0, 4", (0, 59, 2, 2), "window is"),
        ("0, 99999999999999999999", (0, 0, 2, 2), "rle is"),
        ("0, 0", (0, 0, 0, 2), "window is"),
    ],
)
def test_mask__that_cannot_be_meant(
    rle: str, window: tuple[int, int, int, int], reason: str
) -> None:
    with pytest.raises(BadShape, match=reason) as caught:
        mask(rle, *window)
    assert caught.value.kind.name == "mask-malformed"


@pytest.mark.parametrize(
    ("tag", "attributes", "kind"),
    [
        ("box", {"xtl": "1", "ytl": "1", "xbr": "9"}, "record-malformed"),
        ("box", {"xtl": "one", "ytl": "1", "xbr": "9", "ybr": "9"}, "record-malformed"),
        ("box", {"xtl": "nan", "ytl": "1", "xbr": "9", "ybr": "9"}, "coordinate-not-finite"),
        ("box", {"xtl": "9", "ytl": "1", "xbr": "1", "ybr": "9"}, "box-negative"),
        ("box", {"xtl": "1", "ytl": "1", "xbr": "9000", "ybr": "9"}, "box-far-away"),
        ("box", {"xtl": "1", "ytl": "1", "xbr": "1e300", "ybr": "9"}, "box-far-away"),
        ("polygon", {}, "record-malformed"),
        ("polygon", {"points": "1,2;3"}, "record-malformed"),
        ("polygon", {"points": "1,2;3,inf;4,4"}, "coordinate-not-finite"),
        ("ellipse", {"cx": "1", "cy": "1", "rx": "-1", "ry": "1"}, "box-negative"),
        ("ellipse", {"cx": "1", "cy": "1", "rx": "9000", "ry": "1"}, "box-far-away"),
    ],
)
def test_draw__what_cannot_be_read(tag: str, attributes: dict[str, str], kind: str) -> None:
    with pytest.raises(BadShape) as caught:
        draw(tag, attributes, SIZE)
    assert caught.value.kind.name == kind


@pytest.mark.parametrize("size", [(0, 0), (1 << 20, 1 << 20)])
def test_draw__a_mask_needs_a_size_that_a_mask_may_have(size: tuple[int, int]) -> None:
    window = {"left": "0", "top": "0", "width": "1", "height": "1", "rle": "0, 1"}
    for tag, attributes in (
        ("mask", window),
        ("ellipse", dict.fromkeys(["cx", "cy", "rx", "ry"], "5")),
    ):
        with pytest.raises(BadShape) as caught:
            draw(tag, attributes, size)
        assert caught.value.kind.name == ("mask-malformed" if size[0] else "image-size-unknown")


def test_points__are_pairs() -> None:
    assert points({"points": "1,2;3.5,4"}) == [1, 2, 3.5, 4]
