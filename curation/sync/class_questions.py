"""Classes of a tool that nobody has said the meaning of: asked once, the answer is remembered."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from curation.errors import InvalidSetting, NotFound
from curation.store.images import read_classes
from curation.store.remote_tasks import mark_all_dirty
from curation.store.source_classes import (
    Answer,
    SourceClassRow,
    answer_class,
    list_source_classes,
    source_classes,
)

if TYPE_CHECKING:
    from curation.store.database import Database
    from curation.store.sources import SourceRow

__all__ = [
    "ClassQuestion",
    "SourceClassRow",
    "answer_question",
    "class_questions",
    "list_source_classes",
]


@dataclass(frozen=True, slots=True)
class ClassQuestion:
    """A class without an answer.

    Args:
        name: The tool's class.
        alike: Classes of the project with a similar name, most similar first.
        gone: Answered classes that the tool offers no more: it may be one of them, renamed.
        known: All classes of the project.
    """

    name: str
    alike: tuple[str, ...]
    gone: tuple[str, ...]
    known: tuple[str, ...]


def class_questions(database: Database, source: SourceRow) -> tuple[ClassQuestion, ...]:
    """Return the open questions of a source, with what the answer may be."""
    with database.read() as connection:
        rows = source_classes(connection, source.id)
        known = tuple(entry.name for entry in read_classes(connection, source.project_id))
    gone = tuple(row.class_name or row.name for row in rows if row.answer and not row.offered)
    folded = {name.casefold(): name for name in known}
    questions = []
    for row in rows:
        if row.answer is not None:
            continue
        alike = difflib.get_close_matches(row.name.casefold(), list(folded), n=3, cutoff=0.6)
        questions.append(ClassQuestion(row.name, tuple(folded[a] for a in alike), gone, known))
    return tuple(questions)


def answer_question(
    database: Database,
    source: SourceRow,
    name: str,
    *,
    answer: Answer,
    class_name: str | None = None,
    author: str,
) -> None:
    """Remember what a tool's class means; the next run acts on it.

    An answer that replaces another makes the next run look at every task again.

    Args:
        database: The store.
        source: The source.
        name: The tool's class.
        answer: `class` (then `class_name` is the project's), `new` or `ignore`.
        class_name: A class of the project.
        author: Who answers.

    Raises:
        NotFound: If the tool, or the project, has no such class.
        InvalidSetting: If `class` comes without a class.
    """
    if (answer == "class") != (class_name is not None):
        raise InvalidSetting("answer", answer, allowed="a class of the project, new, or ignore")
    with database.write() as connection:
        own = {entry.name: entry.id for entry in read_classes(connection, source.project_id)}
        if class_name is not None and class_name not in own:
            raise NotFound("class", class_name, known=tuple(own))
        before = {row.name: row.answer for row in source_classes(connection, source.id)}
        answer_class(
            connection,
            source.id,
            name,
            answer=answer,
            class_id=None if class_name is None else own[class_name],
            author=author,
        )
        if before.get(name) is not None:
            mark_all_dirty(connection, source.id)
