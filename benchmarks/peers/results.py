"""What was measured: one JSON file a case, with the machine and the versions, and its medians."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.peers.cases import CACHE
from benchmarks.peers.measuring import Measured

RESULTS = CACHE / "results"


@dataclass(frozen=True, slots=True)
class CaseResult:
    """The last run of one case.

    `versions` and `skipped` are by name of a peer; `entries` hold the runs of every contestant.
    """

    case: str
    title: str
    date: str
    machine: str
    rounds: tuple[int, int]
    versions: dict[str, str]
    entries: list[Measured]

    def find(self, row: str, kind: str) -> Measured | None:
        """Return one contestant's runs, None where it has none."""
        for entry in self.entries:
            if (entry.row, entry.kind) == (row, kind) and entry.runs:
                return entry
        return None

    def peers(self, kind: str) -> list[Measured]:
        """Return the peers that were measured in one way."""
        return [each for each in self.entries if each.peer and each.kind == kind and each.runs]


def figure(entry: Measured, name: str, *more: str) -> float | None:
    """Return the median over the runs of one figure (`wall`, or `seconds`, `truth`), if any.

    Example:
        >>> figure(Measured("ours", "files", None, [{"wall": 3.0}, {"wall": 1.0}]), "wall")
        2.0
    """
    found = []
    for run in entry.runs:
        value: Any = run.get(name)
        for key in more:
            value = None if value is None else value.get(key)
        if value is not None:
            found.append(float(value))
    return statistics.median(found) if found else None


def difference(entry: Measured, reference: Measured) -> float | None:
    """Return the largest difference of the numbers that both have."""
    ours, theirs = entry.runs[-1]["numbers"], reference.runs[-1]["numbers"]
    both = [(a, b) for a, b in zip(ours, theirs, strict=True) if a is not None and b is not None]
    return max((abs(a - b) for a, b in both), default=None)


def result(
    case: str,
    title: str,
    rounds: tuple[int, int],
    versions: dict[str, str],
    entries: Sequence[Measured],
) -> CaseResult:
    """Put the runs of a case together with today's date and this machine."""
    today = dt.datetime.now(tz=dt.UTC).date()
    mine = {"Curation": version("curation")}
    return CaseResult(
        case, title, today.isoformat(), machine(), rounds, mine | versions, list(entries)
    )


def save(found: CaseResult, folder: Path = RESULTS) -> Path:
    """Write one case; the last run of a case replaces the one before."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{found.case}.json"
    path.write_text(json.dumps(asdict(found), indent=1), encoding="utf-8")
    return path


def load(case: str, folder: Path = RESULTS) -> CaseResult | None:
    """Read the last run of a case, None if there was none."""
    path = folder / f"{case}.json"
    if not path.exists():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    entries = [Measured(**entry) for entry in found.pop("entries")]
    first, slow = found.pop("rounds")
    return CaseResult(**found, rounds=(first, slow), entries=entries)


def machine() -> str:
    """Return processor, cores that this process may use, memory and Python."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{cores} cores ({_processor()}), {memory:.0f} GiB, "
        f"{platform.system()}, Python {platform.python_version()}"
    )


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
