from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from curation.errors import UnreadableFile
from curation.media import thumbnails
from curation.media.thumbnails import thumbnail

if TYPE_CHECKING:
    from collections.abc import Callable


def shown(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    assert (image.format, image.mode) == ("JPEG", "RGB")
    return image


def saved(image: Image.Image, kind: str) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF"])
def test_thumbnail__long_side_is_320(kind: str, picture: Callable[..., bytes]) -> None:
    assert shown(thumbnail(picture(1000, 500, kind=kind), name="a")).size == (320, 160)


def test_thumbnail__small_pictures_keep_their_size(picture: Callable[..., bytes]) -> None:
    assert shown(thumbnail(picture(40, 20), name="a")).size == (40, 20)


@pytest.mark.parametrize(
    ("turn", "red_at"),
    list(enumerate(["left", "right", "right", "left", "top", "top", "bottom", "bottom"], start=1)),
)
def test_thumbnail__is_upright(turn: int, red_at: str, picture: Callable[..., bytes]) -> None:
    image = shown(thumbnail(picture(400, 200, turn=turn), name="a", long_side=100))
    width, height = image.size
    places = {
        "left": (2, height // 2),
        "right": (width - 3, height // 2),
        "top": (width // 2, 2),
        "bottom": (width // 2, height - 3),
    }
    assert (width > height) == (turn < 5)
    pixel = image.getpixel(places[red_at])
    assert isinstance(pixel, tuple)
    assert pixel[0] > 200
    assert pixel[2] < 60


def test_thumbnail__transparency_becomes_white() -> None:
    content = saved(Image.new("RGBA", (10, 10), (0, 0, 0, 0)), "PNG")
    assert shown(thumbnail(content, name="a")).getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["L", "1", "CMYK", "LA", "P"])
def test_thumbnail__every_colour_mode(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    assert shown(thumbnail(saved(Image.new(mode, (10, 10)), kind), name="a")).size == (10, 10)


@pytest.mark.parametrize("kind", [np.uint16, np.float32])
def test_thumbnail__deep_pixels_are_stretched(kind: type[np.generic]) -> None:
    values = np.linspace(0, 4000, 100).reshape(10, 10).astype(kind)
    image = shown(thumbnail(saved(Image.fromarray(values), "TIFF"), name="a"))
    bright, dark = image.getpixel((9, 9)), image.getpixel((0, 0))
    assert isinstance(bright, tuple)
    assert isinstance(dark, tuple)
    assert bright[0] > 230
    assert dark[0] < 30


def test_thumbnail__refuses_damage(picture: Callable[..., bytes]) -> None:
    whole = picture(400, 400)
    with pytest.raises(UnreadableFile, match="damaged"):
        thumbnail(whole[: len(whole) // 2], name="a.jpg")


def test_thumbnail__refuses_what_does_not_fit_in_memory(
    picture: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thumbnails, "MAX_DECODED", 1_000_000)
    with pytest.raises(UnreadableFile, match="too many to decode"):
        thumbnail(picture(2000, 2000, kind="PNG"), name="a.png")
    # A JPEG of the same size is decoded at a reduced scale, so it fits.
    assert shown(thumbnail(picture(2000, 2000), name="a.jpg")).size == (320, 320)
