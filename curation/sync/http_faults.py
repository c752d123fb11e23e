"""What a broken exchange with an annotation tool means: its kind, and whether to try again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import urllib3
from urllib3 import exceptions as broken

if TYPE_CHECKING:
    from curation.errors import ToolRefused

_DETAIL: Final = 300


class Fault(Exception):
    """One attempt failed.

    `kind` is counted; `asked`: the pause that the server asked for; `stubborn`: trying again
    rarely helps; `hopeless`: it never does; `done`: a change may have happened.
    """

    def __init__(
        self,
        kind: str,
        reason: str,
        *,
        asked: float = 0,
        stubborn: bool = False,
        hopeless: bool = False,
        done: bool = True,
    ) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.asked = asked
        self.stubborn = stubborn
        self.hopeless = hopeless
        self.done = done
        self.refusal: ToolRefused | None = None


def fault_of(error: broken.HTTPError) -> Fault:
    """Return what a broken connection means."""
    # Of these the request never left us.
    unsent = isinstance(error, (broken.ConnectTimeoutError, broken.NewConnectionError))
    if isinstance(error, broken.SSLError):
        certificate = "CERTIFICATE_VERIFY_FAILED" in str(error)
        reason = "its certificate cannot be verified" if certificate else "TLS failed"
        return Fault("tls", reason, hopeless=certificate, done=not certificate)
    if isinstance(error, (broken.NewConnectionError, broken.NameResolutionError)):
        return Fault("connection", "no connection can be made", done=False)
    if isinstance(error, broken.TimeoutError):
        return Fault("timeout", "it kept silent", done=not unsent)
    if isinstance(error, broken.IncompleteRead) or isinstance(
        error.__cause__, broken.IncompleteRead
    ):
        return Fault("truncated", "its answer was cut short")
    if isinstance(error, broken.DecodeError):
        return Fault("unreadable", "its answer cannot be decompressed")
    return Fault("connection", "the connection broke", done=not unsent)


def asked_pause(header: str | None) -> float:
    """Return the seconds of a `Retry-After` header (a number or a date); 0 without a sound one."""
    if not header:
        return 0
    try:
        return urllib3.Retry().parse_retry_after(header)
    except (broken.InvalidHeader, OverflowError, ValueError):
        return 0


def detail_of(body: bytes) -> str:
    """Return the server's own words: `detail` and what it found invalid, cut short."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return ""
    if not isinstance(found, dict):
        return ""
    words = str(found.get("detail") or "")
    invalid = found.get("validation_errors")
    if invalid:
        words = f"{words} {msgspec.json.encode(invalid).decode()}".strip()
    line = " ".join(words.split())
    return line if len(line) <= _DETAIL else f"{line[: _DETAIL - 1]}…"
