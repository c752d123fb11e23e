"""Tokens: shown once, kept as digests, good for one project, ended at any time."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from curation.access import tokens
from curation.access.roles import TokenHolder
from curation.access.tokens import (
    authenticate,
    create_token,
    holder_from_environment,
    list_tokens,
    revoke_token,
)
from curation.errors import InvalidSetting, NameTaken, NotFound, UnknownToken, presentation
from curation.store import access_tokens
from curation.store.database import Database
from curation.store.tables import AccessToken, Project
from tests.curation.sync.canaries import traces_in_store


@pytest.fixture
def project_id(database: Database) -> int:
    return add_project(database, "street")


def add_project(database: Database, name: str) -> int:
    with database.write() as connection:
        inserted = sa.insert(Project).values(name=name, status="ready").returning(Project.id)
        return int(connection.execute(inserted).scalar_one())


def test_create__only_the_digest_is_kept(database, project_id) -> None:
    made = create_token(database, project_id, "nightly")
    token = made.secret.reveal()
    assert re.fullmatch(r"cur_[\w-]{43}", token)
    assert token not in repr(made)
    assert traces_in_store(token, database) == []
    with database.read() as connection:
        kept = connection.scalar(sa.select(AccessToken.sha256))
    assert kept == hashlib.sha256(token.encode()).hexdigest()
    assert (made.row.name, made.row.role, made.row.project) == ("nightly", "sync", "street")
    assert (made.row.last_used, made.row.revoked) == (None, None)


def test_create__every_token_is_another(database, project_id) -> None:
    made = [create_token(database, project_id, name).secret.reveal() for name in "abc"]
    assert len(set(made)) == 3


def test_create__names_are_unique_in_a_project_for_ever(database, project_id) -> None:
    create_token(database, project_id, "nightly")
    revoke_token(database, project_id, "nightly")
    with pytest.raises(NameTaken, match="token named 'nightly'"):
        create_token(database, project_id, "nightly")
    other = add_project(database, "cells")
    assert create_token(database, other, "nightly").row.project == "cells"


@pytest.mark.parametrize("name", ["", " ", "a\nb", " a", "a ", "x" * 201, "a\x7fb"])
def test_create__a_name_that_cannot_be_shown_is_refused(database, project_id, name) -> None:
    with pytest.raises(InvalidSetting, match="name"):
        create_token(database, project_id, name)
    assert list_tokens(database) == ()


@pytest.mark.parametrize("name", ["a", "x" * 200, "nachts für später"])
def test_create__other_names_are_fine(database, project_id, name) -> None:
    assert create_token(database, project_id, name).row.name == name


def test_create__for_no_project_or_role_is_refused(database, project_id) -> None:
    with pytest.raises(NotFound, match="project"):
        create_token(database, project_id + 1, "nightly")
    with pytest.raises(InvalidSetting, match="role"):
        create_token(database, project_id, "nightly", role="admin")


def test_authenticate__says_who_it_is(database, project_id) -> None:
    made = create_token(database, project_id, "nightly", role="viewer")
    holder = authenticate(database, made.secret.reveal())
    assert holder == TokenHolder(made.row.id, "nightly", "viewer", project_id)


def test_authenticate__whatever_is_no_valid_token_gets_the_same_answer(
    database, project_id
) -> None:
    token = create_token(database, project_id, "nightly").secret.reveal()
    ended = create_token(database, project_id, "old").secret.reveal()
    revoke_token(database, project_id, "old")
    changed = token[:-1] + ("A" if token[-1] != "A" else "B")
    wrong = ["", "cur_", "cur_" + "A" * 43, changed, token + "A", token[4:], f" {token}", ended]
    wrong += [token.upper(), f"{token}\n", hashlib.sha256(token.encode()).hexdigest(), "cur_é" * 9]
    texts = set()
    for given in wrong:
        with pytest.raises(UnknownToken) as refused:
            authenticate(database, given)
        texts.add(str(refused.value))
    assert len(texts) == 1
    assert presentation(refused.value).status == 401


def test_authenticate__notes_the_use_once_a_minute(database, project_id, monkeypatch) -> None:
    token = create_token(database, project_id, "nightly").secret.reveal()
    start = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
    noted = []
    for seconds in (0, 1, 59, 60, 61, 120):
        moment = start + timedelta(seconds=seconds)
        monkeypatch.setattr(tokens, "now", lambda moment=moment: moment)
        monkeypatch.setattr(access_tokens, "now", lambda moment=moment: moment)
        authenticate(database, token)
        (row,) = list_tokens(database, project_id)
        assert row.last_used is not None
        noted.append((row.last_used - start).total_seconds())
    assert noted == [0, 0, 0, 60, 60, 120]


def test_note_use__of_two_at_once_the_first_counts(database, project_id) -> None:
    row = create_token(database, project_id, "nightly").row
    minute_ago = datetime.now(UTC) - timedelta(minutes=1)
    access_tokens.note_use(database, row.id, unless_since=minute_ago)
    first = list_tokens(database)[0].last_used
    access_tokens.note_use(database, row.id, unless_since=minute_ago)
    assert list_tokens(database)[0].last_used == first


def test_revoke__ends_it_and_keeps_the_first_moment(database, project_id) -> None:
    token = create_token(database, project_id, "nightly").secret.reveal()
    first = revoke_token(database, project_id, "nightly").revoked
    assert first is not None
    assert revoke_token(database, project_id, "nightly").revoked == first
    with pytest.raises(UnknownToken):
        authenticate(database, token)
    assert list_tokens(database)[0].last_used is None


def test_revoke__of_another_project_is_not_found(database, project_id) -> None:
    create_token(database, project_id, "nightly")
    other = add_project(database, "cells")
    with pytest.raises(NotFound, match="no token 'nightly'"):
        revoke_token(database, other, "nightly")
    with pytest.raises(NotFound, match="Known: nightly"):
        revoke_token(database, project_id, "daily")


def test_list__of_a_project_or_of_all_newest_first(database, project_id) -> None:
    other = add_project(database, "cells")
    for project, name in ((project_id, "a"), (other, "b"), (project_id, "c")):
        create_token(database, project, name)
    assert [row.name for row in list_tokens(database)] == ["c", "b", "a"]
    assert [row.name for row in list_tokens(database, project_id)] == ["c", "a"]


def test_project__deleted_takes_its_tokens_along(database, project_id) -> None:
    token = create_token(database, project_id, "nightly").secret.reveal()
    with database.write() as connection:
        connection.execute(sa.delete(Project).where(Project.id == project_id))
    with pytest.raises(UnknownToken):
        authenticate(database, token)


def test_environment__without_the_variable_nobody_is_meant(database, monkeypatch) -> None:
    monkeypatch.delenv("CURATION_TOKEN", raising=False)
    assert holder_from_environment(database) is None
    monkeypatch.setenv("CURATION_TOKEN", " ")
    assert holder_from_environment(database) is None


def test_environment__a_wrong_token_is_refused_and_not_ignored(
    database, project_id, monkeypatch
) -> None:
    token = create_token(database, project_id, "nightly").secret.reveal()
    monkeypatch.setenv("CURATION_TOKEN", f"{token}\n")
    holder = holder_from_environment(database)
    assert holder is not None
    assert holder.name == "nightly"
    monkeypatch.setenv("CURATION_TOKEN", token[:-1])
    with pytest.raises(UnknownToken) as refused:
        holder_from_environment(database)
    assert token[:-1] not in str(refused.value)
