"""Run the lanes of the tests one after another and close with a table: `python -m scripts.test`.

`python -m scripts.test unit journeys` runs only those. A lane whose server cannot be had is skipped
by name; with `CI=true` that is a failure. The last lines are pytest's own closing lines.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from scripts.servers import PROGRAMS, ensure

BIN: Final = Path(sys.executable).parent
RESULTS: Final = Path("test-results")
PYTEST: Final = (sys.executable, "-m", "pytest", "tests", "evaluation")
ANSI: Final = re.compile(r"\x1b\[[0-9;]*m")
CLOSING: Final = re.compile(r"^=+ (?P<counts>.+) in [\d.]+s.* =+$")
WORDS: Final = ("failed", "passed", "skipped", "xfailed", "xpassed", "warning", "error")

# Tests that need a tool or a browser run in their own lanes, whatever else they need.
ELSEWHERE: Final = "not label_studio and not journey"

Status = Literal["pass", "fail", "skip"]


@dataclass(frozen=True, slots=True)
class Lane:
    """Commands that are run in order until one fails, and the program they cannot do without."""

    name: str
    commands: tuple[tuple[str | Path, ...], ...]
    needs: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a lane ended; `closing` is pytest's last line where the lane is one of tests."""

    lane: str
    status: Status
    seconds: float
    note: str = ""
    closing: str = ""


def _tests(database: str, expression: str) -> tuple[str | Path, ...]:
    return (*PYTEST, "--database", database, "-m", expression)


LANES: Final = (
    Lane("lint", ((BIN / "ruff", "check"), (BIN / "ruff", "format", "--check"))),
    Lane("types", ((BIN / "mypy",),)),
    Lane("layers", ((BIN / "lint-imports",),)),
    Lane("unit", (_tests("sqlite", f"not postgresql and not s3 and {ELSEWHERE}"),)),
    Lane("postgresql", (_tests("postgresql", f"postgresql and {ELSEWHERE}"),), needs="postgresql"),
    Lane("s3", (_tests("sqlite", f"s3 and {ELSEWHERE}"),)),
    Lane(
        "label-studio",
        (_tests("both", "label_studio and not journey"),),
        needs="label-studio",
    ),
    Lane("journeys", (_tests("sqlite", "journey"),), needs="chromium"),
)


def run(lane: Lane) -> Outcome:
    """Run one lane, showing its output as it comes."""
    started = time.monotonic()
    print(f"\n──── {lane.name} ────", flush=True)
    if lane.needs and not _available(lane.needs):
        return Outcome(lane.name, "skip", time.monotonic() - started, f"no {lane.needs}")
    closing = ""
    for command in lane.commands:
        code, closing = _stream(command)
        if code:
            seconds = time.monotonic() - started
            return Outcome(lane.name, "fail", seconds, f"exit code {code}", closing)
    return Outcome(lane.name, "pass", time.monotonic() - started, closing=closing)


def _available(program: str) -> bool:
    """Return whether a program can be had; a server named by the environment needs no program."""
    if program == "postgresql" and os.environ.get("CURATION_TEST_POSTGRES_URL"):
        return True
    return ensure(PROGRAMS[program]) is not None


def _stream(command: tuple[str | Path, ...]) -> tuple[int, str]:
    """Run a command, pass its output on, and return its exit code and pytest's closing line."""
    colour = {"FORCE_COLOR": "1"} if sys.stdout.isatty() else {}
    closing = ""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | colour,
    ) as process:
        for line in process.stdout or ():
            sys.stdout.write(line)
            sys.stdout.flush()
            plain = ANSI.sub("", line).strip()
            if CLOSING.match(plain):
                closing = plain
    return process.returncode, closing


def failed(outcome: Outcome) -> bool:
    """Return whether an outcome fails the run: in CI nothing may be skipped."""
    strict = os.environ.get("CI", "").lower() == "true"
    return outcome.status == "fail" or (strict and outcome.status == "skip")


def table(outcomes: list[Outcome]) -> str:
    """Return one line a lane: name, status, seconds, what it says."""
    lines = [f"{'lane':<14}{'status':<8}{'seconds':>8}  "]
    for outcome in outcomes:
        match = CLOSING.match(outcome.closing)
        said = ", ".join(filter(None, (outcome.note, match["counts"] if match else "")))
        lines.append(f"{outcome.lane:<14}{outcome.status:<8}{outcome.seconds:>8.1f}  {said}")
    return "\n".join(line.rstrip() for line in lines)


def closing_lines(outcomes: list[Outcome]) -> str:
    """Return pytest's closing lines by lane, then their sum in pytest's own form."""
    tested = [outcome for outcome in outcomes if outcome.closing]
    lines = [f"{outcome.lane}: {outcome.closing}" for outcome in tested]
    total: Counter[str] = Counter()
    for outcome in tested:
        for number, word in re.findall(r"(\d+) ([a-z]+)", outcome.closing):
            total[word.removesuffix("s") if word in {"errors", "warnings"} else word] += int(number)
    # "deselected" is left out: each lane leaves out what the others run.
    counts = ", ".join(f"{total[word]} {word}" for word in WORDS if total[word])
    seconds = sum(outcome.seconds for outcome in tested)
    if tested:
        lines.append(f"{'=' * 20} {counts} in {seconds:.2f}s {'=' * 20}")
    return "\n".join(lines)


def main() -> int:
    """Run the chosen lanes, all of them by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = [lane.name for lane in LANES]
    parser.add_argument("lane", nargs="*", help=f"of: {', '.join(names)} (default: all)")
    chosen = parser.parse_args().lane or names
    unknown = sorted(set(chosen) - set(names))
    if unknown:
        parser.error(f"unknown lane {', '.join(unknown)}; known: {', '.join(names)}")
    RESULTS.mkdir(exist_ok=True)
    outcomes = [run(lane) for lane in LANES if lane.name in chosen]
    print(f"\n──── result ────\n{table(outcomes)}\n\n{closing_lines(outcomes)}", flush=True)
    return 1 if any(map(failed, outcomes)) else 0


if __name__ == "__main__":
    sys.exit(main())
