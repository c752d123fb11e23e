"""Install pip into an environment of a Python that comes without it (Debian, Ubuntu).

The version and its checksum are those of the lock file given as the only argument; the index is
pip's own (`PIP_INDEX_URL`). Nothing but the standard library is needed.
"""

from __future__ import annotations

import hashlib
import html
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from urllib.parse import urljoin

DEFAULT_INDEX = "https://pypi.org/simple"
TIMEOUT_SECONDS = 60


def locked_pip(lock: str) -> tuple[str, set[str]]:
    """Return the version of pip in a lock file and its SHA-256 checksums."""
    entry = re.search(r"^pip==(\S+)((?:\s*\\\n\s+--hash=sha256:[0-9a-f]{64})+)", lock, re.MULTILINE)
    if entry is None:
        sys.exit("The lock file does not name pip.")
    return entry[1], set(re.findall(r"sha256:([0-9a-f]{64})", entry[2]))


def download_wheel(version: str, checksums: set[str], folder: Path) -> Path:
    """Download the wheel of that version whose checksum the lock names."""
    index = os.environ.get("PIP_INDEX_URL", DEFAULT_INDEX).rstrip("/") + "/pip/"
    with urllib.request.urlopen(index, timeout=TIMEOUT_SECONDS) as answer:
        page = answer.read().decode()
    name = f"pip-{version}-py3-none-any.whl"
    links = re.findall(rf'href="([^"]*/{re.escape(name)})[#"]', page)
    if not links:
        sys.exit(f"{index} does not offer {name}.")
    address = urljoin(index, html.unescape(links[0]))
    with urllib.request.urlopen(address, timeout=TIMEOUT_SECONDS) as answer:
        content = answer.read()
    if hashlib.sha256(content).hexdigest() not in checksums:
        sys.exit(f"{name} has a checksum that the lock file does not name.")
    wheel = folder / name
    wheel.write_bytes(content)
    return wheel


def main() -> None:
    """Download pip and let it install itself."""
    version, checksums = locked_pip(Path(sys.argv[1]).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        try:
            wheel = download_wheel(version, checksums, Path(folder))
        except (OSError, ValueError) as error:
            sys.exit(f"pip {version} cannot be downloaded: {error!r}")
        subprocess.run(
            [sys.executable, f"{wheel}/pip", "install", "--quiet", "--no-index", wheel], check=True
        )


if __name__ == "__main__":
    main()
