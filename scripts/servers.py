"""Find or install the programs that tests drive: `python -m scripts.servers [NAME …]`.

What is on the machine is used as it is. What is missing is installed from Debian's packages when
this runs as root on Debian; elsewhere it says what a person can do. Label Studio comes from the
package index into an environment of its own, kept in the user's cache (1 GB, some minutes once).
Exit code 1 if one is missing.
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

from tests.servers.label_studio_program import template_of
from tests.servers.programs import (
    COMPLETE,
    LABEL_STUDIO_VARIABLE,
    LABEL_STUDIO_VERSION,
    chromium,
    label_studio,
    label_studio_environment,
    postgres_programs,
)

APT_OPTIONS: Final = ("-qq", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3")


@dataclass(frozen=True, slots=True)
class Program:
    """A program that tests need, and how this machine may come by it.

    Args:
        name: Its name here.
        find: Tells where it is, None where it is not.
        packages: Debian's packages of it.
        advice: What a person can do.
        make: Makes it without Debian's packages, wherever this runs.
    """

    name: str
    find: Callable[[], Path | None]
    packages: tuple[str, ...]
    advice: str
    make: Callable[[], None] | None = None


def make_label_studio() -> None:
    """Install Label Studio into an environment of its own, and run its migrations once.

    It pins dozens of old packages, so it never shares an environment.
    """
    if os.environ.get(LABEL_STUDIO_VARIABLE):
        return  # the person named another program: theirs to mend
    place = label_studio_environment()
    print(f"label-studio: installing into {place} (some minutes)", flush=True)
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    wanted = f"label-studio=={LABEL_STUDIO_VERSION}"
    for command in (
        (sys.executable, "-m", "venv", place),
        (place / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", wanted),
    ):
        if subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode:
            return
    # An interrupted installation is never taken for a whole one.
    (place / COMPLETE).touch()
    program = label_studio()
    if program is not None:
        template_of(program)


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
        Program(
            "label-studio",
            label_studio,
            (),
            f"name a label-studio command in {LABEL_STUDIO_VARIABLE}, or see what pip said",
            make=make_label_studio,
        ),
    )
}


def ensure(program: Program) -> Path | None:
    """Return where a program is, after installing it when that is possible and needed."""
    found = program.find()
    if found is None and program.make is not None:
        program.make()
        found = program.find()
    elif found is None and _may_install():
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
