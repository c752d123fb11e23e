"""Label Studio's two kinds of tokens: a key that is sent as it is, and one that buys others.

A personal access token is a JWT that is never sent with a request: `POST /api/token/refresh/` gives
an access token for it, which holds for five minutes.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Final

import msgspec

from curation.errors import InvalidSetting

if TYPE_CHECKING:
    from curation.sync.http_client import Authorization, HttpClient

HELD_SECONDS: Final = 240
"""An access token holds 300 s; a page may take a while to come."""
_HIDDEN: Final = "***"
_WORD: Final = re.compile(r"[!-~]+")
_JWT_DOTS: Final = 2


class _Access(msgspec.Struct):
    access: str


class Untold:
    """Sends no token, and hides one that a message names."""

    def __init__(self, token: str) -> None:
        self._token = token

    def headers(self) -> dict[str, str]:
        """Return no headers."""
        return {}

    def renew(self) -> bool:
        """Return False: nothing was sent that could be renewed."""
        return False

    def conceal(self, text: str) -> str:
        """Return a text without the token."""
        return text.replace(self._token, _HIDDEN) if self._token else text


class LegacyToken:
    """A key that is sent with every request."""

    def __init__(self, key: str) -> None:
        self._key = key

    def headers(self) -> dict[str, str]:
        """Return the header with the key."""
        return {"Authorization": f"Token {self._key}"}

    def renew(self) -> bool:
        """Return False: this key is all there is."""
        return False

    def conceal(self, text: str) -> str:
        """Return a text without the key."""
        return text.replace(self._key, _HIDDEN)


class PersonalToken:
    """A token that buys access tokens, each used for a few minutes.

    Args:
        refresh: The personal access token.
        client: Reaches the server without a token.
    """

    def __init__(self, refresh: str, client: HttpClient) -> None:
        self._refresh = refresh
        self._client = client
        self._access = ""
        self._bought = 0.0

    def headers(self) -> dict[str, str]:
        """Return the header with an access token that still holds."""
        if not self._access or time.monotonic() - self._bought > HELD_SECONDS:
            self._buy()
        return {"Authorization": f"Bearer {self._access}"}

    def renew(self) -> bool:
        """Forget the access token: the next request buys another."""
        self._access = ""
        return True

    def conceal(self, text: str) -> str:
        """Return a text without either token."""
        for token in filter(None, (self._refresh, self._access)):
            text = text.replace(token, _HIDDEN)
        return text

    def _buy(self) -> None:
        answer = self._client.ask("/api/token/refresh/", {"refresh": self._refresh}, shape=_Access)
        self._access = answer.value.access
        self._bought = time.monotonic()


def authorization_of(token: str, client: HttpClient) -> Authorization:
    """Return how a token is used: a JWT has three parts, a key has one.

    Args:
        token: What the person stored.
        client: Reaches the server without a token.

    Raises:
        InvalidSetting: If it cannot be a token.
    """
    # Anything else could not be sent as a header; the message must not repeat it.
    if not _WORD.fullmatch(token):
        raise InvalidSetting("token", "not a token", allowed="the token as Label Studio shows it")
    return PersonalToken(token, client) if token.count(".") == _JWT_DOTS else LegacyToken(token)
