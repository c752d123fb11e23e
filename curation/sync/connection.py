"""How a source is reached: what an adapter is opened with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from curation.settings import Secret


@dataclass(frozen=True, slots=True)
class Connection:
    """Everything an adapter needs.

    Args:
        name: The source's name, for messages.
        location: URL, folder or `s3://` prefix.
        tool_project: Number or key of the project in the tool, empty for files.
        secret: Token or key, None for files.
        allowed_origins: Addresses that an admin allowed (`https://host[:port]`).
        options: Further settings of the source, each adapter knows its own.
        s3_endpoint: Endpoint of an S3-compatible store.
        spool: Folder for files on their way.
    """

    name: str
    location: str
    tool_project: str
    secret: Secret | None
    allowed_origins: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    s3_endpoint: str | None = None
    spool: Path | None = None
