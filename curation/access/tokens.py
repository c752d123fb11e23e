"""Tokens by which a program acts in one project; only their digests are kept."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from curation.access.roles import SYNC, TokenHolder, check_token_role, require
from curation.errors import InvalidSetting, UnknownToken
from curation.settings import Secret
from curation.store import access_tokens
from curation.store.access_tokens import AccessTokenRow, list_tokens, revoke_token
from curation.store.columns import now

if TYPE_CHECKING:
    from curation.store.database import Database

__all__ = [
    "TOKEN_VARIABLE",
    "AccessTokenRow",
    "NewToken",
    "TokenHolder",
    "authenticate",
    "create_token",
    "holder_from_environment",
    "list_tokens",
    "require_of_environment",
    "revoke_token",
]

PREFIX: Final = "cur_"
"""Lets secret scanners, and people, recognise a token that lies where it should not."""
RANDOM_BYTES: Final = 32
SHAPE: Final = re.compile(r"cur_[A-Za-z0-9_-]{43}", re.ASCII)
NAME: Final = re.compile(r"\S(?:[^\x00-\x1f\x7f]{0,198}\S)?")
USE_NOTED_EVERY: Final = timedelta(minutes=1)
TOKEN_VARIABLE: Final = "CURATION_TOKEN"  # noqa: S105  # the name of the variable


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made; nobody can read its `secret` again."""

    row: AccessTokenRow
    secret: Secret


def create_token(database: Database, project_id: int, name: str, *, role: str = SYNC) -> NewToken:
    """Make a token of a project.

    Args:
        database: The store.
        project_id: The only project it is good for.
        name: What people call it, unique in the project.
        role: One of `roles.TOKEN_ROLES`.

    Raises:
        InvalidSetting: If name or role cannot be meant.
        NameTaken: If the project has, or had, a token of this name.
        NotFound: If there is no such project.
    """
    check_token_role(role)
    if NAME.fullmatch(name) is None:
        raise InvalidSetting("name", name, allowed="1 to 200 characters without line breaks")
    secret = Secret(PREFIX + secrets.token_urlsafe(RANDOM_BYTES))
    row = access_tokens.add_token(
        database, project_id=project_id, name=name, role=role, sha256=_digest(secret.reveal())
    )
    return NewToken(row, secret)


def authenticate(database: Database, token: str) -> TokenHolder:
    """Return who holds a token, and note about once a minute that it is used.

    The token is looked up by its digest: how long that takes says nothing about the token.

    Raises:
        UnknownToken: If it is malformed, unknown or revoked; the error does not tell which.
    """
    if SHAPE.fullmatch(token) is None:
        raise UnknownToken
    digest = _digest(token)
    found = access_tokens.find_token(database, digest)
    if found is None or not hmac.compare_digest(found.sha256, digest):
        raise UnknownToken
    row = found.row
    if row.revoked is not None:
        raise UnknownToken
    if row.last_used is None or now() - row.last_used >= USE_NOTED_EVERY:
        access_tokens.note_use(database, row.id, unless_since=now() - USE_NOTED_EVERY)
    return TokenHolder(row.id, row.name, row.role, row.project_id)


def holder_from_environment(database: Database) -> TokenHolder | None:
    """Return who holds the token in `CURATION_TOKEN`, None when the variable is not set.

    Raises:
        UnknownToken: If it is set to anything but a valid token.
    """
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    return authenticate(database, token) if token else None


def _digest(token: str) -> str:
    """Return what is kept of a token.

    32 random bytes cannot be guessed, so a fast digest without salt is as good as a slow one.
    """
    return hashlib.sha256(token.encode("ascii")).hexdigest()


def require_of_environment(database: Database, action: str, project_id: int) -> TokenHolder | None:
    """Hold a command to the token of its environment; without one a person acts.

    Raises:
        UnknownToken: If the token is not valid.
        Forbidden: If it does not allow the action in this project.
    """
    holder = holder_from_environment(database)
    if holder is not None:
        require(holder, action, project_id)
    return holder
