"""Files are seen whole or not at all, whoever writes them at once."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from curation.media.whole_files import write_whole


def test_write_whole__by_many_at_once(tmp_path: Path) -> None:
    target = tmp_path / "a.jpg"
    errors: list[OSError] = []

    def write(content: bytes) -> None:
        try:
            for _ in range(50):
                write_whole(target, content)
                assert len(set(target.read_bytes())) == 1
        except OSError as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(bytes([n]) * 5_000,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert list(tmp_path.iterdir()) == [target]


def test_write_whole__leaves_nothing_behind_when_it_fails(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path / "folder", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
