"""Two saved tabs in the tool's task list: work by priority, and asked-for reviews."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from curation.errors import ToolRefused, Unavailable
from curation.sync.annotation_tool import PRIORITY, REVIEW, REVIEW_ASKED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.sync.tools.label_studio.client import LabelStudioClient

QUEUE: Final = "Curation queue"
REVIEWS: Final = "Curation review"
_ROUNDS: Final = 6
_SHOWN: Final = {"tasks:data.priority": "Number"}
_ORDER: Final = [f"-tasks:data.{PRIORITY}"]

TABS: Final[dict[str, dict[str, Any]]] = {
    QUEUE: {
        "title": QUEUE,
        "type": "list",
        "ordering": _ORDER,
        "columnsDisplayType": _SHOWN,
        "filters": {"conjunction": "and", "items": []},
    },
    REVIEWS: {
        "title": REVIEWS,
        "type": "list",
        "ordering": _ORDER,
        "columnsDisplayType": _SHOWN,
        "filters": {
            "conjunction": "and",
            "items": [
                {
                    "filter": f"filter:tasks:data.{REVIEW}",
                    "operator": "equal",
                    "type": "String",
                    "value": REVIEW_ASKED,
                }
            ],
        },
    },
}


class _Tab(msgspec.Struct):
    id: int
    data: dict[str, Any] | None = None


def make_tabs(client: LabelStudioClient, titles: Sequence[str]) -> bool:
    """Make tabs that the project lacks, each once; one that people changed stays as it is.

    Work goes out without them too: a token that may not make tabs, or a server that does not
    answer, costs their order only.

    Returns:
        Whether they are there.
    """
    try:
        for number in range(_ROUNDS):
            tabs = _tabs(client)
            lacking = [title for title in titles if title not in tabs]
            surplus = [tab for title in titles for tab in tabs.get(title, ())[1:]]
            if not lacking and not surplus:
                return True
            done = [_send(client, "POST", _path(), _new(client, title)) for title in lacking]
            done += [_send(client, "DELETE", _path(tab.id), None) for tab in surplus]
            if not all(done):
                client.http.pause(number)
    except Unavailable:
        pass
    client.http.faults.add("tab not made")
    return False


def _path(number: int | None = None) -> str:
    return "/api/dm/views/" if number is None else f"/api/dm/views/{number}/"


def _new(client: LabelStudioClient, title: str) -> dict[str, Any]:
    return {"project": client.project_id, "data": TABS[title]}


def _tabs(client: LabelStudioClient) -> dict[str, list[_Tab]]:
    """Return the tabs of the project by title; those that only copies of ours share a title."""
    answer = client.http.get(
        "/api/dm/views/", {"project": client.project_id}, shape=list[_Tab]
    ).value
    found: dict[str, list[_Tab]] = {}
    for tab in sorted(answer, key=lambda each: each.id):
        title = str((tab.data or {}).get("title"))
        same = found.setdefault(title, [])
        # Further ones count as ours only while nobody has changed them.
        if not same or _is_untouched(tab, title):
            same.append(tab)
    return found


def _is_untouched(tab: _Tab, title: str) -> bool:
    made = TABS.get(title)
    return made is not None and all((tab.data or {}).get(name) == made[name] for name in made)


def _send(client: LabelStudioClient, method: str, path: str, payload: Any) -> bool:
    try:
        client.http.send(method, path, payload, shape=Any)
    except ToolRefused as error:
        if error.status != 404:
            raise
    except Unavailable:
        return False
    return True
