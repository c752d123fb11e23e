from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from curation.errors import UnsafePath
from ui.import_steps.source import below_roots

if TYPE_CHECKING:
    from pathlib import Path


def test_below_roots__a_path_in_an_allowed_folder(tmp_path: Path) -> None:
    inside = tmp_path / "allowed" / "tree"
    inside.mkdir(parents=True)
    assert below_roots(str(inside), [tmp_path / "other", tmp_path / "allowed"]) == inside


@pytest.mark.parametrize("text", ["/etc/passwd", "{root}/../outside", "{root}/link", "{root}x"])
def test_below_roots__what_leads_out_is_refused(tmp_path: Path, text: str) -> None:
    root = tmp_path / "allowed"
    root.mkdir()
    (root / "link").symlink_to("/etc")
    with pytest.raises(UnsafePath):
        below_roots(text.format(root=root), [root])
