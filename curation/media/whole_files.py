"""Files that others see whole or not at all."""

from __future__ import annotations

import tempfile
from pathlib import Path


def write_whole(target: Path, content: bytes) -> None:
    """Write a file beside its place and move it there; any number of writers may do so at once."""
    with tempfile.NamedTemporaryFile(
        dir=target.parent, prefix=f"{target.stem[:32]}.", suffix=".part", delete=False
    ) as file:
        partial = Path(file.name)
        try:
            file.write(content)
            file.flush()
            partial.replace(target)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
