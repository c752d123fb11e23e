"""What a picture is, from its first bytes: size as seen, format, orientation; and its hash."""

from __future__ import annotations

import hashlib
import io
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from PIL import Image, UnidentifiedImageError

from curation.errors import UnreadableFile

if TYPE_CHECKING:
    from pathlib import Path

FORMATS: Final = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")
SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
MAX_PIXELS: Final = 1 << 28
_ORIENTATION: Final = 0x0112  # EXIF tag
_TURNED: Final = frozenset({5, 6, 7, 8})  # EXIF orientations that swap width and height

# Pillow warns above this and refuses above twice this; ours is one limit, checked before decoding.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS

# What Pillow's readers raise on damaged files.
DAMAGED: Final = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    OverflowError,
    struct.error,
    Image.DecompressionBombError,
    Warning,  # where warnings are errors; elsewhere they go to the log
)


@dataclass(frozen=True, slots=True)
class PictureHeader:
    """Width and height in pixels as the picture is seen, after the rotation EXIF asks for.

    `stored_width`, `stored_height`: as the pixels lie in the file. `orientation`: EXIF's 1 to 8.
    """

    width: int
    height: int
    stored_width: int
    stored_height: int
    format: str
    orientation: int

    @property
    def turned(self) -> bool:
        """Whether EXIF swaps width and height."""
        return self.orientation in _TURNED


def read_header(content: bytes | BinaryIO, *, name: str) -> PictureHeader:
    """Read a picture's size without decoding its pixels.

    Args:
        content: The file's bytes, or the open file.
        name: For errors.

    Raises:
        UnreadableFile: It is damaged, of another format, or has more than 2**28 pixels.
    """
    with open_picture(content, name=name) as picture:
        orientation = exif_orientation(picture)
        width, height = picture.size
        seen = (height, width) if orientation in _TURNED else (width, height)
        kind = "JPEG" if picture.format == "MPO" else str(picture.format)
        return PictureHeader(*seen, width, height, kind, orientation)


def read_file_header(path: Path) -> PictureHeader:
    """Read the header of a picture file whose path is known to be safe.

    Raises:
        UnreadableFile: See `read_header`; also if the file cannot be opened.
    """
    try:
        with path.open("rb") as stream:
            return read_header(stream, name=path.name)
    except OSError as error:
        raise UnreadableFile(path.name, error.strerror or str(error)) from error


def open_picture(content: bytes | BinaryIO, *, name: str) -> Image.Image:
    """Open a picture of an allowed format and size; its pixels are not decoded yet.

    Raises:
        UnreadableFile: It is damaged, of another format, or has more than 2**28 pixels.
    """
    stream = io.BytesIO(content) if isinstance(content, bytes) else content
    try:
        picture = Image.open(stream, formats=FORMATS)
    except UnidentifiedImageError as error:
        raise UnreadableFile(name, "it is no JPEG, PNG, WebP, BMP or TIFF picture") from error
    except DAMAGED as error:
        raise UnreadableFile(name, f"the picture is damaged or too large ({error})") from error
    width, height = picture.size
    if width < 1 or height < 1 or width * height > MAX_PIXELS:
        picture.close()
        raise UnreadableFile(name, f"{width} x {height} pixels are too many or none")
    return picture


def sha256(content: bytes) -> str:
    """Return the hash that names a picture's content, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def exif_orientation(picture: Image.Image) -> int:
    """Return how a picture wants to be turned: EXIF's 1 (upright) to 8."""
    try:
        found = picture.getexif().get(_ORIENTATION, 1)
    except DAMAGED:
        return 1  # an odd EXIF block only costs its orientation, here as in every viewer
    return found if isinstance(found, int) and 1 <= found <= 8 else 1
