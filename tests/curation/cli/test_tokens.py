"""`curation token`: made and shown once, listed, revoked; `sync run` acts as the token given."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.curation.cli.conftest import Command
from tests.curation.sync.canaries import traces_in_folder


@pytest.fixture
def projects(curation: Command, tmp_path: Path) -> Command:
    """Two projects; the first has a source."""
    assert curation("db", "upgrade").code == 0
    with closing(sqlite3.connect(tmp_path / "data" / "curation.sqlite")) as store, store:
        store.executemany(
            "INSERT INTO project (id, name, description, status, revision, reevaluates, created)"
            " VALUES (?, ?, '', 'ready', 0, 0, '2026-01-01 00:00:00')",
            [(1, "street"), (2, "cells")],
        )
        store.execute(
            "INSERT INTO source (project_id, name, kind, location, tool_project, options,"
            " secret_kind, secret, enabled, attention, fence, created) VALUES (1, 'labels',"
            " 'label-studio', 'https://labels.example', '1', '{}', 'none', '', 1, '', 0,"
            " '2026-01-01 00:00:00')"
        )
    return curation


def test_create__prints_the_token_alone_this_once(projects: Command, tmp_path: Path) -> None:
    made = projects("token", "create", "street", "nightly")
    assert made.code == 0
    assert re.fullmatch(r"cur_[\w-]{43}\n", made.out)
    assert made.err == "Keep it now: it is shown only this once.\n"
    listed = projects("token", "list")
    assert "nightly" in listed.out
    assert made.out.strip() not in listed.out
    assert traces_in_folder(made.out.strip(), tmp_path) == []


def test_create__as_json(projects: Command) -> None:
    row = projects("token", "create", "street", "board", "--role", "viewer", "--json").json
    assert (row["name"], row["role"], row["project"]) == ("board", "viewer", "street")
    assert row["token"].startswith("cur_")


def test_list__of_a_project_or_of_all(projects: Command) -> None:
    assert projects("token", "list", "--json").json == []
    for project, name in (("street", "a"), ("cells", "b")):
        projects("token", "create", project, name)
    assert [row["name"] for row in projects("token", "list", "--json").json] == ["b", "a"]
    (row,) = projects("token", "list", "street", "--json").json
    assert list(row) == ["name", "role", "project", "created", "last_used", "revoked"]
    assert (row["last_used"], row["revoked"]) == (None, None)
    assert "never" in projects("token", "list", "street").out


def test_revoke__ends_it_and_says_when(projects: Command) -> None:
    projects("token", "create", "street", "nightly")
    done = projects("token", "revoke", "street", "nightly")
    assert (done.code, done.out) == (0, "")
    assert re.match(r"nightly was revoked at \d{4}-\d\d-\d\d \d\d:\d\d UTC\.", done.err)
    assert projects("token", "list", "--json").json[0]["revoked"] is not None


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("create", "nowhere", "x"), 3, "Known: cells, street."),
        (("create", "street", "kept"), 2, "A token named 'kept' exists already."),
        (("create", "street", " "), 2, "name is ' '"),
        (("create", "street", "x", "--role", "admin"), 2, "--role"),
        (("revoke", "street", "x"), 3, "Known: kept."),
        (("revoke", "cells", "kept"), 3, "no token 'kept'"),
        (("list", "nowhere"), 3, "no project 'nowhere'"),
    ],
)
def test_errors__one_line_and_their_exit_code(
    projects: Command, arguments: tuple[str, ...], code: int, says: str
) -> None:
    projects("token", "create", "street", "kept")
    done = projects("token", *arguments)
    assert (done.code, says in done.err) == (code, True), done.err
    assert "Traceback" not in done.err


def test_sync_run__with_a_token_of_another_project_or_none_is_exit_code_8(
    projects: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = {
        name: projects("token", "create", project, name, "--role", role).out.strip()
        for project, name, role in (
            ("cells", "foreign", "sync"),
            ("street", "board", "viewer"),
            ("street", "ended", "sync"),
        )
    }
    projects("token", "revoke", "street", "ended")
    says = {
        tokens["foreign"]: "the sync token foreign is for another project",
        tokens["board"]: "the viewer token board is not for sync.run",
        tokens["ended"]: "The token is not valid.",
        "nonsense": "The token is not valid.",
    }
    for token, text in says.items():
        monkeypatch.setenv("CURATION_TOKEN", token)
        done = projects("sync", "run", "labels", "--project", "street")
        assert (done.code, text in done.err) == (8, True), done.err
        assert token not in done.err
    assert projects("sync", "history", "labels", "--json").json == []
