"""The routes of syncs in the real server, behind its gate: nothing planted is ever written down."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from curation.store.database import Database
from curation.store.sources import change_source, get_source
from curation.sync.webhooks import make_hook
from tests.curation.sync.canaries import traces_in_folder
from tests.servers.application import served
from tests.servers.databases import Templates
from tests.ui.sync_world import World, bearer, make_world


@pytest.fixture
def store(database_templates: Templates, tmp_path: Path) -> Iterator[Database]:
    folder = tmp_path / "data"
    folder.mkdir()
    url = database_templates.copy_sqlite(folder / "curation.sqlite")
    with closing(Database(url, data_dir=folder)) as opened:
        yield opened


def ask(url: str, headers: dict[str, str], body: bytes | None = None) -> tuple[int, Any]:
    request = urllib.request.Request(url, headers=headers, data=body)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_server__start_watch_and_hint_and_no_trace_of_a_secret(
    store: Database, tmp_path: Path
) -> None:
    world: World = make_world(store)
    hook = make_hook(store, get_source(store, world.source))
    mine = bearer(world.token)
    with served(tmp_path / "data", log=tmp_path / "log", options=["--no-worker"]) as app:
        path = f"{app.url}/api/sources/{world.source}"
        status, started = ask(f"{path}/sync", mine, b'{"reconcile": true}')
        assert status == 202
        assert ask(f"{path}/sync", mine, b"") == (202, started)
        assert ask(app.url + started["url"], mine)[1]["status"] == "queued"
        assert ask(path, mine)[1]["state"] == "syncing"
        assert ask(path, bearer(world.foreign_token))[0] == 404
        assert ask(path, {})[0] == 401
        # The gate: another site's page, and another name for this machine.
        assert ask(f"{path}/sync", {**mine, "Origin": "http://evil.example"}, b"")[0] == 403
        assert ask(f"{path}/sync", {**mine, "Host": "evil.example"}, b"")[0] == 421
        call = (f"{app.url}/hooks/sources/{world.source}", {"X-Curation-Secret": hook}, b"{}")
        with store.write() as connection:  # nobody else can write meanwhile
            change_source(connection, world.source, due=None)
            began = time.monotonic()
            assert ask(*call) == (202, {"accepted": True})
            assert time.monotonic() - began < 1
        _wait_until_due(store, world.source)
    for secret in (world.token, world.foreign_token, hook):
        assert traces_in_folder(secret, tmp_path) == []


def _wait_until_due(store: Database, source_id: int) -> None:
    deadline = time.monotonic() + 20
    while get_source(store, source_id).due is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
