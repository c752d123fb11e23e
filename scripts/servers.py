"""Find or install the programs that tests drive: `python -m scripts.servers [NAME …]`.

What is on the machine is used as it is. What is missing is installed from Debian's packages when
this runs as root on Debian; elsewhere it says what a person can do. Exit code 1 if one is missing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.servers.programs import chromium, postgres_programs

APT_OPTIONS: Final = ("-qq", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3")


@dataclass(frozen=True, slots=True)
class Program:
    """A program that tests need, and how this machine may come by it."""

    name: str
    find: Callable[[], Path | None]
    packages: tuple[str, ...]
    advice: str


PROGRAMS: Final = {
    program.name: program
    for program in (
        Program(
            "postgresql",
            postgres_programs,
            ("postgresql",),
            "install PostgreSQL, or name a server in CURATION_TEST_POSTGRES_URL",
        ),
        Program(
            "chromium",
            chromium,
            ("chromium", "fonts-dejavu-core"),
            "install Chromium or Chrome, or run '.venv/bin/playwright install chromium'",
        ),
    )
}


def ensure(program: Program) -> Path | None:
    """Return where a program is, after installing it when that is possible and needed."""
    found = program.find()
    if found is None and _may_install():
        print(f"{program.name}: installing {' '.join(program.packages)}", flush=True)
        _install(program.packages)
        found = program.find()
    print(f"{program.name}: {found or f'missing; {program.advice}'}", flush=True)
    return found


def _may_install() -> bool:
    """Return whether Debian's packages can be installed without asking anybody.

    Ubuntu's chromium is a snap, which containers cannot run, so Ubuntu does not count.
    """
    release = Path("/etc/os-release")
    lines = release.read_text(encoding="utf-8").splitlines() if release.is_file() else []
    return os.geteuid() == 0 and "ID=debian" in lines and shutil.which("apt-get") is not None


def _install(packages: tuple[str, ...]) -> None:
    """Install Debian packages; the package lists are fetched only when they do not suffice."""
    if not _apt("install", "-y", "--no-install-recommends", *packages) and _apt("update"):
        _apt("install", "-y", "--no-install-recommends", *packages)


def _apt(*arguments: str) -> bool:
    """Run apt-get without questions; its output goes to standard error."""
    done = subprocess.run(
        ["apt-get", *APT_OPTIONS, *arguments],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr.fileno(),
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
    )
    return done.returncode == 0


def main() -> int:
    """Ensure the programs named on the command line, or all."""
    names = sys.argv[1:] or list(PROGRAMS)
    unknown = [name for name in names if name not in PROGRAMS]
    if unknown:
        sys.exit(f"Unknown: {', '.join(unknown)}. Known: {', '.join(PROGRAMS)}.")
    missing = [name for name in names if ensure(PROGRAMS[name]) is None]
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
