from __future__ import annotations

import io
import struct
import zlib
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from curation.errors import UnreadableFile
from curation.media.pixels import MAX_PIXELS, read_file_header, read_header, sha256

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds no pixels."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
    data = b"IDAT" + zlib.compress(b"")
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk
        + struct.pack(">I", len(data) - 4)
        + data
        + struct.pack(">I", zlib.crc32(data))
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF"])
def test_read_header__every_format(kind: str, picture: Callable[..., bytes]) -> None:
    header = read_header(picture(40, 20, kind=kind), name="a")
    assert (header.width, header.height, header.format) == (40, 20, kind)
    assert not header.turned


@pytest.mark.parametrize(
    ("turn", "size"), [(1, (40, 20)), (3, (40, 20)), (5, (20, 40)), (6, (20, 40)), (8, (20, 40))]
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_read_header__size_is_as_seen(
    turn: int, size: tuple[int, int], kind: str, picture: Callable[..., bytes]
) -> None:
    header = read_header(picture(40, 20, kind=kind, turn=turn), name="a")
    assert (header.width, header.height) == size
    assert (header.stored_width, header.stored_height) == (40, 20)


@pytest.mark.parametrize("turn", [0, 9, 77])
def test_read_header__odd_orientations_are_upright(
    turn: int, picture: Callable[..., bytes]
) -> None:
    assert read_header(picture(turn=turn), name="a").orientation == 1


def test_read_header__phone_pictures_of_several_frames(tmp_path: Path) -> None:
    first, second = Image.new("RGB", (8, 4)), Image.new("RGB", (8, 4), "red")
    first.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[second])
    assert read_file_header(tmp_path / "a.jpg").format == "JPEG"


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\xff\xd8\xff\xe0", b"<svg/>", b"BM" * 20])
def test_read_header__refuses_what_is_no_picture(content: bytes) -> None:
    with pytest.raises(UnreadableFile):
        read_header(content, name="a.jpg")


def test_read_header__refuses_other_formats() -> None:
    stream = io.BytesIO()
    Image.new("P", (4, 4)).save(stream, "GIF")
    with pytest.raises(UnreadableFile, match="no JPEG"):
        read_header(stream.getvalue(), name="a.gif")


def test_read_header__bombs_are_refused_by_their_header() -> None:
    assert read_header(png_header(16_384, 16_384), name="a").width == 16_384
    for width, height in ((16_385, 16_384), (200_000, 200_000)):
        assert width * height > MAX_PIXELS
        with pytest.raises(UnreadableFile):
            read_header(png_header(width, height), name="a")


def test_read_file_header__a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="No such file"):
        read_file_header(tmp_path / "a.jpg")


def test_sha256__known_value() -> None:
    assert sha256(b"abc").startswith("ba7816bf")


@pytest.mark.shared_data
def test_read_file_header__real_pictures(shared_data: Path) -> None:
    cells = [read_file_header(path) for path in (shared_data / "txl_pbc/images/val").iterdir()]
    assert Counter((header.width, header.height) for header in cells) == {
        (575, 575): 100,
        (360, 363): 98,
        (640, 480): 44,
        (416, 416): 44,
        (366, 369): 2,
    }
    coco = shared_data / "coco_mini_val" / "images"
    assert read_file_header(coco / "000000000139.jpg").width == 640
