"""Addresses of annotation tools, compared as scheme, host and port."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from curation.errors import InvalidSetting, OriginNotAllowed

if TYPE_CHECKING:
    from collections.abc import Iterable

_PORTS: Final = {"http": 80, "https": 443}


def origin_of(address: str, *, name: str = "location") -> str:
    """Return `scheme://host[:port]` in one spelling: lower case, no default port.

    Raises:
        InvalidSetting: If it is no http(s) address or holds a user or password.
    """
    allowed = "an address such as https://labels.example.com, without user and password"
    try:
        parts = urlsplit(address.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise InvalidSetting(name, "not an address", allowed=allowed) from None
    if parts.scheme not in _PORTS or not host or "@" in parts.netloc:
        raise InvalidSetting(name, "not such an address", allowed=allowed)
    shown = f"[{host}]" if ":" in host else host.rstrip(".")
    suffix = "" if port in {None, _PORTS[parts.scheme]} else f":{port}"
    return f"{parts.scheme}://{shown}{suffix}"


def check_origin(address: str, allowed: Iterable[str]) -> None:
    """Check that an address is at one of the allowed origins, scheme and port included.

    Raises:
        OriginNotAllowed: If it is not.
        InvalidSetting: If it, or an allowed one, is no http(s) address.
    """
    origin = origin_of(address)
    if origin not in {origin_of(each, name="CURATION_TOOL_ORIGINS") for each in allowed}:
        raise OriginNotAllowed(origin)
