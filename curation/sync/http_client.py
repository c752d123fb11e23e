"""HTTP with annotation tools: allowed addresses only, bounded in time and size, faults survived.

Reading is repeated until it succeeds or the limits are reached. A change is sent once: its sender
learns whether it surely did not happen (`Unavailable`, `ToolRefused`) or may have (`AnswerLost`),
and looks before sending it again. Redirects, proxies and netrc are never followed, so the token
goes to the allowed address and nowhere else.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from http import HTTPStatus
from random import SystemRandom
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar
from urllib.parse import urlencode

import msgspec
import urllib3
from urllib3 import exceptions as broken

from curation.errors import AnswerLost, ToolRefused, Unavailable
from curation.sync.annotation_tool import Faults
from curation.sync.http_faults import Fault, asked_pause, detail_of, fault_of
from curation.sync.origins import check_origin
from curation.sync.timed_connections import timed_pool

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from urllib3 import BaseHTTPResponse

T = TypeVar("T")

MIB: Final = 1024 * 1024
_CHUNK: Final = 256 * 1024
# What a busy or restarting server answers; 429 and 503 say that nothing was done.
_PASSING: Final = {429, 500, 502, 503, 504}
_NOT_DONE: Final = {429, 503}
_RANDOM: Final = SystemRandom()


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an answer may weigh (bytes) and last (seconds), and how often it is asked for.

    Args:
        body_bytes: Largest body, decompressed.
        connect_seconds: Longest wait for a connection.
        silence_seconds: Longest wait for the next byte.
        request_seconds: Longest time for one answer, however steadily it drips.
        run_seconds: Longest time for everything that one client does.
        attempts: How often something is read before giving up.
        stubborn_attempts: The same where the server gives a reason that rarely passes.
        backoff_seconds: First pause between attempts; doubles each time.
        longest_pause: Longest pause, whatever the server asks for.
    """

    body_bytes: int = 256 * MIB
    connect_seconds: float = 10
    silence_seconds: float = 60
    request_seconds: float = 180
    run_seconds: float = 4 * 3600
    attempts: int = 8
    stubborn_attempts: int = 3
    backoff_seconds: float = 0.25
    longest_pause: float = 30


class Authorization(Protocol):
    """Says who we are; the only thing that knows the token."""

    def headers(self) -> Mapping[str, str]:
        """Return the headers that carry the token."""
        ...

    def renew(self) -> bool:
        """React to a 401; return whether asking again makes sense."""
        ...

    def conceal(self, text: str) -> str:
        """Return a text of the server without the token in it."""
        ...


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """A successful answer: its value, the server's `Date` header, and the body's size in bytes."""

    value: T
    date: str | None
    size: int


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str
    body: bytes | None
    shape: Any


class HttpClient:
    """Speaks JSON with one server.

    Args:
        tool: Name of the source, for messages.
        base: Address of the server; paths are appended to it.
        allowed_origins: Addresses that an admin allowed.
        authorization: Who we are; None speaks without a token.
        limits: Time, size and attempts.

    Raises:
        OriginNotAllowed: If the base is not at an allowed origin.
    """

    def __init__(
        self,
        tool: str,
        base: str,
        *,
        allowed_origins: Iterable[str],
        authorization: Authorization | None = None,
        limits: Limits | None = None,
    ) -> None:
        check_origin(base, allowed_origins)
        self.faults = Faults()
        self._tool = tool
        self._base = base.strip().rstrip("/")
        self._authorization = authorization
        self._limits = limits or Limits()
        self._ends = time.monotonic() + self._limits.run_seconds
        self._pool = timed_pool(self._limits.request_seconds)

    def get(
        self,
        path: str,
        query: Mapping[str, str | int] | None = None,
        *,
        shape: type[T],
        attempts: int | None = None,
    ) -> Answer[T]:
        """Read something, as often as it takes.

        Args:
            path: Path below the base, with its leading slash.
            query: Parameters, not yet escaped.
            shape: What the JSON must be.
            attempts: Fewer attempts than the limits allow.

        Raises:
            ToolRefused: If the server says no.
            Unavailable: If no sound answer came.
        """
        suffix = f"?{urlencode(query)}" if query else ""
        request = _Request("GET", f"{self._base}{path}{suffix}", None, shape)
        return self._repeat(request, attempts or self._limits.attempts)

    def ask(self, path: str, payload: Any, *, shape: type[T]) -> Answer[T]:
        """Read something by a POST that changes nothing, as often as it takes; like `get`."""
        body = msgspec.json.encode(payload)
        request = _Request("POST", f"{self._base}{path}", body, shape)
        return self._repeat(request, self._limits.attempts)

    def send(self, method: str, path: str, payload: Any = None, *, shape: type[T]) -> Answer[T]:
        """Send a change once.

        Args:
            method: POST, PATCH, PUT or DELETE.
            path: Path below the base with its leading slash, parameters included.
            payload: What becomes JSON; None sends no body.
            shape: What the answer's JSON must be; an empty answer counts as null.

        Raises:
            AnswerLost: If it may have happened: look before sending it again.
            ToolRefused: If the server says no; it did not happen.
            Unavailable: If it surely did not happen: it may be sent again.
        """
        body = None if payload is None else msgspec.json.encode(payload)
        request = _Request(method, f"{self._base}{path}", body, shape)
        try:
            return self._authorized(request)
        except Fault as fault:
            self.faults.add(fault.kind)
            kind = AnswerLost if fault.done else Unavailable
            raise kind(self._tool, fault.reason) from None

    def pause(self, attempt: int) -> None:
        """Wait before an attempt is repeated by the caller; `attempt` counts from 0.

        Raises:
            Unavailable: If the time of the run is over.
        """
        self._wait(attempt, 0)

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()

    def _repeat(self, request: _Request, attempts: int) -> Answer[Any]:
        """Ask until there is a sound answer."""
        stubborn = 0
        for attempt in range(attempts):
            try:
                return self._authorized(request)
            except Fault as fault:
                self.faults.add(fault.kind)
                stubborn += fault.stubborn
                last = attempt + 1 == attempts or stubborn == self._limits.stubborn_attempts
                if last or fault.hopeless:
                    raise fault.refusal or Unavailable(self._tool, fault.reason) from None
                asked = fault.asked
            self._wait(attempt, asked)
        raise Unavailable(self._tool, "it was never asked")  # attempts is 1 or more

    def _wait(self, attempt: int, asked: float) -> None:
        """Pause as long as the server asked or the attempt suggests, within the limits."""
        grown = self._limits.backoff_seconds * 2**attempt * _RANDOM.uniform(0.5, 1.0)
        pause = min(max(grown, asked), self._limits.longest_pause)
        self._check_time(pause)
        time.sleep(pause)

    def _check_time(self, pause: float) -> None:
        """Raise where the run is over, or would be after a pause of some seconds."""
        if time.monotonic() + pause > self._ends:
            raise Unavailable(self._tool, "the time of this run is over")

    def _authorized(self, request: _Request) -> Answer[Any]:
        """Ask once; once more after a 401 if the token could be renewed (nothing was done then)."""
        try:
            return self._once(request)
        except ToolRefused as refusal:
            renewable = refusal.status == HTTPStatus.UNAUTHORIZED and self._authorization
            if not renewable or not renewable.renew():
                raise
            self.faults.add("401")
        return self._once(request)

    def _once(self, request: _Request) -> Answer[Any]:
        self._check_time(0)
        ends = min(time.monotonic() + self._limits.request_seconds, self._ends)
        response = self._open(request)
        try:
            body = self._body(response, ends)
        finally:
            # A body that was not read to its end must not be taken for the next answer.
            response.close()
            response.release_conn()
        if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
            self._refuse(response, body)
        return Answer(_value(body, request.shape), response.headers.get("Date"), len(body))

    def _open(self, request: _Request) -> BaseHTTPResponse:
        """Send the request and read the head of the answer."""
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip"}
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        if self._authorization is not None:
            headers.update(self._authorization.headers())
        limits = self._limits
        timeout = urllib3.Timeout(connect=limits.connect_seconds, read=limits.silence_seconds)
        try:
            return self._pool.request(
                request.method,
                request.url,
                body=request.body,
                headers=headers,
                retries=False,
                redirect=False,
                timeout=timeout,
                preload_content=False,
            )
        except broken.HTTPError as error:
            raise fault_of(error) from None

    def _body(self, response: BaseHTTPResponse, ends: float) -> bytes:
        """Read a body within its limits of size and time."""
        chunks = bytearray()
        try:
            # read1 returns what has come; read would wait for a full chunk, however slow.
            while chunk := response.read1(_CHUNK):
                chunks += chunk
                if len(chunks) > self._limits.body_bytes:
                    reason = f"its answer is larger than {self._limits.body_bytes // MIB} MiB"
                    raise Fault("too large", reason, hopeless=True)
                if time.monotonic() > ends:
                    raise Fault("timeout", "its answer took too long")
        except broken.HTTPError as error:
            raise fault_of(error) from None
        return bytes(chunks)

    def _refuse(self, response: BaseHTTPResponse, body: bytes) -> None:
        """Raise what a status other than success means."""
        status = response.status
        said = detail_of(body)
        detail = self._authorization.conceal(said) if self._authorization else said
        refusal = ToolRefused(self._tool, status, detail)
        if status not in _PASSING:
            raise refusal
        # A server that explains its 500 means the request; it is only tried a few times.
        explained = status == HTTPStatus.INTERNAL_SERVER_ERROR and bool(detail)
        fault = Fault(
            str(status),
            f"status {status}{f': {detail}' if detail else ''}",
            asked=asked_pause(response.headers.get("Retry-After")),
            stubborn=explained,
            done=status not in _NOT_DONE,
        )
        fault.refusal = refusal if explained else None
        raise fault


def _value(body: bytes, shape: Any) -> Any:
    """Decode a body strictly."""
    try:
        return msgspec.json.decode(body or b"null", type=shape)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        # A page of HTML or JSON of another shape comes from another server or version: it will
        # come again. Anything else was cut short on its way.
        foreign = isinstance(error, msgspec.ValidationError) or body[:1] == b"<"
        reason = "its answer is not the JSON that was asked for"
        raise Fault("unreadable", reason, stubborn=foreign) from None
