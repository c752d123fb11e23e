"""What the classes of a tool mean in the project: remembered answers, and open questions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import sqlalchemy as sa

from curation.errors import NotFound
from curation.store.tables import Class, Source, SourceClass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.store.database import Database

Answer = Literal["class", "new", "ignore"]
SAME_NAME: Final = "same name"
"""Who answered when the project has a class of exactly this name."""


@dataclass(frozen=True, slots=True)
class SourceClassRow:
    """One class of a tool; `answer` is None while it is a question."""

    name: str
    answer: Answer | None
    class_name: str | None
    offered: bool
    answered_by: str | None


def note_classes(
    connection: sa.Connection, source_id: int, project_id: int, names: Sequence[str]
) -> None:
    """Record classes that a tool uses; those named as the project's are answered by that."""
    known = set(
        connection.scalars(sa.select(SourceClass.name).where(SourceClass.source_id == source_id))
    )
    fresh = [name for name in dict.fromkeys(names) if name not in known]
    if not fresh:
        return
    own = {
        row.name: row.id
        for row in connection.execute(
            sa.select(Class.name, Class.id).where(Class.project_id == project_id)
        )
    }
    rows = [
        {
            "source_id": source_id,
            "name": name,
            "answer": "class" if name in own else None,
            "class_id": own.get(name),
            "answered_by": SAME_NAME if name in own else None,
        }
        for name in fresh
    ]
    connection.execute(sa.insert(SourceClass), rows)


def note_offered(connection: sa.Connection, source_id: int, names: Sequence[str]) -> None:
    """Record which classes the tool's annotators may choose at present."""
    connection.execute(
        sa.update(SourceClass)
        .where(SourceClass.source_id == source_id)
        .values(offered=SourceClass.name.in_(names))
    )


def source_classes(connection: sa.Connection, source_id: int) -> tuple[SourceClassRow, ...]:
    """Return the classes of a tool with their answers, open questions first."""
    rows = connection.execute(
        sa.select(
            SourceClass.name,
            SourceClass.answer,
            Class.name.label("class_name"),
            SourceClass.offered,
            SourceClass.answered_by,
        )
        .outerjoin(Class, Class.id == SourceClass.class_id)
        .where(SourceClass.source_id == source_id)
        .order_by(SourceClass.answer.is_not(None), SourceClass.name)
    )
    return tuple(SourceClassRow(**row._mapping) for row in rows)  # noqa: SLF001  # the public name of SQLAlchemy's row mapping


def list_source_classes(database: Database, source_id: int) -> tuple[SourceClassRow, ...]:
    """Return the classes of a tool with their answers, open questions first."""
    with database.read() as connection:
        return source_classes(connection, source_id)


def count_questions(database: Database, project_id: int) -> dict[int, int]:
    """Return how many classes of each source of a project wait for an answer, by source id."""
    query = (
        sa.select(SourceClass.source_id, sa.func.count())
        .join(Source, Source.id == SourceClass.source_id)
        .where(Source.project_id == project_id, SourceClass.answer.is_(None))
        .group_by(SourceClass.source_id)
    )
    with database.read() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def answer_class(
    connection: sa.Connection,
    source_id: int,
    name: str,
    *,
    answer: Answer,
    class_id: int | None,
    author: str,
) -> None:
    """Remember what a tool's class means.

    Raises:
        NotFound: If the tool never used such a class.
    """
    answered = connection.execute(
        sa.update(SourceClass)
        .where(SourceClass.source_id == source_id, SourceClass.name == name)
        .values(answer=answer, class_id=class_id, answered_by=author)
    )
    if answered.rowcount == 0:
        names = connection.scalars(
            sa.select(SourceClass.name)
            .where(SourceClass.source_id == source_id)
            .order_by(SourceClass.name)
        )
        raise NotFound("class of the tool", name, known=tuple(names))


def settle_new_class(connection: sa.Connection, source_id: int, name: str, class_id: int) -> None:
    """Point a class that was to be made at the one that was made."""
    connection.execute(
        sa.update(SourceClass)
        .where(
            SourceClass.source_id == source_id,
            SourceClass.name == name,
            SourceClass.answer == "new",
        )
        .values(answer="class", class_id=class_id)
    )


def add_class(connection: sa.Connection, project_id: int, name: str, *, revision: int) -> int:
    """Add a class to a project in an open revision, or return the one of this name."""
    found = connection.scalar(
        sa.select(Class.id).where(Class.project_id == project_id, Class.name == name)
    )
    if found is not None:
        return found
    last = connection.scalar(
        sa.select(sa.func.max(Class.position)).where(Class.project_id == project_id)
    )
    position = 0 if last is None else last + 1
    return int(
        connection.execute(
            sa.insert(Class)
            .values(
                project_id=project_id,
                name=name,
                source_id=str(position + 1),
                position=position,
                added_in=revision,
            )
            .returning(Class.id)
        ).scalar_one()
    )
