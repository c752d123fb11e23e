from __future__ import annotations

import logging
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from curation.errors import MissingExtra, OriginNotAllowed, ToolRefused, Unavailable
from curation.settings import Secret
from curation.sync.connection import Connection
from curation.sync.tools.registry import tool_kind
from tests.curation.encord_rows import MOMENT
from tests.curation.sync.tools.encord_service import (
    KEY,
    PROJECT_ID,
    REVIEW,
    car_row,
    connect,
    data_hash,
    key_text,
    running_service,
)


@pytest.fixture
def service():
    with running_service() as running:
        yield running


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        ("AUTHENTICATION_ERROR", 401),
        ("AUTHORISATION_ERROR", 403),
        ("RESOURCE_NOT_FOUND_ERROR", 404),
    ],
)
def test_refusals__have_their_status(service, failure, status) -> None:
    tool = connect(service)
    service.failure = failure
    with pytest.raises(ToolRefused) as caught:
        tool.fetch([data_hash(1)])
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("failure", "counts"),
    [("RATE_LIMIT_ERROR", {"429": 1}), ("UNKNOWN_ERROR", {"UnknownException": 1})],
)
def test_failures__are_counted(service, failure, counts) -> None:
    tool = connect(service)
    service.failure = failure
    with pytest.raises(Unavailable):
        tool.signatures(after=None, limit=5)
    assert tool.faults.counts == counts


@pytest.mark.parametrize("status", [401, 403, 404])
def test_open__a_project_that_the_key_may_not_see(service, status) -> None:
    service.status = status
    with pytest.raises(ToolRefused) as caught:
        connect(service)
    assert caught.value.status == status


@pytest.mark.parametrize("location", ["https://evil.example", "http://127.0.0.1:1"])
def test_open__asks_nothing_of_an_address_that_is_not_allowed(service, location) -> None:
    with pytest.raises(OriginNotAllowed):
        connect(service, location=location)
    assert service.asked == []


def test_open__an_address_may_end_with_a_slash(service) -> None:
    assert connect(service, location=f"{service.url}/").project().title == "Streets of a town"


@pytest.mark.parametrize(
    "secret",
    [
        None,
        Secret("  "),
        Secret("CANARY no key"),
        key_text(generate_private_key(public_exponent=65537, key_size=2048)),
    ],
)
def test_open__a_secret_that_is_no_key_is_refused_and_not_shown(
    service, secret, caplog, monkeypatch
) -> None:
    monkeypatch.setenv("ENCORD_SSH_KEY", KEY.reveal())  # the SDK would take it
    with caplog.at_level(logging.DEBUG), pytest.raises(ToolRefused) as caught:
        connect(service, secret=secret)
    assert caught.value.status == 401
    text = secret.reveal().strip() if secret is not None else ""
    shown = f"{caught.value} {caplog.text}"
    assert not text or text.splitlines()[0] not in shown
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert service.asked == []


@pytest.mark.parametrize("project", ["", "7", "../ontologies"])
def test_open__a_project_id_is_a_uuid(service, project) -> None:
    with pytest.raises(ToolRefused) as caught:
        connect(service, tool_project=project)
    assert caught.value.status == 404
    assert service.asked == []


def test_key__stays_out_of_logs_and_requests(service, caplog) -> None:
    service.put(1, car_row(), edited=MOMENT, stage=REVIEW)
    with caplog.at_level(logging.DEBUG):
        tool = connect(service)
        tool.server_time()
        tool.fetch([data_hash(1)])
    body = "".join(KEY.reveal().splitlines()[1:-1])
    assert body[80:120] not in "".join(caplog.text.split())


def test_open__without_the_sdk(monkeypatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "encord"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "curation.sync.tools.encord.rows", raising=False)
    monkeypatch.setitem(sys.modules, "encord", None)
    url = "https://api.encord.com"
    connection = Connection("streets", url, PROJECT_ID, KEY, (url,))
    with pytest.raises(MissingExtra, match=r"pip install 'curation\[encord\]'"):
        tool_kind("encord").open(connection)


def test_import__does_not_load_the_sdk() -> None:
    code = "import sys, curation.sync.tools.encord.tool; print('encord' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
