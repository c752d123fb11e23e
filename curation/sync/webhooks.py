"""Webhooks of tools: a shared secret, kept as its digest; a call is a hint and nothing more."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

from curation.store.sources import change_source

if TYPE_CHECKING:
    from curation.store.database import Database
    from curation.store.sources import SourceRow


def make_hook(database: Database, source: SourceRow) -> str:
    """Make a new shared secret for a source's webhook and return it; the old one is void."""
    secret = secrets.token_urlsafe(32)
    with database.write() as connection:
        change_source(
            connection, source.id, hook_sha256=hashlib.sha256(secret.encode()).hexdigest()
        )
    return secret


def remove_hook(database: Database, source: SourceRow) -> None:
    """Take no more hints for a source."""
    with database.write() as connection:
        change_source(connection, source.id, hook_sha256=None)
