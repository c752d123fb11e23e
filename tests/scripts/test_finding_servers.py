"""Programs that tests need are used as found, installed where possible, else named with advice."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from scripts import servers
from scripts.servers import Program, ensure
from tests.servers.programs import label_studio

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


def test_ensure__makes_a_program_that_no_package_has() -> None:
    made: list[str] = []
    answers = iter((None, PEBBLED))
    program = Program("pebbled", lambda: next(answers), (), "", make=lambda: made.append("pebbled"))
    assert ensure(program) == PEBBLED
    assert made == ["pebbled"]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the user's, and no Label Studio named by the environment."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("CURATION_TEST_LABEL_STUDIO", raising=False)
    return tmp_path / "curation" / "label-studio-1.23.2"


def test_label_studio__is_found_once_it_is_complete(cache: Path) -> None:
    (cache / "bin").mkdir(parents=True)
    (cache / "bin" / "label-studio").touch()
    assert label_studio() is None
    (cache / "complete").touch()
    assert label_studio() == cache / "bin" / "label-studio"


def test_label_studio__is_the_one_that_the_environment_names(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = tmp_path / "label-studio"
    monkeypatch.setenv("CURATION_TEST_LABEL_STUDIO", str(named))
    assert label_studio() is None
    servers.make_label_studio()  # installs nothing beside what a person named
    assert not cache.exists()
    named.touch()
    assert label_studio() == named


def test_make_label_studio__leaves_nothing_complete_when_an_installation_fails(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def fail(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        asked.append([str(part) for part in command])
        return subprocess.CompletedProcess(command, returncode=len(asked) - 1)

    monkeypatch.setattr(subprocess, "run", fail)
    servers.make_label_studio()
    assert [command[1] for command in asked] == ["-m", "install"]
    assert asked[1][-1] == "label-studio==1.23.2"
    assert label_studio() is None
