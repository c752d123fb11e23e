"""Small upright JPEG copies of pictures, for grids."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
from PIL import Image

from curation.errors import UnreadableFile
from curation.media.pixels import DAMAGED, exif_orientation, open_picture

LONG_SIDE: Final = 320
QUALITY: Final = 82
MAX_DECODED: Final = 1 << 27  # pixels in memory at once, 400 MB as RGB

# What makes a picture upright, for each EXIF orientation that is not.
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def thumbnail(
    content: bytes, *, name: str, long_side: int = LONG_SIDE, quality: int = QUALITY
) -> bytes:
    """Return a picture as an upright RGB JPEG whose long side is at most `long_side` pixels.

    JPEG files are decoded at a reduced scale. Smaller pictures keep their size. Transparent
    pixels become white; 16-bit and float pixels are stretched from their darkest to their
    brightest.

    Raises:
        UnreadableFile: It is damaged, of another format, or too large to decode.
    """
    with open_picture(content, name=name) as picture:
        try:
            # JPEG only: decode at the smallest of 1, 1/2, 1/4, 1/8 that is still large enough.
            picture.draft("RGB", (2 * long_side, 2 * long_side))
            width, height = picture.size
            if width * height > MAX_DECODED:
                raise UnreadableFile(name, f"{width} x {height} pixels are too many to decode")
            small = _opaque(_eight_bit(picture))
            small.thumbnail((long_side, long_side), Image.Resampling.LANCZOS, reducing_gap=2.0)
            turn = _UPRIGHT.get(exif_orientation(picture))
            small = small.transpose(turn) if turn is not None else small
            stream = io.BytesIO()
            small.save(stream, "JPEG", quality=quality, optimize=True, exif=b"")
        except DAMAGED as error:
            raise UnreadableFile(name, f"the picture is damaged ({error})") from error
    return stream.getvalue()


def _eight_bit(picture: Image.Image) -> Image.Image:
    """Return 16-bit, 32-bit and float pixels as 8-bit grey, stretched to the full range."""
    if not picture.mode.startswith(("I", "F")):
        return picture
    values = np.nan_to_num(np.asarray(picture, dtype=np.float64), posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    scale = 255.0 / (high - low) if high > low else 0.0
    return Image.fromarray(((values - low) * scale).astype(np.uint8))


def _opaque(picture: Image.Image) -> Image.Image:
    """Return a picture as RGB, on white where it is transparent."""
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layered = picture.convert("RGBA")
    white = Image.new("RGBA", layered.size, "white")
    return Image.alpha_composite(white, layered).convert("RGB")
