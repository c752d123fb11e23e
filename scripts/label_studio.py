"""Run a Label Studio on this machine to try a sync with: `make label-studio`.

It listens on loopback only, says nothing to its vendor, and keeps its data in a folder that can be
named; its first user's e-mail, password and token are in a file there that only its owner reads.
Ctrl-C ends it; the next start has the same data.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from typing import Final

import msgspec

from scripts.servers import PROGRAMS, ensure
from tests.servers.label_studio_program import Account, Places, running

PORT: Final = 8080
FOLDER: Final = Path(".label-studio")
OWNER_ONLY: Final = 0o600


def account_in(file: Path) -> Account:
    """Return the account that a file keeps; made at the first start."""
    if not file.is_file():
        file.touch(mode=OWNER_ONLY)
        file.write_bytes(msgspec.json.format(msgspec.json.encode(Account())))
    return msgspec.json.decode(file.read_bytes(), type=Account)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--data-dir", type=Path, default=FOLDER, help="its database")
    parser.add_argument(
        "--files",
        type=Path,
        help="folder of folders with pictures that it may show (default: files in --data-dir)",
    )
    return parser.parse_args()


def main() -> int:
    """Run it until Ctrl-C."""
    chosen = arguments()
    program = ensure(PROGRAMS["label-studio"])
    if program is None:
        return 1
    folder = chosen.data_dir.resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = (chosen.files or folder / "files").resolve()
    files.mkdir(parents=True, exist_ok=True)
    account = folder / "account.json"
    places = Places(folder / "data", files, folder / "server.log")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with running(program, places, account_in(account), port=chosen.port) as server:
            print(f"Label Studio {server.version} at {server.url}")
            print(f"E-mail, password and token: {account}")
            print(f"Curation may contact it with CURATION_TOOL_ORIGINS='[\"{server.url}\"]'")
            print("Ctrl-C ends it.", flush=True)
            signal.pause()
    except KeyboardInterrupt:
        print()
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
