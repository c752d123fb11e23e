"""The HTTP client survives what passes, refuses what does not, and tells no secret."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from curation.errors import AnswerLost, OriginNotAllowed, ToolRefused, Unavailable
from curation.sync.http_client import HttpClient, Limits
from tests.servers.fault_proxy import StartProxy
from tests.servers.ports import LOOPBACK, free_port
from tests.servers.raw_answers import RawAnswers, answer
from tests.servers.web import WebFolder

KEY = "canary-key"
QUICK = Limits(backoff_seconds=0.001, attempts=4, silence_seconds=5, request_seconds=5)
PEBBLE = b'{"pebble": 7}'


class Key:
    """A token that may be renewed once."""

    def __init__(self, *, renewals: int = 0) -> None:
        self.renewals = renewals

    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Token {KEY}-{self.renewals}"}

    def renew(self) -> bool:
        self.renewals -= 1
        return self.renewals >= 0

    def conceal(self, text: str) -> str:
        return text.replace(KEY, "***")


def client(url: str, *, limits: Limits = QUICK, key: Key | None = None) -> HttpClient:
    return HttpClient("studio", url, allowed_origins=[url], limits=limits, authorization=key)


def own_certificate(file: Path) -> Path:
    """Write a key and a certificate for loopback that nobody but itself signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, LOOPBACK)])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(LOOPBACK))]), False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return file


def get(url: str, *, limits: Limits = QUICK, key: Key | None = None) -> Any:
    return client(url, limits=limits, key=key).get("/a", shape=dict[str, int]).value


def test_client__sends_nothing_to_an_address_that_is_not_allowed(raw_answers: RawAnswers) -> None:
    with pytest.raises(OriginNotAllowed):
        HttpClient("studio", raw_answers.url, allowed_origins=["https://labels.example.com"])
    assert raw_answers.requests == []


def test_get__returns_value_date_and_size(raw_answers: RawAnswers) -> None:
    date = "Sun, 29 Nov 2026 19:19:53 GMT"
    raw_answers.answers = deque([answer(PEBBLE, "200 OK", f"Date: {date}")])
    found = client(raw_answers.url).get("/a b", {"q": "ä&b", "n": 1}, shape=dict[str, int])
    assert (found.value, found.date, found.size) == ({"pebble": 7}, date, 13)
    assert raw_answers.requests[0].startswith(b"GET /a%20b?q=%C3%A4%26b&n=1 HTTP/1.1\r\n")


def test_get__survives_every_passing_fault_and_counts_it(
    web_folder: WebFolder, fault_proxy: StartProxy
) -> None:
    (web_folder.folder / "a").write_bytes(PEBBLE)
    proxy = fault_proxy(web_folder.url, retry_after=0, slow_seconds=0)
    proxy.planned += ["429", "503", "reset_before", "reset_after", "truncated", "slow"]
    found = client(proxy.url, limits=Limits(backoff_seconds=0.001))
    assert found.get("/a", shape=dict[str, int]).value == {"pebble": 7}
    assert found.faults.counts == {"429": 1, "503": 1, "connection": 2, "truncated": 1}


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_get__gives_up_after_its_attempts(raw_answers: RawAnswers, status: int) -> None:
    raw_answers.answers = deque([answer(b"", f"{status} No")])
    with pytest.raises(Unavailable, match=f"studio did not answer: status {status}"):
        get(raw_answers.url)
    assert len(raw_answers.requests) == 4


def test_get__waits_as_long_as_it_is_asked_to_but_no_longer_than_its_limit(
    raw_answers: RawAnswers,
) -> None:
    busy = answer(b"", "429 Busy", "Retry-After: 86400")
    raw_answers.answers = deque([busy, answer(PEBBLE)])
    started = time.monotonic()
    get(raw_answers.url, limits=Limits(backoff_seconds=0.001, longest_pause=0.3))
    assert 0.3 <= time.monotonic() - started < 3


def test_get__explains_a_stubborn_error_after_a_few_tries(raw_answers: RawAnswers) -> None:
    said = b'{"detail": "time data does not match", "status_code": 500}'
    raw_answers.answers = deque([answer(said, "500 Error")])
    with pytest.raises(ToolRefused, match=r"status 500.: time data does not match"):
        get(raw_answers.url)
    assert len(raw_answers.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405])
def test_get__never_repeats_what_was_refused(raw_answers: RawAnswers, status: int) -> None:
    said = b'{"detail": "No.", "validation_errors": {"data": ["bad canary-key"]}, "id": "x"}'
    raw_answers.answers = deque([answer(said, f"{status} No")])
    with pytest.raises(ToolRefused) as caught:
        get(raw_answers.url, key=Key())
    assert (caught.value.status, len(raw_answers.requests)) == (status, 1)
    assert caught.value.detail == 'No. {"data":["bad ***"]}'


def test_get__has_no_words_of_a_page_that_is_not_json(raw_answers: RawAnswers) -> None:
    raw_answers.answers = deque([answer(b"<h1>internal.example</h1>", "404 Not Found")])
    with pytest.raises(ToolRefused) as caught:
        get(raw_answers.url)
    assert caught.value.detail == ""


def test_get__renews_the_token_once(raw_answers: RawAnswers) -> None:
    refused = answer(b"{}", "401 Unauthorized")
    raw_answers.answers = deque([refused, answer(PEBBLE)])
    assert get(raw_answers.url, key=Key(renewals=1)) == {"pebble": 7}
    sent = [line for one in raw_answers.requests for line in one.split(b"\r\n") if b"Token" in line]
    assert sent == [b"Authorization: Token canary-key-1", b"Authorization: Token canary-key-0"]


def test_get__does_not_follow_a_redirect(raw_answers: RawAnswers) -> None:
    elsewhere = "Location: http://169.254.169.254/latest"
    raw_answers.answers = deque([answer(b"", "302 Found", elsewhere)])
    with pytest.raises(ToolRefused, match="302"):
        get(raw_answers.url, key=Key())
    assert len(raw_answers.requests) == 1


def test_get__ignores_proxies_and_netrc_of_the_environment(
    raw_answers: RawAnswers, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    raw_answers.answers = deque([answer(PEBBLE)])
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://{LOOPBACK}:{free_port()}")
    (tmp_path / "netrc").write_text(f"machine {LOOPBACK} login ann password pebbles\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert get(raw_answers.url) == {"pebble": 7}
    assert b"Authorization" not in raw_answers.requests[0]


@pytest.mark.parametrize(
    "body", [b'{"pebble": 7', b'{"pebble": "seven"}', b"<html>", b"\xff", b"", b"[" * 5000]
)
def test_get__takes_nothing_that_is_not_what_was_asked_for(
    raw_answers: RawAnswers, body: bytes
) -> None:
    # Without Content-Length nothing but the JSON tells that a body was cut short.
    cut = [b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + body]
    raw_answers.answers = deque([cut])
    with pytest.raises(Unavailable, match="not the JSON"):
        get(raw_answers.url)


def test_get__survives_a_body_that_was_cut_short_without_a_sign(raw_answers: RawAnswers) -> None:
    raw_answers.answers = deque([[b"HTTP/1.1 200 OK\r\n\r\n" + PEBBLE[:6]], answer(PEBBLE)])
    found = client(raw_answers.url)
    assert found.get("/a", shape=dict[str, int]).value == {"pebble": 7}
    assert found.faults.counts == {"unreadable": 1}


def test_get__stops_at_the_largest_body_even_when_it_comes_compressed(
    raw_answers: RawAnswers,
) -> None:
    bomb = gzip.compress(b" " * 20_000_000)
    raw_answers.answers = deque([answer(bomb, "200 OK", "Content-Encoding: gzip")])
    with pytest.raises(Unavailable, match="larger than 1 MiB"):
        get(raw_answers.url, limits=Limits(body_bytes=1024 * 1024))
    assert len(raw_answers.requests) == 1


def test_get__reads_a_compressed_body(raw_answers: RawAnswers) -> None:
    body = gzip.compress(PEBBLE)
    raw_answers.answers = deque([answer(body, "200 OK", "Content-Encoding: gzip")])
    assert get(raw_answers.url) == {"pebble": 7}


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-A: "])
def test_get__ends_in_time_however_slowly_an_answer_drips(
    raw_answers: RawAnswers, head: bytes
) -> None:
    raw_answers.answers = deque([[head, *[b" "] * 100]])
    raw_answers.pause = 0.1
    limits = Limits(request_seconds=0.5, silence_seconds=5, attempts=1)
    started = time.monotonic()
    with pytest.raises(Unavailable):
        get(raw_answers.url, limits=limits)
    assert time.monotonic() - started < 4


def test_get__stops_when_the_time_of_the_run_is_over(raw_answers: RawAnswers) -> None:
    raw_answers.answers = deque([answer(b"", "503 Busy", "Retry-After: 9")])
    started = time.monotonic()
    with pytest.raises(Unavailable, match="time of this run"):
        get(raw_answers.url, limits=Limits(run_seconds=1))
    assert time.monotonic() - started < 1
    assert len(raw_answers.requests) == 1


def test_get__trusts_no_certificate_that_cannot_be_verified(tmp_path: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(own_certificate(tmp_path / "own.pem"))
    with socket.create_server((LOOPBACK, 0)) as listener:
        listener.settimeout(5)

        def shake_hands() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                tls.wrap_socket(connection, server_side=True)

        thread = threading.Thread(target=shake_hands)
        thread.start()
        sender = client(f"https://{LOOPBACK}:{listener.getsockname()[1]}")
        with pytest.raises(Unavailable, match="certificate cannot be verified"):
            sender.get("/a", shape=dict[str, int])
        thread.join()
    assert sender.faults.counts == {"tls": 1}


def test_get__says_when_nobody_listens() -> None:
    with pytest.raises(Unavailable, match="no connection can be made"):
        get(f"http://{LOOPBACK}:{free_port()}")


def test_send__returns_the_answer_and_takes_an_empty_one(raw_answers: RawAnswers) -> None:
    empty = [b"HTTP/1.1 204 No Content\r\n\r\n"]
    raw_answers.answers = deque([answer(PEBBLE, "201 Created"), empty])
    sender = client(raw_answers.url)
    assert sender.send("POST", "/a", {"b": "ö"}, shape=dict[str, int]).value == {"pebble": 7}
    assert sender.send("DELETE", "/a", shape=None).value is None  # type: ignore[arg-type]
    assert raw_answers.requests[0].endswith('\r\n\r\n{"b":"ö"}'.encode())


@pytest.mark.parametrize("fault", ["429", "503"])
def test_send__did_not_happen_where_the_server_says_so(
    web_folder: WebFolder, fault_proxy: StartProxy, fault: Any
) -> None:
    proxy = fault_proxy(web_folder.url)
    proxy.planned.append(fault)
    sender = client(proxy.url)
    with pytest.raises(Unavailable, match=fault) as caught:
        sender.send("POST", "/a", {}, shape=dict[str, int])
    assert not isinstance(caught.value, AnswerLost)
    assert (proxy.requests, sender.faults.counts) == (1, {fault: 1})


@pytest.mark.parametrize(
    "answered",
    [
        answer(b"", "500 Error"),
        answer(b"", "502 Bad Gateway"),
        answer(b"", "504 Timeout"),
        answer(PEBBLE, "201 Created", length=99),
        answer(b"[]", "201 Created"),
        [b""],
    ],
)
def test_send__may_have_happened_where_the_answer_is_lost(
    raw_answers: RawAnswers, answered: list[bytes]
) -> None:
    raw_answers.answers = deque([answered])
    with pytest.raises(AnswerLost):
        client(raw_answers.url).send("POST", "/a", {}, shape=dict[str, int])
    assert len(raw_answers.requests) == 1


def test_send__did_not_happen_where_nobody_listens() -> None:
    with pytest.raises(Unavailable, match="no connection") as caught:
        client(f"http://{LOOPBACK}:{free_port()}").send("POST", "/a", {}, shape=dict[str, int])
    assert not isinstance(caught.value, AnswerLost)


def test_send__is_refused_with_the_servers_words(raw_answers: RawAnswers) -> None:
    raw_answers.answers = deque([answer(b'{"detail": "No such task"}', "404 Not Found")])
    with pytest.raises(ToolRefused, match="No such task"):
        client(raw_answers.url).send("PATCH", "/a", {}, shape=dict[str, int])
