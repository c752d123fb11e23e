"""What of the Annotation page stands in the address."""

from __future__ import annotations

from typing import Final

SOURCE: Final = "source"
VIEW: Final = "view"
RUN: Final = "run"
COLLECTION: Final = "collection"
STATUS: Final = "status"
CONNECT: Final = "connect"
AUTHOR: Final = "local user"
"""Who acts in the local mode, as the command line says it."""
