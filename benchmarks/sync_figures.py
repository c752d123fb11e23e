"""How long syncs with a real Label Studio take, as whole processes: `curation sync run`.

    python -m benchmarks.sync_figures --tasks 10000 [--rounds 3]

First pull, empty delta, a delta of 1 %, everything compared; seconds, CPU seconds, peak memory.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.sync_soak import start_server
from curation.sync.pulling import OVERLAP
from tests.curation.sync.label_studio_deeds import CONFIG, rectangle
from tests.servers.label_studio import LabelStudioProject

BOXES = 5


@dataclass(frozen=True, slots=True)
class Cost:
    seconds: float
    cpu: float
    peak_mb: float


def measured(arguments: list[str], environment: dict[str, str]) -> Cost:
    """Run a command to its end and return what it cost."""
    command = [sys.executable, "-m", "curation.cli.main", *arguments]
    started = time.monotonic()
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        errors = process.stderr.read() if process.stderr else b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(errors.decode())
    seconds = time.monotonic() - started
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def fill(project: LabelStudioProject, count: int, dice: random.Random) -> list[int]:
    """Import annotated tasks, a thousand a request."""
    ids: list[int] = []
    for start in range(0, count, 1000):
        numbers = range(start, min(start + 1000, count))
        tasks = [
            {
                "data": {"image": f"/data/local-files/?d=i/{number}.png"},
                "annotations": [{"result": [rectangle(dice, n) for n in range(BOXES)]}],
            }
            for number in numbers
        ]
        ids += project.import_tasks(tasks)
    return ids


def edit(project: LabelStudioProject, ids: list[int], dice: random.Random) -> None:
    """Add a newer annotation to one task in a hundred."""
    for task in ids[:: max(1, 100)]:
        project.annotate(task, [rectangle(dice, n) for n in range(BOXES)])


def figures(options: argparse.Namespace, stack: ExitStack) -> None:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    server = start_server(stack, folder)
    dice = random.Random(1)
    made = server.call("POST", "/api/projects/", {"title": "figures", "label_config": CONFIG})
    project = LabelStudioProject(server, int(made["id"]))
    ids = fill(project, options.tasks, dice)
    time.sleep(OVERLAP.total_seconds() + 10)  # what is younger is fetched twice, on purpose
    kinds: dict[str, list[Cost]] = {"first pull": [], "empty delta": [], "delta of 1 %": []}
    kinds["everything compared"] = []
    for number in range(options.rounds):
        environment = {
            **{name: value for name, value in os.environ.items() if "CURATION" not in name},
            "CURATION_DATA_DIR": str(folder / f"data-{number}"),
            "CURATION_TOOL_ORIGINS": f'["{server.url}"]',
            "FIGURES_TOKEN": server.token,
        }
        connect = [
            "source", "add", "p", "tool", "--location", server.url, "--tool-project",
            str(project.id), "--token-env", "FIGURES_TOKEN", "--create-project", "--add-classes",
        ]  # fmt: skip
        measured(connect, environment)
        kinds["first pull"].append(measured(["sync", "run", "tool"], environment))
        kinds["empty delta"].append(measured(["sync", "run", "tool"], environment))
        edit(project, ids, dice)
        kinds["delta of 1 %"].append(measured(["sync", "run", "tool"], environment))
        compared = measured(["sync", "run", "tool", "--reconcile"], environment)
        kinds["everything compared"].append(compared)
    print(f"{options.tasks} tasks of {BOXES} boxes, {options.rounds} rounds, medians")
    print(f"{'run':<22}{'seconds':>9}{'CPU s':>8}{'peak MB':>9}")
    for kind, costs in kinds.items():
        middle = [
            statistics.median(getattr(cost, name) for cost in costs)
            for name in ("seconds", "cpu", "peak_mb")
        ]
        print(f"{kind:<22}{middle[0]:>9.1f}{middle[1]:>8.1f}{middle[2]:>9.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    with ExitStack() as stack:
        figures(parser.parse_args(), stack)


if __name__ == "__main__":
    main()
