"""Label Studio as an annotation tool: what changed, what is there, what an annotation shows."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from curation.errors import ToolRefused, Unavailable
from curation.formats.label_studio_controls import offered_classes
from curation.formats.label_studio_regions import read_regions
from curation.sync.annotation_tool import Capabilities, Faults, ToolProject
from curation.sync.tools.label_studio.client import (
    SIGNATURE_FIELDS,
    TASK_FIELDS,
    Condition,
    LabelStudioClient,
    UserRecord,
)
from curation.sync.tools.label_studio.pages import PageSize
from curation.sync.tools.label_studio.pushing import Pusher
from curation.sync.tools.label_studio.tasks import (
    Person,
    TaskReader,
    image_field,
    signature_of,
    utc,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from curation.formats.shapes import AnnotationShapes
    from curation.sync.annotation_tool import (
        PushItem,
        RemoteTask,
        SentItem,
        Signature,
        Window,
    )
    from curation.sync.connection import Connection
    from curation.sync.http_client import Limits
    from curation.sync.tools.label_studio.client import ProjectRecord, TaskRecord

CAPABILITIES: Final = Capabilities(
    windowed=True, push=True, priority="field", review="note", webhooks=True
)
_IDS_A_REQUEST: Final = 100


class LabelStudioTool:
    """One project of a Label Studio server."""

    def __init__(self, client: LabelStudioClient) -> None:
        self._client = client
        self._reader: TaskReader | None = None
        self._names: dict[int, str] | None = None
        self._pages = PageSize()
        self._signature_pages = PageSize()
        self._pusher = Pusher(client, self._read)

    @property
    def capabilities(self) -> Capabilities:
        """What the tool can do."""
        return CAPABILITIES

    @property
    def faults(self) -> Faults:
        """What the connection survived so far."""
        return self._client.http.faults

    def project(self) -> ToolProject:
        """Return the project; raises `ToolRefused` for a wrong token or project."""
        record = self._look_up_project()
        classes = offered_classes(record.parsed_label_config)
        return ToolProject(record.title, classes, record.task_number)

    def server_time(self) -> str:
        """Return the server's time, cut to the whole second that its `Date` header tells.

        Raises:
            Unavailable: If the server tells no time.
        """
        header = self._client.date()
        try:
            moment = parsedate_to_datetime(header or "")
        except ValueError:
            raise Unavailable("Label Studio", "it tells no time (Date header)") from None
        return utc(moment)

    def changed(self, window: Window, *, after: str | None, limit: int) -> Sequence[RemoteTask]:
        """Return tasks changed in a window, those after an id, in order of id; none at the end."""
        conditions = [
            Condition.on("updated_at", "greater_or_equal", "Datetime", window.low),
            Condition.on("updated_at", "less", "Datetime", window.high),
            *_beyond(after),
        ]
        return self._read(self._page(self._pages, conditions, TASK_FIELDS, limit))

    def signatures(self, *, after: str | None, limit: int) -> Sequence[Signature]:
        """Return signatures of all tasks after an id, in order of id; none at the end."""
        pages = self._signature_pages
        found = self._page(pages, _beyond(after), SIGNATURE_FIELDS, limit)
        return [signature_of(record) for record in found]

    def fetch(self, ids: Sequence[str]) -> Sequence[RemoteTask]:
        """Return tasks by id, in order of id; those that are gone are left out."""
        waiting = sorted({int(each) for each in ids})
        found: list[RemoteTask] = []
        while waiting:
            size = self._pages.size(_IDS_A_REQUEST)
            asked, waiting = waiting[:size], waiting[size:]
            last: int | None = None
            # A page may hold fewer than were asked for, after a failure.
            while page := self._page(self._pages, _among(asked, last), TASK_FIELDS, len(asked)):
                found += self._read(page)
                last = page[-1].id
                if last == asked[-1]:
                    break
        return found

    def is_gone(self, task_id: str) -> bool:
        """Tell, by asking for the one task, that the project has it no more."""
        return not self._client.has_task(int(task_id))

    def shapes(
        self, regions: Any, *, size: tuple[int, int], classes: Mapping[str, str]
    ) -> AnnotationShapes:
        """Convert one annotation's raw regions; the tool's classes have no keys but their names."""
        del classes
        return read_regions(regions, size=size)

    def tasks_by_image(self, image_keys: Sequence[str]) -> Mapping[str, RemoteTask]:
        """Return the tasks that we made for images, by image key; the oldest of several."""
        return self._pusher.tasks_by_image(image_keys)

    def tasks_by_id(self, ids: Sequence[str]) -> Mapping[str, RemoteTask]:
        """Return tasks with what pushes left in them, by id; those that are gone are left out."""
        return self._pusher.tasks_by_id(ids)

    def takes(self, class_name: str, *, mask: bool) -> bool:
        """Tell whether a control takes a class as a box, or as a mask if it is one."""
        return self._pusher.takes(class_name, mask=mask)

    def send(self, items: Sequence[PushItem]) -> Sequence[SentItem]:
        """Create or change tasks, each exactly once whatever breaks; may be called again."""
        return self._pusher.send(items)

    def drop_duplicates(self, keys: Sequence[str]) -> int:
        """Delete further tasks of a key that nobody worked on; return how many."""
        return self._pusher.drop_duplicates(keys)

    def close(self) -> None:
        """Release connections."""
        self._client.close()

    def _page(
        self, pages: PageSize, conditions: Sequence[Condition], include: str, limit: int
    ) -> list[TaskRecord]:
        """Return the first tasks of a listing, fewer of them where the answer fails or is heavy."""
        while True:
            size = pages.size(limit)
            attempts = pages.attempts(limit)
            try:
                answer = self._client.tasks(
                    conditions, size=size, include=include, attempts=attempts
                )
            except ToolRefused:
                raise
            except Unavailable:
                if not pages.shrink(limit):
                    raise
                continue
            pages.weigh(answer.size, len(answer.value))
            return answer.value

    def _read(self, records: Sequence[TaskRecord]) -> list[RemoteTask]:
        if self._reader is None:
            config = self._look_up_project().parsed_label_config
            self._reader = TaskReader(image_field(config), self._name)
        return [self._reader.read(record) for record in records]

    def _look_up_project(self) -> ProjectRecord:
        record = self._client.project()
        self._reader = TaskReader(image_field(record.parsed_label_config), self._name)
        return record

    def _name(self, person: Person) -> str | None:
        """Return a person's e-mail address or name; who is not listed is named by number."""
        if person is None:
            return None
        if isinstance(person, UserRecord):
            return _shown(person)
        if self._names is None:
            self._names = self._list_names()
        return self._names.setdefault(person, f"user {person}")

    def _list_names(self) -> dict[int, str]:
        try:
            return {user.id: _shown(user) for user in self._client.users()}
        except ToolRefused:
            # Some roles may not list people; labels are worth more than names.
            return {}


def open_tool(connection: Connection, *, limits: Limits | None = None) -> LabelStudioTool:
    """Connect to one project; nothing is sent before something is asked for.

    Raises:
        OriginNotAllowed: If an admin did not allow the address.
        InvalidSetting: If the address, the project's number or the token cannot be meant.
    """
    return LabelStudioTool(LabelStudioClient(connection, limits=limits))


def _beyond(after: str | None) -> list[Condition]:
    return [] if after is None else [Condition.on("id", "greater", "Number", int(after))]


def _among(ids: Sequence[int], after: int | None) -> list[Condition]:
    wanted = Condition.on("id", "in_list", "List", list(ids))
    return [wanted, *_beyond(None if after is None else str(after))]


def _shown(user: UserRecord) -> str:
    name = " ".join(filter(None, (user.first_name, user.last_name)))
    return user.email or name or f"user {user.id}"
