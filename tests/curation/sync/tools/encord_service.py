"""A stand-in for Encord's service on this machine: answers with what the SDK itself serialises.

It shows that the SDK's own client and our adapter fit together. It is no proof of how the real
service behaves.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from curation.settings import Secret
from curation.sync.annotation_tool import WindowedTool
from curation.sync.connection import Connection
from curation.sync.tools.registry import tool_kind
from tests.curation.encord_rows import (
    CAR,
    MOMENT,
    ONTOLOGY_ID,
    SIZE,
    STRUCTURE,
    draw,
    geometry,
    image_row,
    sdk,
)

BOX = geometry.BoundingBoxCoordinates(height=0.5, width=0.25, top_left_x=0.125, top_left_y=0.25)

PROJECT_ID = "22222222-0000-4000-8000-000000000000"
ANNOTATE, REVIEW, COMPLETE, ARCHIVE = (f"{n}0000000-0000-4000-8000-000000000000" for n in "3456")
STAGES = {
    ANNOTATE: ("ANNOTATION", "Annotate 1"),
    REVIEW: ("REVIEW", "Review 1"),
    COMPLETE: ("DONE", "Complete"),
    ARCHIVE: ("DONE", "Archived"),
}


def key_text(key) -> Secret:
    told = (Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    return Secret(key.private_bytes(*told).decode())


KEY = key_text(Ed25519PrivateKey.generate())


def car_row(*sizes):
    """Return a row of the SDK with a car in its first image."""
    row = image_row(*(sizes or (SIZE,)))
    draw(row, CAR, BOX)
    return row


def data_hash(number: int) -> str:
    return f"{number:08d}-aaaa-4000-8000-000000000000"


@dataclass
class Service:
    """What the stand-in holds and was asked; `failure` is what it answers instead."""

    rows: dict[str, tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=dict)
    actions: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    failure: str | None = None
    actions_status: int = 200
    status: int = 200
    workflow: bool = True
    url: str = ""

    def put(self, number: int, row: Any, *, edited: datetime | None, **told: Any) -> str:
        """Hold a row of the SDK under a number; without a time of edit nobody opened it."""
        content, own = row.to_encord_dict(), data_hash(number)
        label_hash = None if edited is None else f"{number:08d}-bbbb-4000-8000-000000000000"
        content |= {"label_hash": label_hash, "data_hash": own}
        units = list(content["data_units"].values())
        for place, unit in enumerate(units):
            unit["data_hash"] = own if len(units) == 1 else data_hash(number * 100 + place)
            unit["data_title"] = f"image-{unit['data_hash'][:8]}.png"
        content["data_units"] = {unit["data_hash"]: unit for unit in units}
        self.rows[own] = (_listed(content, units, edited, told), content)
        return own

    def move(self, number: int, stage: str, *, at: datetime) -> None:
        """Move a row to another stage, as a reviewer does: no label changes."""
        self.rows[data_hash(number)][0]["workflow_graph_node"] = _node(stage)
        self.actions.append(
            {
                "timestamp": at.isoformat(),
                "actionType": "approve",
                "projectUuid": PROJECT_ID,
                "workflowStageUuid": stage,
                "taskUuid": data_hash(number),
                "dataUnitUuid": data_hash(number),
                "actorEmail": "rita@example.com",
            }
        )

    def answer(self, query: dict[str, Any]) -> Any:
        """Answer a request of the older interface."""
        payload, uids = query["values"]["payload"], query["values"]["uid"]
        if query["query_type"] == "labelrowmetadata":
            return [row for row, _ in self.rows.values() if _asked_for(row, payload)]
        assert query["query_type"] == "labelrow"
        assert query["query_method"] == "GET"  # reading makes no label rows
        return [content for _, content in self.rows.values() if content["label_hash"] in uids]

    def document(self, path: str, query: dict[str, list[str]]) -> Any:
        """Answer a request of the newer interface."""
        if path.endswith("/task-actions"):
            low, high = (datetime.fromisoformat(query[name][0]) for name in ("after", "before"))
            moved = [
                one
                for one in self.actions
                if low <= datetime.fromisoformat(one["timestamp"]) < high
            ]
            return {"results": moved, "nextPageToken": None}
        if "/ontologies/" in path:
            return _ontology()
        return _project(workflow=self.workflow)


def _listed(content, units, edited: datetime | None, told: dict[str, Any]) -> dict[str, Any]:
    group = len(units) > 1
    images = [
        {
            "index": place,
            "title": unit["data_title"],
            "file_type": "image/png",
            "height": unit["height"],
            "width": unit["width"],
            "image_hash": unit["data_hash"],
        }
        for place, unit in enumerate(units)
    ]
    listed = {
        **{key: content[key] for key in ("label_hash", "data_hash", "branch_name")},
        "created_at": None if edited is None else MOMENT.isoformat(),
        "last_edited_at": None if edited is None else edited.isoformat(),
        "dataset_hash": PROJECT_ID,
        "dataset_title": "Streets",
        "data_title": "a group" if group else units[0]["data_title"],
        "data_type": "IMG_GROUP" if group else "IMAGE",
        "data_link": None,
        "label_status": "LABEL_IN_PROGRESS",
        "annotation_task_status": "QUEUED",
        "workflow_graph_node": _node(told.pop("stage", ANNOTATE)),
        "number_of_frames": len(units),
        "height": None if group else units[0]["height"],
        "width": None if group else units[0]["width"],
        "images_data": images if group else None,
        "spaces": {},
        "priority": 0.5,
        "last_actioned_by_user_email": "rita@example.com",
    }
    return sdk.LabelRowMetadata.from_dict({**listed, **told}).to_dict()


def _node(stage: str | None) -> dict[str, str] | None:
    return None if stage is None else {"uuid": stage, "title": STAGES[stage][1]}


def _asked_for(row: dict[str, Any], payload: dict[str, Any]) -> bool:
    edited, hashes = row["last_edited_at"], payload["data_hashes"]
    if hashes is not None and row["data_hash"] not in hashes:
        return False
    for name, in_bounds in (
        ("edited_after", lambda edit, bound: edit >= bound),
        ("edited_before", lambda edit, bound: edit <= bound),
    ):
        bound = payload[name]
        if bound is not None and (
            edited is None
            or not in_bounds(datetime.fromisoformat(edited), datetime.fromisoformat(bound))
        ):
            return False
    return True


def _ontology() -> dict[str, Any]:
    return {
        "ontologyUuid": ONTOLOGY_ID,
        "title": "Streets",
        "description": "",
        "editor": STRUCTURE.to_dict(),
        "createdAt": MOMENT.isoformat(),
        "lastEditedAt": MOMENT.isoformat(),
        "userRole": 0,
    }


def _project(*, workflow: bool) -> dict[str, Any]:
    stages = [
        {"uuid": uuid, "stageType": kind, "title": title} for uuid, (kind, title) in STAGES.items()
    ]
    return {
        "projectHash": str(UUID(PROJECT_ID)),
        "projectType": "workflow" if workflow else "manual_qa",
        "status": "in_progress",
        "title": "Streets of a town",
        "description": "",
        "createdAt": MOMENT.isoformat(),
        "creatorEmail": "ann@example.com",
        "lastEditedAt": MOMENT.isoformat(),
        "ontologyHash": ONTOLOGY_ID,
        "editorOntology": STRUCTURE.to_dict(),
        "workflow": {"stages": stages} if workflow else None,
    }


@contextmanager
def running_service():
    """Serve on a free port of this machine."""
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            service.asked.append(parts.path)
            status = service.status
            if parts.path.endswith("/task-actions"):
                status = service.actions_status
            self._send(status, service.document(parts.path, parse_qs(parts.query)))

        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            service.asked.append(query["query_type"])
            if service.failure is not None:
                self._send(200, {"status": 400, "response": [service.failure], "payload": None})
            else:
                self._send(200, {"status": 200, "response": service.answer(query)})

        def _send(self, status: int, content: Any) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- inherited
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        service.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()


def connect(service, **changes) -> WindowedTool:
    told = {
        "name": "streets",
        "location": service.url,
        "tool_project": PROJECT_ID,
        "secret": KEY,
        "allowed_origins": (service.url,),
        **changes,
    }
    tool = tool_kind("encord").open(Connection(**told))
    assert isinstance(tool, WindowedTool)
    return tool
