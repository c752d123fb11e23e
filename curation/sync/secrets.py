"""Where a source keeps its token: in a variable, a file, or sealed in the store; never as it is.

A source names a *place* (`kind` and `value`); `open_secret` fetches the token when a connection
is made. No error of this module holds a token, nor what somebody may have given by mistake in
place of a name; where one is raised, no variable holds a token but as a `Secret`.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from curation.errors import InvalidSetting
from curation.settings import Secret, Settings

if TYPE_CHECKING:
    from collections.abc import Callable

KEY_VARIABLE: Final = "CURATION_SECRET_KEY"
KEY_BYTES: Final = 32
LEAST_DISTINCT_BYTES: Final = 16
"""32 random bytes have about 30 different ones; fewer than 16 happen once in 10^16 keys."""
KNOWN_KEYS: Final = frozenset({b"cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="})
"""Of the public test vectors of Fernet."""
MOST_BYTES: Final = 64 * 1024
VARIABLE: Final = re.compile(r"[A-Z_][A-Z0-9_]{0,99}", re.ASCII)
SEALED: Final = re.compile(r"gAAAA[A-Za-z0-9_-]{90,}={0,2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """One kind of place: `check` refuses values that cannot be meant, `fetch` gets the token."""

    check: Callable[[str], None]
    fetch: Callable[[Settings, str], Secret | None]


def new_key() -> str:
    """Return a fresh key for `CURATION_SECRET_KEY`."""
    return Fernet.generate_key().decode("ascii")


def seal(settings: Settings, text: str) -> str:
    """Encrypt a token so that the store may keep it, with the first of the configured keys.

    Raises:
        InvalidSetting: If no key is configured, one is weak, or the token cannot be one.
    """
    cipher = _cipher(settings)
    secret = _token(Secret(text), where="the token")
    return cipher.encrypt(secret.reveal().encode()).decode("ascii")


def check_place(kind: str, value: str) -> None:
    """Refuse a place that cannot hold a token; variables are looked up only when they are needed.

    Args:
        kind: `env`, `file`, `stored` or `none`.
        value: Name of the variable, absolute path of the file, sealed text, or nothing.

    Raises:
        InvalidSetting: If it cannot be meant, or the file is missing or open to others.
    """
    _place(kind).check(value)


def open_secret(settings: Settings, kind: str, value: str) -> Secret | None:
    """Return the token from its place, None for a source that has none.

    Raises:
        InvalidSetting: If it is not there, is open to others, or cannot be decrypted.
    """
    place = _place(kind)
    place.check(value)
    return place.fetch(settings, value)


def _place(kind: str) -> Place:
    if kind not in PLACES:
        raise InvalidSetting("the token's place", "none that is known", allowed=", ".join(PLACES))
    return PLACES[kind]


def _check_nothing(value: str) -> None:
    if value:
        raise InvalidSetting(
            "the token's place", "none, but something was given", allowed="env, file or stored"
        )


def _check_variable(value: str) -> None:
    # Not shown: it may be the token itself, given in the wrong place.
    if VARIABLE.fullmatch(value) is None:
        raise InvalidSetting(
            "the variable of the token",
            "not a name of one",
            allowed="capital letters, digits and _, such as LABEL_STUDIO_TOKEN",
        )
    if value in _own_variables():
        raise InvalidSetting(
            "the variable of the token",
            value,
            allowed="another variable: no secret of Curation itself goes to a tool",
        )


def _own_variables() -> frozenset[str]:
    names = {f"CURATION_{field.name.upper()}" for field in msgspec.structs.fields(Settings)}
    return frozenset(names | {"CURATION_TOKEN", "CURATION_SETTINGS_FILE"})


def _from_variable(settings: Settings, value: str) -> Secret:
    del settings
    if value not in os.environ:
        raise InvalidSetting(
            value,
            "not set",
            allowed="the tool's token as its value, where the worker and the app are started",
        )
    return _token(Secret(os.environ[value]), where=value)


def _check_file(value: str) -> None:
    if not value.startswith("/") or "\x00" in value:
        # Not shown, for the same reason.
        raise InvalidSetting(
            "the file of the token", "not an absolute path", allowed="a path that starts with /"
        )
    os.close(_opened(Path(value)))


def _from_file(settings: Settings, value: str) -> Secret:
    del settings
    secret = _content(_opened(Path(value)))
    if secret is None:
        raise InvalidSetting(value, "not text", allowed="a file with the token alone")
    return _token(secret, where=value)


def _content(descriptor: int) -> Secret | None:
    """Return the text of an open file and close it, None if it is no text."""
    with os.fdopen(descriptor, "rb") as file:
        try:
            return Secret(file.read(MOST_BYTES + 1).decode())
        except UnicodeDecodeError:
            return None


def _opened(path: Path) -> int:
    """Open a regular file that others cannot read, and return its descriptor.

    The open file is looked at, not its name, so that nobody can put another in its place. The
    group may read it: mounted secrets of containers are like that.
    """
    shown = str(path)
    try:
        # Without O_NONBLOCK a pipe would wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        reason = (error.strerror or "it cannot be opened").lower()
        raise InvalidSetting(shown, reason, allowed="a file that Curation may read") from None
    mode = os.fstat(descriptor).st_mode
    problem = None
    if not stat.S_ISREG(mode):
        problem = ("not a regular file", "a file with the token alone")
    elif mode & stat.S_IRWXO:
        problem = ("open to every user of the machine", f"'chmod o= {shown}' on it first")
    if problem is not None:
        os.close(descriptor)
        raise InvalidSetting(shown, problem[0], allowed=problem[1])
    return descriptor


def _check_sealed(value: str) -> None:
    if SEALED.fullmatch(value) is None:
        raise InvalidSetting(
            "the stored token", "not sealed", allowed="a token that was stored with this version"
        )


def _unsealed(settings: Settings, value: str) -> Secret:
    cipher = _cipher(settings)
    try:
        return Secret(cipher.decrypt(value.encode("ascii")).decode())
    except InvalidToken:
        raise InvalidSetting(
            KEY_VARIABLE,
            "not the key that the token was stored with",
            allowed="that key too ('NEW,OLD'), or store the token again",
        ) from None


def _token(secret: Secret, *, where: str) -> Secret:
    """Return a token without the space around it; refuse what no tool takes for one."""
    stripped = Secret(secret.reveal().strip())
    if not stripped.reveal():
        raise InvalidSetting(where, "empty", allowed="the tool's token")
    # Keys have several lines.
    printable = all(map(str.isprintable, stripped.reveal().splitlines()))
    if not printable or len(stripped.reveal()) > MOST_BYTES:
        raise InvalidSetting(where, "not a token", allowed="the tool's token and nothing else")
    return stripped


def _cipher(settings: Settings) -> MultiFernet:
    """Return the configured keys: the first encrypts, all decrypt."""
    if settings.secret_key is None:
        raise InvalidSetting(
            KEY_VARIABLE,
            "not set",
            allowed="a key from 'curation source new-key', or keep the token in a variable or file",
        )
    return MultiFernet([_key(key) for key in _keys(settings.secret_key)])


def _keys(together: Secret) -> tuple[Secret, ...]:
    return tuple(Secret(text.strip()) for text in together.reveal().split(","))


def _key(key: Secret) -> Fernet:
    problem = _weakness(key.reveal().encode())
    if problem is not None:
        raise InvalidSetting(
            KEY_VARIABLE,
            problem,
            allowed="keys from 'curation source new-key', several with commas, the newest first",
        )
    return Fernet(key.reveal())


def _weakness(encoded: bytes) -> str | None:
    """Return why a key must not be used, None for a good one."""
    if not encoded:
        return "empty"
    try:
        key = base64.b64decode(encoded, altchars=b"-_", validate=True)
    except binascii.Error:
        return "not a key"
    if len(key) != KEY_BYTES:
        return "of the wrong length"
    if encoded in KNOWN_KEYS:
        return "publicly known"
    words = all(byte in range(0x20, 0x7F) for byte in key)
    if words or len(set(key)) < LEAST_DISTINCT_BYTES:
        return "easy to guess"
    return None


PLACES: Final = {
    "env": Place(_check_variable, _from_variable),
    "file": Place(_check_file, _from_file),
    "stored": Place(_check_sealed, _unsealed),
    "none": Place(_check_nothing, lambda _settings, _value: None),
}
