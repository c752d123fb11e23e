"""Processes started in turn, each measured as a whole: wall and CPU seconds, peak memory."""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.peers.cases import CACHE, ROOT, Case, Files
from benchmarks.peers.contestants import Contestant, environment, refusal

Run = dict[str, Any]
NAMED_ERROR = re.compile(r"[\w.]*(Error|Exception)\b")


@dataclass(slots=True)
class Measured:
    """The runs of one contestant on one case, or why there is none."""

    row: str
    kind: str
    peer: str | None
    runs: list[Run] = field(default_factory=list)
    skipped: str | None = None


class Failed(Exception):
    """A process ended in an error or ran too long."""


def run_process(command: Sequence[str], environ: dict[str, str], *, cap: float) -> Run:
    """Run one process and return its seconds, its peak memory and what it printed.

    Raises:
        Failed: If it does not end well within `cap` seconds.
    """
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(command, env=environ, cwd=ROOT, stdout=printed, stderr=errors)
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(cap, stop)
        timer.start()
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        if late.is_set():
            raise Failed(f"over {cap:.0f} s")
        if process.returncode:
            errors.seek(0)
            raise Failed(_last_line(errors.read().decode(errors="replace")))
        printed.seek(0)
        return {
            "wall": wall,
            "cpu": used.ru_utime + used.ru_stime,
            "mb": used.ru_maxrss / 1024,
            "printed": printed.read(),
        }


def measure(
    case: Case,
    files: Files,
    contestants: Sequence[Contestant],
    *,
    rounds: tuple[int, int],
    cap: float,
    say: Callable[[str], None],
) -> list[Measured]:
    """Let the contestants take turns; `rounds` are those of fast and of slow ones."""
    found = {
        each.key: Measured(each.row, each.kind, each.peer, skipped=refusal(each, case))
        for each in contestants
    }
    with tempfile.TemporaryDirectory(dir=_cache()) as store:
        _fill(Path(store), case, files, [each for each in found.values() if each.kind == "store"])
        for number in range(max(rounds)):
            for each in contestants:
                entry = found[each.key]
                if entry.skipped is None and number < rounds[each.slow]:
                    say(f"{case.name}: round {number + 1}, {each.row}, {each.kind}")
                    _take_turn(each, case, files, entry, Path(store), cap)
    return list(found.values())


def _cache() -> Path:
    CACHE.mkdir(parents=True, exist_ok=True)
    return CACHE


def _fill(store: Path, case: Case, files: Files, readers: Sequence[Measured]) -> None:
    """Fill a store for those who read from one; if that fails, it is why they are left out."""
    waiting = [each for each in readers if each.skipped is None]
    if not waiting:
        return
    filler = [sys.executable, "-m", "benchmarks.peers.prepared_store", str(store)]
    command = [*filler, str(files.truth), str(files.predictions), case.name]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        for each in waiting:
            each.skipped = f"the import failed: {_last_line(done.stderr)}"


def _take_turn(
    each: Contestant, case: Case, files: Files, entry: Measured, store: Path, cap: float
) -> None:
    try:
        with _environment(each, store) as environ:
            run = run_process(each.command(case, files), environ, cap=cap)
    except Failed as failure:
        entry.skipped = str(failure)
        return
    entry.runs.append(_condensed(run | each.read(run.pop("printed"))))


def _condensed(run: Run) -> Run:
    """Replace repeated calls by their median, wall and CPU seconds."""
    calls = run.pop("calls", None)
    if calls is not None:
        run["first"] = run["seconds"]["first"]
        run["again"], run["again_cpu"] = (
            statistics.median(column) for column in zip(*calls, strict=True)
        )
    return run


@contextmanager
def _environment(each: Contestant, store: Path) -> Iterator[dict[str, str]]:
    """Give a contestant its variables; one that writes into a store gets a copy of its own."""
    if each.kind != "store":
        yield environment()
        return
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        shutil.copytree(store, folder, dirs_exist_ok=True)
        yield {**environment(), "CURATION_DATA_DIR": folder}


def _last_line(errors: str) -> str:
    """Return the last line that names an error, without what follows its first sentence."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    named = [line for line in lines if NAMED_ERROR.match(line)]
    return (named or lines or ["it failed without a word"])[-1].split(". ")[0][:200]
