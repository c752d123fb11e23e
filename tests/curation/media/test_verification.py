from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from curation.errors import Unavailable
from curation.formats import coco_projects
from curation.formats.records import ImageRecord
from curation.media.pixels import sha256
from curation.media.sources import LocalFolder, open_source
from curation.media.verification import ImageCheck, verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def expected(file_name: str, width: int = 40, height: int = 20) -> ImageRecord:
    return ImageRecord("1", file_name, width, height, None, labelled=True)


def check_one(image: ImageRecord, root: Path) -> ImageCheck:
    (check,) = verify([image], open_source(root))
    return check


def test_verify__found_with_size_and_hash(tmp_path: Path, picture: Callable[..., bytes]) -> None:
    (tmp_path / "a.jpg").write_bytes(picture(40, 20))
    check = check_one(expected("a.jpg"), tmp_path)
    assert (check.verdict, check.name, check.renamed) == ("found", "a.jpg", False)
    assert check.sha256 == sha256(picture(40, 20))


def test_verify__unknown_size_is_filled(tmp_path: Path, picture: Callable[..., bytes]) -> None:
    (tmp_path / "a.jpg").write_bytes(picture(40, 20))
    check = check_one(expected("a.jpg", 0, 0), tmp_path)
    assert check.verdict == "found"
    assert check.header is not None
    assert (check.header.width, check.header.height) == (40, 20)


def test_verify__size_differs(tmp_path: Path, picture: Callable[..., bytes]) -> None:
    (tmp_path / "a.jpg").write_bytes(picture(40, 20))
    check = check_one(expected("a.jpg", 80, 40), tmp_path)
    assert (check.verdict, check.reason) == ("size-differs", "record 80 x 40, pixels 40 x 20")


def test_verify__size_before_rotation(tmp_path: Path, picture: Callable[..., bytes]) -> None:
    (tmp_path / "a.jpg").write_bytes(picture(40, 20, turn=6))
    assert check_one(expected("a.jpg", 40, 20), tmp_path).verdict == "size-rotated"
    assert check_one(expected("a.jpg", 20, 40), tmp_path).verdict == "found"


@pytest.mark.parametrize("name", ["train/a.jpg", "A.JPG", "a.png", "x/y/A.jpeg"])
def test_verify__found_under_another_name(
    name: str, tmp_path: Path, picture: Callable[..., bytes]
) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.jpg").write_bytes(picture())
    check = check_one(expected(name), tmp_path)
    assert (check.verdict, check.name, check.renamed) == ("found", "deep/a.jpg", True)


def test_verify__nothing_is_guessed_between_two_candidates(
    tmp_path: Path, picture: Callable[..., bytes]
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.jpg").write_bytes(picture())
    assert check_one(expected("a.jpg"), tmp_path).verdict == "missing"


def test_verify__a_file_another_record_names_is_not_taken(
    tmp_path: Path, picture: Callable[..., bytes]
) -> None:
    (tmp_path / "val").mkdir()
    (tmp_path / "val" / "a.jpg").write_bytes(picture())
    checks = list(verify([expected("train/a.jpg"), expected("val/a.jpg")], open_source(tmp_path)))
    assert [check.verdict for check in checks] == ["missing", "found"]


def test_verify__missing_and_unreadable(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    assert check_one(expected("a.jpg"), tmp_path).verdict == "unreadable"
    assert check_one(expected("b.jpg"), tmp_path).verdict == "missing"


def test_verify__links_that_leave_the_folder_are_missing(
    tmp_path: Path, picture: Callable[..., bytes]
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "a.jpg").write_bytes(picture())
    (root / "a.jpg").symlink_to(tmp_path / "a.jpg")
    assert check_one(expected("a.jpg"), root).verdict == "missing"


def test_verify__many_images_in_order(tmp_path: Path, picture: Callable[..., bytes]) -> None:
    for number in range(100):
        (tmp_path / f"{number}.png").write_bytes(picture(8, 1 + number, kind="PNG"))
    images = [expected(f"{number}.png", 8, 1 + number) for number in range(100)]
    checks = list(verify(images, open_source(tmp_path), workers=3))
    assert [check.index for check in checks] == list(range(100))
    assert {check.verdict for check in checks} == {"found"}


def test_verify__a_silent_storage_ends_it(
    tmp_path: Path, picture: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.jpg").write_bytes(picture())

    def fail(*_: object, **__: object) -> bytes:
        raise Unavailable("S3", "timeout")

    monkeypatch.setattr(LocalFolder, "read", fail)
    with pytest.raises(Unavailable):
        list(verify([expected("a.jpg")], open_source(tmp_path)))


@pytest.mark.shared_data
def test_verify__real_pictures(shared_data: Path) -> None:
    folder = shared_data / "coco_mini_val"
    records = coco_projects.read(folder / "instances_val2017_merged.json")
    checks = list(verify(records.images, open_source(folder / "images")))
    assert len(checks) == 158
    assert {check.verdict for check in checks} == {"found"}
