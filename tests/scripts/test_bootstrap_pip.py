"""What the bootstrap of pip takes from a lock file."""

from __future__ import annotations

import pytest

from scripts.bootstrap_pip import download_wheel, locked_pip
from tests.servers.web import WebFolder

FIRST, SECOND = "a" * 64, "b" * 64
LOCK = f"""\
pillow==13.0.0 \\
    --hash=sha256:{"c" * 64}
pip==26.3 \\
    --hash=sha256:{FIRST} \\
    --hash=sha256:{SECOND}
"""


def test_locked_pip__reads_version_and_checksums() -> None:
    assert locked_pip(LOCK) == ("26.3", {FIRST, SECOND})


def test_locked_pip__refuses_a_lock_without_pip() -> None:
    with pytest.raises(SystemExit, match="does not name pip"):
        locked_pip("pillow==13.0.0\n")


@pytest.mark.parametrize(
    ("offered", "complaint"),
    [("pip-26.3-py3-none-any.whl", "checksum"), ("pip-9.0-py3-none-any.whl", "does not offer")],
)
def test_download_wheel__refuses_what_the_lock_does_not_name(
    offered: str, complaint: str, web_folder: WebFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = web_folder.folder / "simple" / "pip"
    index.mkdir(parents=True)
    (index / "index.html").write_text(f'<a href="../files/{offered}#sha256=aa">{offered}</a>')
    (index.parent / "files").mkdir()
    (index.parent / "files" / offered).write_bytes(b"forged")
    monkeypatch.setenv("PIP_INDEX_URL", f"{web_folder.url}/simple/")
    with pytest.raises(SystemExit, match=complaint):
        download_wheel("26.3", {FIRST}, web_folder.folder)
