from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from curation.errors import NotFound, UnsafePath
from curation.media.paths import open_inside, resolve_inside, unsafe_reason

if TYPE_CHECKING:
    from pathlib import Path

UNSAFE = [
    "",
    "  ",
    "/etc/passwd",
    "//server/share/a.jpg",
    "\\\\server\\share\\a.jpg",
    "..\\a.jpg",
    "C:/a.jpg",
    "c:a.jpg",
    "../a.jpg",
    "train/../../a.jpg",
    "train/..",
    "a\0.jpg",
    "a\n.jpg",
    "\udc80.jpg",
    "a" * 1025,
]


@pytest.mark.parametrize("name", UNSAFE)
def test_unsafe_reason__names_that_leave_or_confuse(name: str, tmp_path: Path) -> None:
    assert unsafe_reason(name) is not None
    with pytest.raises(UnsafePath):
        resolve_inside(tmp_path, name)


@pytest.mark.parametrize("name", ["a.jpg", "train/a.jpg", "a..b.jpg", "100%.jpg", "ä b.jpg", "..a"])
def test_unsafe_reason__plain_names(name: str) -> None:
    assert unsafe_reason(name) is None


def test_resolve_inside__a_file_and_one_to_be(tmp_path: Path) -> None:
    assert resolve_inside(tmp_path, "a/b.jpg") == tmp_path.resolve() / "a" / "b.jpg"


def test_resolve_inside__links_are_followed_only_within(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret.txt").write_text("x")
    (root / "real.jpg").write_text("y")
    (root / "inside.jpg").symlink_to(root / "real.jpg")
    (root / "outside.jpg").symlink_to(tmp_path / "secret.txt")
    (root / "folder").symlink_to(tmp_path)
    assert resolve_inside(root, "inside.jpg") == (root / "real.jpg").resolve()
    for name in ("outside.jpg", "folder/secret.txt"):
        with pytest.raises(UnsafePath):
            resolve_inside(root, name)


def test_resolve_inside__a_loop_of_links(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(UnsafePath):
        resolve_inside(tmp_path, "a/x.jpg")


def test_open_inside__reads_regular_files_only(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"abc")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with open_inside(tmp_path, "a.txt") as stream:
        assert stream.read() == b"abc"
    for name in ("folder", "pipe", "absent", "a" * 300):
        with pytest.raises((NotFound, UnsafePath)):
            open_inside(tmp_path, name)
