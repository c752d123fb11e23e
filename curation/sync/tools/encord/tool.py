"""Encord as an annotation tool: one task for each image of its label rows."""

from __future__ import annotations

import importlib
from bisect import bisect_right
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from curation.errors import MissingExtra, ToolRefused
from curation.formats.encord_labels import read_unit, refused_record
from curation.sync.annotation_tool import (
    Capabilities,
    Faults,
    RemoteAnnotation,
    RemoteTask,
    ToolProject,
)
from curation.sync.origins import check_origin, origin_of
from curation.sync.tools.encord.row_states import NO_TIME, row_of_task, rows_of_tasks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from curation.formats.shapes import AnnotationShapes
    from curation.sync.annotation_tool import Signature, Window
    from curation.sync.connection import Connection
    from curation.sync.tools.encord.row_states import RowState, UnitState
    from curation.sync.tools.encord.rows import EncordRows, UnitRecords

CAPABILITIES: Final = Capabilities(windowed=True, tried=False)


def open_tool(connection: Connection) -> EncordTool:
    """Connect to one project.

    Raises:
        OriginNotAllowed: If an admin did not allow the address; nothing is sent then.
        InvalidSetting: If the location is no address.
        MissingExtra: If the SDK is not installed.
        ToolRefused: If the key is none, or the service refuses it or the project.
        Unavailable: If the service does not answer.
    """
    check_origin(connection.location, connection.allowed_origins)
    try:
        UUID(connection.tool_project)
    except ValueError:
        raise ToolRefused(connection.name, 404, "a project's ID is a UUID") from None
    # Without a key the SDK would look for one in the environment of the process.
    if connection.secret is None or not connection.secret.reveal().strip():
        raise ToolRefused(connection.name, 401, "no private key is stored")
    try:
        rows = importlib.import_module("curation.sync.tools.encord.rows")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "encord":
            raise
        raise MissingExtra("encord") from error
    faults = Faults()
    return EncordTool(
        rows.EncordRows(
            connection.name,
            origin_of(connection.location),
            faults,
            key=connection.secret,
            project_id=connection.tool_project,
        ),
        faults,
    )


class EncordTool:
    """One project of Encord.

    Args:
        rows: Its label rows.
        faults: What the connection survived.
    """

    def __init__(self, rows: EncordRows, faults: Faults) -> None:
        self._rows = rows
        self._faults = faults
        # The service lists everything in one call: pages are cut from what it said.
        self._changed: tuple[Window, list[str]] | None = None
        self._signatures: list[Signature] | None = None

    @property
    def capabilities(self) -> Capabilities:
        """What the tool can do."""
        return CAPABILITIES

    @property
    def faults(self) -> Faults:
        """What the connection survived so far."""
        return self._faults

    def project(self) -> ToolProject:
        """Return the project."""
        return ToolProject(self._rows.title, self._rows.classes)

    def server_time(self) -> str:
        """Return the service's time."""
        return self._rows.server_time()

    def changed(self, window: Window, *, after: str | None, limit: int) -> Sequence[RemoteTask]:
        """Return tasks whose row was edited or moved in a window, in order of id."""
        if after is None or self._changed is None or self._changed[0] != window:
            self._changed = (window, self._changed_ids(window))
        ids = self._changed[1]
        start = 0 if after is None else bisect_right(ids, after)
        while start < len(ids):
            found = self.fetch(ids[start : start + limit])
            if found:
                return found
            start += limit  # a whole page went meanwhile; an empty one would be the end
        return []

    def _changed_ids(self, window: Window) -> list[str]:
        rows = {row.data_hash: row for row in self._rows.edited(window)}
        moved = self._rows.moved(window) - rows.keys()
        rows.update({row.data_hash: row for row in self._rows.some(sorted(moved))})
        return sorted(unit.id for row in rows.values() for unit in row.units)

    def signatures(self, *, after: str | None, limit: int) -> Sequence[Signature]:
        """Return signatures of all tasks after an id, in order of id."""
        if after is None or self._signatures is None:
            found = [one for row in self._rows.all() for one in row.signatures()]
            self._signatures = sorted(found, key=_id)
        start = 0 if after is None else bisect_right(self._signatures, after, key=_id)
        return self._signatures[start : start + limit]

    def fetch(self, ids: Sequence[str]) -> Sequence[RemoteTask]:
        """Return tasks by id; those that are gone are left out."""
        wanted = set(ids)
        return [
            _task(row, unit, records)
            for row, records in self._rows.with_labels(rows_of_tasks(ids))
            for unit in row.units
            if unit.id in wanted
        ]

    def is_gone(self, task_id: str) -> bool:
        """Tell, by asking for its row, that the service has a task no more."""
        rows = self._rows.some([row_of_task(task_id)])
        return not any(unit.id == task_id for row in rows for unit in row.units)

    def shapes(
        self,
        regions: Any,
        *,
        size: tuple[int, int],
        classes: Mapping[str, str],
    ) -> AnnotationShapes:
        """Convert the record of one image."""
        return read_unit(regions, size)

    def close(self) -> None:
        """Release connections: the SDK keeps none."""


def _id(signature: Signature) -> str:
    return signature.id


def _task(row: RowState, unit: UnitState, records: UnitRecords) -> RemoteTask:
    return RemoteTask(
        id=unit.id,
        created_at=NO_TIME,
        updated_at=row.edited_at,
        image=unit.title,
        image_key=None,
        width=unit.width,
        height=unit.height,
        status=row.status,
        status_by=row.actor,
        status_at=None,
        fields=row.fields,
        annotations=_annotations(row, unit, records),
    )


def _annotations(
    row: RowState, unit: UnitState, records: UnitRecords
) -> tuple[RemoteAnnotation, ...]:
    """Return the work of an image: one annotation, or none while somebody works on it."""
    if not row.has_work():
        return ()
    missing = refused_record(row.refusal or "Encord sent no labels of this image")
    record = records.get(unit.data_hash, missing)
    authors = {one.get("createdBy") for one in record.get("objects", ())} - {None}
    author = authors.pop() if len(authors) == 1 else row.actor
    return (
        RemoteAnnotation(
            id=unit.id,
            updated_at=row.edited_at,
            author=author,
            cancelled=False,
            ground_truth=False,
            regions=record,
        ),
    )
