"""Programs that tests need are used as found, installed where possible, else named with advice."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import servers
from scripts.servers import Program, ensure

PEBBLED = Path("/usr/bin/pebbled")


def _program(*answers: Path | None) -> Program:
    """Return a program that is searched for as often as there are answers."""
    remaining = iter(answers)
    return Program("pebbled", lambda: next(remaining), ("pebble-server",), "install pebbled")


@pytest.fixture
def apt(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The verbs given to apt-get, on a machine where the first install lacks package lists."""
    verbs: list[str] = []

    def record(verb: str, *_: str) -> bool:
        verbs.append(verb)
        return verb == "update" or "update" in verbs

    monkeypatch.setattr(servers, "_apt", record)
    monkeypatch.setattr(servers, "_may_install", lambda: True)
    return verbs


def test_ensure__leaves_the_machine_alone_when_the_program_is_there(apt: list[str]) -> None:
    assert ensure(_program(PEBBLED)) == PEBBLED
    assert apt == []


def test_ensure__updates_package_lists_once_and_only_when_needed(apt: list[str]) -> None:
    assert ensure(_program(None, PEBBLED)) == PEBBLED
    assert apt == ["install", "update", "install"]


def test_ensure__says_what_to_do_where_it_may_not_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(servers, "_may_install", lambda: False)
    assert ensure(_program(None)) is None
    assert capsys.readouterr().out == "pebbled: missing; install pebbled\n"
