from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from curation.errors import UnsafePath
from curation.projects.uploads import allowed_path

if TYPE_CHECKING:
    from pathlib import Path


def test_allowed_path__a_path_in_an_allowed_folder(tmp_path: Path) -> None:
    inside = tmp_path / "allowed" / "tree"
    inside.mkdir(parents=True)
    assert allowed_path(str(inside), [tmp_path / "other", tmp_path / "allowed"]) == inside


@pytest.mark.parametrize("text", ["/etc/passwd", "{root}/../outside", "{root}/link", "{root}x"])
def test_allowed_path__what_leads_out_is_refused(tmp_path: Path, text: str) -> None:
    root = tmp_path / "allowed"
    root.mkdir()
    (root / "link").symlink_to("/etc")
    with pytest.raises(UnsafePath):
        allowed_path(text.format(root=root), [root])


@pytest.mark.parametrize("text", ["{root}/loop", "{root}/\0", "~nobody-here/x"])
def test_allowed_path__what_cannot_be_followed_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(UnsafePath):
        allowed_path(text.format(root=tmp_path), [tmp_path])


def test_allowed_path__without_an_allowed_folder_nothing_is(tmp_path: Path) -> None:
    with pytest.raises(UnsafePath, match="import_roots"):
        allowed_path(str(tmp_path), [])
