from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def picture() -> Callable[..., bytes]:
    """Make a picture file: left half red, right half blue."""

    def make(
        width: int = 40, height: int = 20, *, kind: str = "JPEG", mode: str = "RGB", turn: int = 1
    ) -> bytes:
        image = Image.new("RGB", (width, height), "red")
        image.paste("blue", (width // 2, 0, width, height))
        exif = Image.Exif()
        exif[0x0112] = turn
        stream = io.BytesIO()
        options = {"exif": exif.tobytes()} if turn != 1 else {}
        image.convert(mode).save(stream, kind, **options)
        return stream.getvalue()

    return make
