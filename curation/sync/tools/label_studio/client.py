"""Label Studio's HTTP interface, as far as a sync uses it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from curation.errors import InvalidSetting, ToolRefused
from curation.sync.http_client import Answer, HttpClient, Limits
from curation.sync.tools.label_studio.tokens import Untold, authorization_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.sync.connection import Connection
    from curation.sync.http_client import Authorization

NOT_FOUND: Final = 404

# The server applies `include` to annotations too, so their fields stand in the same list.
TASK_FIELDS: Final = (
    "id,data,meta,created_at,updated_at,draft_exists,"
    "annotations,result,completed_by,updated_by,was_cancelled,ground_truth"
)
SIGNATURE_FIELDS: Final = "id,created_at,updated_at,total_annotations,cancelled_annotations"


class ProjectRecord(msgspec.Struct):
    """A project; `parsed_label_config` is its labelling screen, control by control."""

    id: int
    title: str
    parsed_label_config: Any = None
    task_number: int | None = None
    label_config: str = ""


class UserRecord(msgspec.Struct):
    """A person who works in the tool."""

    id: int
    email: str = ""
    first_name: str | None = None
    last_name: str | None = None


class AnnotationRecord(msgspec.Struct):
    """One annotation; `completed_by` is a user's id or the user itself."""

    id: int
    updated_at: datetime
    result: Any = None
    completed_by: int | UserRecord | None = None
    updated_by: int | UserRecord | None = None
    was_cancelled: bool | None = None
    ground_truth: bool | None = None


class PredictionRecord(msgspec.Struct):
    """What an annotator of a task starts from."""

    id: int
    model_version: str | None = None
    result: Any = None


class TaskRecord(msgspec.Struct):
    """One task, with what the listing was asked to include."""

    id: int
    created_at: datetime
    updated_at: datetime
    data: dict[str, Any] = {}
    meta: Any = None
    draft_exists: bool | None = None
    annotations: list[AnnotationRecord] = []
    predictions: list[PredictionRecord] = []
    overlap: int | None = None
    total_annotations: int | None = None
    cancelled_annotations: int | None = None


class _Listing(msgspec.Struct):
    tasks: list[TaskRecord]


class _Placed(msgspec.Struct):
    project: int


class Condition(msgspec.Struct):
    """One condition of a listing.

    >>> Condition.on("id", "greater", "Number", 7).filter
    'filter:tasks:id'
    """

    filter: str
    operator: str
    type: str
    value: Any

    @classmethod
    def on(
        cls,
        column: str,
        operator: Literal["greater", "greater_or_equal", "less", "equal", "in_list"],
        kind: Literal["Number", "Datetime", "String", "List"],
        value: Any,
    ) -> Condition:
        """Return a condition on a column, such as `updated_at` or `data.curation_image`."""
        return cls(f"filter:tasks:{column}", operator, kind, value)


class LabelStudioClient:
    """One project of a Label Studio server.

    Attributes:
        http: The connection; what the methods here do not offer is sent with it.
        project_id: The project's number.

    Raises:
        OriginNotAllowed: If an admin did not allow the address; nothing is sent then.
        InvalidSetting: If the address, the project's number or the token cannot be meant.
    """

    def __init__(self, connection: Connection, *, limits: Limits | None = None) -> None:
        if not connection.tool_project.strip().isdecimal():
            raise InvalidSetting(
                "project in the tool",
                connection.tool_project,
                allowed="its number, as in the address /projects/12",
            )
        self.project_id = int(connection.tool_project)
        token = connection.secret.reveal().strip() if connection.secret else ""
        anonymous = _connect(connection, Untold(token), limits)
        self.http = _connect(connection, authorization_of(token, anonymous), limits)
        self.http.faults = anonymous.faults  # both count into one
        self._anonymous = anonymous

    def project(self) -> ProjectRecord:
        """Return the project; raises `ToolRefused` for a wrong token or project."""
        return self.http.get(f"/api/projects/{self.project_id}/", shape=ProjectRecord).value

    def date(self) -> str | None:
        """Return the server's `Date` header."""
        return self.http.get("/api/version/", shape=dict[str, Any]).date

    def tasks(
        self,
        conditions: Sequence[Condition],
        *,
        size: int,
        include: str = TASK_FIELDS,
        attempts: int | None = None,
    ) -> Answer[list[TaskRecord]]:
        """Return the first tasks that meet all conditions, in order of id.

        It is always the first page: later pages shift when a task leaves the listing meanwhile.

        Args:
            conditions: What they must meet.
            size: The most that are returned.
            include: Fields, of tasks and annotations alike.
            attempts: Fewer attempts than usual.
        """
        chosen = {
            "filters": {"conjunction": "and", "items": list(conditions)},
            "ordering": ["tasks:id"],
        }
        query: dict[str, str | int] = {
            "project": self.project_id,
            "page": 1,
            "page_size": size,
            "include": include,
            "resolve_uri": "false",  # addresses as they were given, not signed ones
            "query": msgspec.json.encode(chosen).decode(),
        }
        if {"annotations", "predictions"} & set(include.split(",")):
            query["fields"] = "all"
        answer = self.http.get("/api/tasks/", query, shape=_Listing, attempts=attempts)
        return Answer(answer.value.tasks, answer.date, answer.size)

    def has_task(self, task_id: int) -> bool:
        """Ask for one task by its id; False when the tool has none, or has it elsewhere.

        Raises:
            ToolRefused: If the answer does not come from Label Studio (a proxy's 404 has no words).
        """
        try:
            placed = self.http.get(f"/api/tasks/{task_id}/", shape=_Placed).value
        except ToolRefused as refusal:
            if refusal.status == NOT_FOUND and refusal.detail:
                return False
            raise
        return placed.project == self.project_id

    def users(self) -> list[UserRecord]:
        """Return the people of the organisation."""
        return self.http.get("/api/users/", shape=list[UserRecord]).value

    def close(self) -> None:
        """Release connections."""
        self.http.close()
        self._anonymous.close()


def _connect(
    connection: Connection, authorization: Authorization, limits: Limits | None
) -> HttpClient:
    return HttpClient(
        connection.name,
        connection.location,
        allowed_origins=connection.allowed_origins,
        authorization=authorization,
        limits=limits,
    )
