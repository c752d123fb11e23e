"""Peers are installed apart from us, and what cannot be had is kept with the reason."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from scripts import peers
from scripts.peers import Installation, Peer, install, installed

PEBBLE = Peer("pebble", "import pebble")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "FOLDER", tmp_path)
    monkeypatch.setattr(peers, "INSTALLED", tmp_path / "installed.json")


def _answers(
    monkeypatch: pytest.MonkeyPatch,
    *,
    versions: Sequence[str | None],
    probe: str = "",
    pip: str = "",
) -> list[str]:
    """Answer commands as a machine would; return the kinds of commands that were asked."""
    asked: list[str] = []

    def answer(command: list[str], timeout: float = 0) -> subprocess.CompletedProcess[str]:
        del timeout
        marks = {"venv": "venv", "pip": "pip", "numpy": "versions"}
        kind = next((kind for mark, kind in marks.items() if mark in command), "probe")
        asked.append(kind)
        errors = {"pip": pip, "probe": probe}.get(kind, "")
        return subprocess.CompletedProcess(command, bool(errors), json.dumps(versions), errors)

    monkeypatch.setattr(peers, "_run", answer)
    return asked


def test_install__gives_a_peer_its_own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _answers(monkeypatch, versions=["1.2", "2.4"])
    assert install(PEBBLE) == Installation("pebble", "1.2", "2.4")
    assert asked == ["venv", "pip", "versions", "probe"]


def test_install__says_why_a_peer_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    _answers(monkeypatch, versions=[None, None], pip="WARNING: slow\nERROR: No matching pebble")
    assert install(PEBBLE).skipped == "ERROR: No matching pebble"


def test_install__says_why_a_peer_does_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    _answers(
        monkeypatch,
        versions=["1.2", "2.4"],
        probe="Traceback\nOSError: no database. Install one.\n",
    )
    found = install(PEBBLE)
    assert (found.version, found.skipped) == ("1.2", "OSError: no database")


def test_install__uses_what_is_there_when_the_index_cannot_be_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _answers(monkeypatch, versions=["1.1", "2.3"], pip="ERROR: no route to host")
    assert install(PEBBLE) == Installation("pebble", "1.1", "2.3")


def test_installed__is_empty_before_the_first_installation() -> None:
    assert installed() == {}


def test_main__keeps_what_came_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    _answers(monkeypatch, versions=["1.2", "2.4"])
    monkeypatch.setattr(peers, "PEERS", {"pebble": PEBBLE})
    monkeypatch.setattr("sys.argv", ["peers"])
    assert peers.main() == 0
    assert installed() == {"pebble": Installation("pebble", "1.2", "2.4")}


def test_main__refuses_names_it_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["peers", "boulder"])
    assert peers.main() == 2
