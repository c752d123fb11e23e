"""Rows of access tokens: digests, roles, and when each was used last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from curation.errors import NameTaken, NotFound
from curation.store.columns import now
from curation.store.tables import AccessToken, Project

if TYPE_CHECKING:
    from datetime import datetime

    from curation.store.database import Database


@dataclass(frozen=True, slots=True)
class AccessTokenRow:
    """One token as people see it: neither the token nor its digest."""

    id: int
    project_id: int
    project: str
    name: str
    role: str
    created: datetime
    last_used: datetime | None
    revoked: datetime | None


@dataclass(frozen=True, slots=True)
class FoundToken:
    """A token that a digest led to."""

    row: AccessTokenRow
    sha256: str


_COLUMNS = (
    AccessToken.id,
    AccessToken.project_id,
    Project.name,
    AccessToken.name,
    AccessToken.role,
    AccessToken.created,
    AccessToken.last_used,
    AccessToken.revoked,
)


def _query(*more: Any) -> sa.Select[Any]:
    return sa.select(*_COLUMNS, *more).join(Project, Project.id == AccessToken.project_id)


def add_token(
    database: Database, *, project_id: int, name: str, role: str, sha256: str
) -> AccessTokenRow:
    """Record a new token.

    Raises:
        NotFound: If there is no such project.
        NameTaken: If the project has, or had, a token of this name.
    """
    with database.write() as connection:
        if connection.scalar(sa.select(Project.id).where(Project.id == project_id)) is None:
            raise NotFound("project", project_id)
        taken = sa.select(AccessToken.id).where(
            AccessToken.project_id == project_id, AccessToken.name == name
        )
        if connection.scalar(taken) is not None:
            raise NameTaken("token", name)
        token_id = connection.execute(
            sa.insert(AccessToken)
            .values(project_id=project_id, name=name, role=role, sha256=sha256)
            .returning(AccessToken.id)
        ).scalar_one()
        row = connection.execute(_query().where(AccessToken.id == token_id)).one()
    return AccessTokenRow(*row)


def list_tokens(database: Database, project_id: int | None = None) -> tuple[AccessTokenRow, ...]:
    """Return the tokens of a project, or all, newest first; revoked ones too."""
    query = _query().order_by(AccessToken.created.desc(), AccessToken.id.desc())
    if project_id is not None:
        query = query.where(AccessToken.project_id == project_id)
    with database.read() as connection:
        return tuple(AccessTokenRow(*row) for row in connection.execute(query))


def find_token(database: Database, sha256: str) -> FoundToken | None:
    """Return the token with a digest, revoked or not, None if there is none."""
    query = _query(AccessToken.sha256).where(AccessToken.sha256 == sha256)
    with database.read() as connection:
        row = connection.execute(query).first()
    return None if row is None else FoundToken(AccessTokenRow(*row[:-1]), row[-1])


def note_use(database: Database, token_id: int, *, unless_since: datetime) -> None:
    """Note that a token is used now, unless a use since the given moment is noted already."""
    with database.write() as connection:
        connection.execute(
            sa.update(AccessToken)
            .where(
                AccessToken.id == token_id,
                sa.or_(AccessToken.last_used.is_(None), AccessToken.last_used <= unless_since),
            )
            .values(last_used=now())
        )


def revoke_token(database: Database, project_id: int, name: str) -> AccessTokenRow:
    """End a token for good; the second time the same, and the first moment stays.

    Raises:
        NotFound: If the project has none of this name.
    """
    mine = (AccessToken.project_id == project_id, AccessToken.name == name)
    with database.write() as connection:
        connection.execute(
            sa.update(AccessToken).where(*mine, AccessToken.revoked.is_(None)).values(revoked=now())
        )
        row = connection.execute(_query().where(*mine)).first()
        known = sa.select(AccessToken.name).where(AccessToken.project_id == project_id)
        if row is None:
            names = connection.scalars(known.order_by(AccessToken.name)).all()
            raise NotFound("token", name, known=tuple(names))
    return AccessTokenRow(*row)
