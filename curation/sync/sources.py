"""Sources as people set them up: checked before they are kept, opened for a sync."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from curation.errors import Conflict, InvalidSetting, NotFound
from curation.store.jobs import OPEN, get_job
from curation.store.remote_tasks import mark_all_dirty
from curation.store.source_classes import note_classes, note_offered
from curation.store.sources import (
    SourceRow,
    add_source,
    change_source,
    delete_source,
    get_source,
    list_sources,
)
from curation.sync.chosen_work import COUNTS
from curation.sync.connection import Connection
from curation.sync.schedules import next_time
from curation.sync.secrets import check_place, open_secret
from curation.sync.tools.registry import tool_kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from curation.settings import Settings
    from curation.store.database import Database
    from curation.sync.annotation_tool import AnnotationTool, ToolProject

__all__ = [
    "OPTIONS",
    "SourceDraft",
    "SourceRow",
    "change_options",
    "check_source",
    "find_source",
    "get_source",
    "keep_source",
    "list_sources",
    "open_tool",
    "remove_source",
]

OPTIONS: Final = {
    "images": "folder or s3://bucket/prefix of the pictures that new images are looked up in",
    "image_address": "how the tool opens an image, with {file_name}",
    "work_state": "which work counts: " + ", ".join(COUNTS),
    "add_images": "whether tasks of unknown images add them (true or false)",
    "split": "split of the images that the source brings",
    "format": "format of files: coco, yolo or cvat; told by their names without it",
    "files": "names of the JSON or XML files that are read, such as instances_*.json",
    "missing_label": "what an image without any label is: unlabelled or background (YOLO, CVAT)",
    "deadline_minutes": "how long one run may last",
}
"""What a source may be told beyond its address."""
_DECIDES_WORK: Final = frozenset({"work_state", "add_images"})
_DECIDES_READING: Final = frozenset({"format", "files", "missing_label"})


@dataclass(frozen=True, slots=True)
class SourceDraft:
    """A source that is to be kept.

    Args:
        project_id: The project.
        name: Its name, unique in the project.
        kind: A kind of `TOOLS`.
        location: URL, folder or `s3://` prefix.
        tool_project: Number or key of the project in the tool.
        secret_kind: Where its token is: `env`, `file`, `stored` or `none`.
        secret: The name of the variable, the path, or the sealed token.
        schedule: Cron expression (UTC), None for by hand only.
        options: See `OPTIONS`.
    """

    project_id: int
    name: str
    kind: str
    location: str
    tool_project: str = ""
    secret_kind: str = "none"  # noqa: S105  # the name of a place
    secret: str = ""
    schedule: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


def keep_source(database: Database, settings: Settings, draft: SourceDraft) -> int:
    """Check a source by asking its tool, keep it, and return its id.

    The classes that the tool offers are recorded: those named as the project's are answered.

    Raises:
        UsageError: If a setting cannot be meant, or the name is taken.
        ToolRefused: If the token or the project is wrong.
        Unavailable: If the tool does not answer.
    """
    found = check_source(settings, draft)
    values = {
        "name": draft.name,
        "kind": draft.kind,
        "location": draft.location,
        "tool_project": draft.tool_project,
        "options": dict(draft.options),
        "secret_kind": draft.secret_kind,
        "secret": draft.secret,
        "schedule": draft.schedule,
        "due": next_time(draft.schedule),
    }
    with database.write() as connection:
        source_id = add_source(connection, draft.project_id, values)
        note_classes(connection, source_id, draft.project_id, found.classes)
        note_offered(connection, source_id, found.classes)
    return source_id


def check_source(settings: Settings, draft: SourceDraft) -> ToolProject:
    """Ask the tool of a source for its project.

    Raises:
        UsageError: If a setting cannot be meant.
        ToolRefused: If the token or the project is wrong.
        Unavailable: If the tool does not answer.
    """
    kind = tool_kind(draft.kind)
    if not draft.name.strip() or len(draft.name) > 200:
        raise InvalidSetting("name", draft.name, allowed="a name of 1 to 200 characters")
    if kind.needs_project and not draft.tool_project:
        raise InvalidSetting("tool project", "", allowed=f"the project's number in {kind.title}")
    if kind.needs_secret and draft.secret_kind == "none":  # noqa: S105  # the name of a place
        raise InvalidSetting("token", "missing", allowed="a variable, a file or a stored token")
    _check_options(draft.options)
    next_time(draft.schedule)
    check_place(draft.secret_kind, draft.secret)
    connection = Connection(
        name=draft.name,
        location=draft.location,
        tool_project=draft.tool_project,
        secret=open_secret(settings, draft.secret_kind, draft.secret),
        allowed_origins=settings.tool_origins,
        options=draft.options,
        s3_endpoint=settings.s3_endpoint,
        spool=settings.data_dir / "spool",
    )
    tool = kind.open(connection)
    try:
        return tool.project()
    finally:
        tool.close()


def _check_options(options: Mapping[str, Any]) -> None:
    for name, value in options.items():
        if name not in OPTIONS:
            raise NotFound("option of a source", name, known=tuple(OPTIONS))
        if name == "work_state" and value not in COUNTS:
            raise InvalidSetting(name, value, allowed=" or ".join(COUNTS))
        if name == "image_address" and "{file_name}" not in str(value):
            raise InvalidSetting(name, value, allowed="a template with {file_name}")
        if name == "add_images" and not isinstance(value, bool):
            raise InvalidSetting(name, value, allowed="true or false")
        if name == "deadline_minutes" and not (isinstance(value, int | float) and value > 0):
            raise InvalidSetting(name, value, allowed="a number of minutes above 0")


@contextmanager
def open_tool(settings: Settings, source: SourceRow) -> Iterator[AnnotationTool]:
    """Connect to the tool of a source while the block runs.

    Raises:
        OriginNotAllowed: If an admin has not allowed the address.
        InvalidSetting: If its token is not where it should be.
    """
    tool = tool_kind(source.kind).open(
        Connection(
            name=source.name,
            location=source.location,
            tool_project=source.tool_project,
            secret=open_secret(settings, source.secret_kind, source.secret),
            allowed_origins=settings.tool_origins,
            options=source.options,
            s3_endpoint=settings.s3_endpoint,
            spool=settings.data_dir / "spool",
        )
    )
    try:
        yield tool
    finally:
        tool.close()


def find_source(database: Database, name: str, *, project: str | None = None) -> SourceRow:
    """Return a source by its name, of a project where several have one of this name.

    Raises:
        NotFound: If there is none.
        Conflict: If several projects have one and none was named.
    """
    rows = [row for row in list_sources(database) if project in (None, row.project)]
    found = [row for row in rows if row.name == name]
    if not found:
        raise NotFound("source", name, known=tuple(row.name for row in rows))
    if len(found) > 1:
        projects = ", ".join(row.project for row in found)
        raise Conflict(
            f"Several projects have a source {name!r}: {projects}.",
            next_step="Name the project with --project.",
        )
    return found[0]


def change_options(
    database: Database, source: SourceRow, *, schedule: str | None, enabled: bool, **options: Any
) -> None:
    """Change when and how a source is synced; None takes an option away.

    What decides which work counts, or how files are read, makes the next run look at everything
    again: tasks that are settled would keep the labels of the old answer.

    Raises:
        UsageError: If a value cannot be meant.
    """
    kept = {name: value for name, value in (source.options | options).items() if value is not None}
    _check_options(kept)
    changed = {name for name in OPTIONS if kept.get(name) != source.options.get(name)}
    with database.write() as connection:
        if changed & _DECIDES_WORK:
            mark_all_dirty(connection, source.id)
        if changed & _DECIDES_READING:
            change_source(connection, source.id, high_water=None)
        change_source(
            connection,
            source.id,
            schedule=schedule,
            due=next_time(schedule) if enabled else None,
            enabled=enabled,
            options=kept,
        )


def remove_source(database: Database, source: SourceRow) -> None:
    """Forget a source and the copy of its tool; labels and images that it brought stay.

    Raises:
        Conflict: While it syncs.
    """
    if source.job_id is not None and get_job(database, source.job_id).status in OPEN:
        raise Conflict(
            f"{source.name} is being synced.", next_step="Wait for it, or cancel the job first."
        )
    with database.write() as connection:
        delete_source(connection, source.id)
