"""Webhooks of tools: a shared secret, kept as its digest; a call is a hint and nothing more."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Final

from curation.store.sources import change_source

if TYPE_CHECKING:
    from curation.store.database import Database
    from curation.store.sources import SourceRow

_NOBODY: Final = "0" * 64


def make_hook(database: Database, source: SourceRow) -> str:
    """Make a new shared secret for a source's webhook and return it; the old one is void."""
    secret = secrets.token_urlsafe(32)
    with database.write() as connection:
        change_source(connection, source.id, hook_sha256=_digest(secret))
    return secret


def remove_hook(database: Database, source: SourceRow) -> None:
    """Take no more hints for a source."""
    with database.write() as connection:
        change_source(connection, source.id, hook_sha256=None)


def is_hook_secret(given: str, sha256: str | None) -> bool:
    """Tell, in a time that says nothing about it, whether a secret is that of a source's webhook.

    Args:
        given: What came with the call.
        sha256: Digest that the source keeps, None for a source without a webhook.
    """
    alike = hmac.compare_digest(_digest(given), sha256 or _NOBODY)
    return alike and sha256 is not None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
