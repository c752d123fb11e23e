"""Two projects with a source each, and a way to ask the routes of syncs about them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from starlette.applications import Starlette

from curation.access.tokens import create_token
from curation.store.database import Database
from curation.store.sources import add_source
from curation.store.tables import Project
from ui.server import sync_service
from ui.sync_routes import HintLimits, sync_routes


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """The routes, asked one request at a time; `started` holds what starts were asked for."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.started: list[tuple[int, str, bool]] = []
        self.service = replace(sync_service(), start=self._start)
        self.limits = HintLimits()

    def _start(self, source_id: int, author: str, reconcile: bool) -> str:
        self.started.append((source_id, author, reconcile))
        return "job-of-the-sync"

    def change(self, **calls: Callable[..., Any]) -> None:
        self.service = replace(self.service, **calls)

    def ask(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        body: bytes | list[bytes] = b"",
        client: str = "10.0.0.1",
    ) -> Answer:
        return asyncio.run(self._ask(method, path, headers or {}, body, client))

    async def _ask(
        self, method: str, path: str, headers: dict[str, str], body: Any, client: str
    ) -> Answer:
        chunks = list(body) if isinstance(body, list) else [body]
        pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        scope: dict[str, Any] = {
            "type": "http",
            "method": method,
            "path": path,
            "root_path": "",
            "query_string": b"",
            "headers": pairs,
            "client": (client, 5000),
        }
        sent: list[Any] = []
        ended: list[float] = []

        async def receive() -> Any:
            if not chunks:
                await asyncio.sleep(60)  # a client that never ends its body
            chunk = chunks.pop(0)
            if chunk is None:
                return {"type": "http.disconnect"}
            more = bool(chunks) or isinstance(body, list)
            return {"type": "http.request", "body": chunk, "more_body": more}

        async def send(message: Any) -> None:
            sent.append(message)
            ended.append(time.monotonic())

        began = time.monotonic()
        app = Starlette(routes=sync_routes(self.service, self.limits))
        await app(scope, receive, send)
        found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        content = b"".join(message.get("body", b"") for message in sent[1:])
        return Answer(sent[0]["status"], found, content, ended[-1] - began)


@dataclass(frozen=True)
class World:
    """Two projects, each with a source and a token."""

    server: Server
    project: int
    source: int
    token: str
    foreign_source: int
    foreign_token: str
    viewer_token: str

    def get(self, path: str, *, token: str | None = None) -> Answer:
        return self.server.ask("GET", path, headers=bearer(token or self.token))

    def start(self, source: int | str, *, token: str | None = None, body: bytes = b"") -> Answer:
        headers = bearer(token or self.token)
        return self.server.ask("POST", f"/api/sources/{source}/sync", headers=headers, body=body)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def make_source(database: Database, project_id: int, name: str = "labels") -> int:
    values = {"name": name, "kind": "label-studio", "location": "https://labels.internal.example"}
    with database.write() as connection:
        return add_source(connection, project_id, values)


def make_world(database: Database) -> World:
    """Make the two projects."""
    ids = []
    for name in ("street", "cells"):
        with database.write() as connection:
            inserted = sa.insert(Project).values(name=name, status="ready").returning(Project.id)
            ids.append(int(connection.execute(inserted).scalar_one()))
    mine, foreign = ids
    return World(
        Server(database),
        mine,
        make_source(database, mine),
        create_token(database, mine, "nightly").secret.reveal(),
        make_source(database, foreign),
        create_token(database, foreign, "nightly").secret.reveal(),
        create_token(database, mine, "board", role="viewer").secret.reveal(),
    )
