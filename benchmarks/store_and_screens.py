"""Import, evaluation and Model Evaluation on SQLite and PostgreSQL, both in one run.

    python benchmarks/store_and_screens.py TRUTH.json FIRST.json SECOND.json [--rounds 3]

Every step of a round runs in a process of its own, so that times hold the start of Python and
peak memory is the step's alone; `screens` are warm calls of the services behind the pages. The
two databases take turns, and the table shows medians.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from curation.settings import load_settings
from curation.store.database import Database

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # tests.servers starts PostgreSQL

from tests.servers.postgres import Cluster  # noqa: E402  # after the path is known
from tests.servers.programs import postgres_programs  # noqa: E402


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "curation.cli.main", *arguments]


def timed(arguments: list[str], environment: dict[str, str]) -> dict[str, float]:
    """Run one process; return wall seconds, CPU seconds and peak memory in MB."""
    started = time.perf_counter()
    process = subprocess.Popen(
        arguments, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if status:
        sys.exit(process.stderr.read().decode() if process.stderr else "a step failed")
    return {"s": seconds, "cpu": used.ru_utime + used.ru_stime, "MB": used.ru_maxrss / 1024}


def one_round(url: str | None, files: argparse.Namespace) -> dict[str, dict[str, float]]:
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "CURATION_DATA_DIR": folder}
        if url is not None:
            environment["CURATION_DATABASE_URL"] = url
        steps: dict[str, list[str]] = {
            "import project": command(
                "project", "import", "coco", "bench", "--annotations", str(files.truth)
            ),
            "import first set, evaluate": command(
                "predictions", "import", "bench", str(files.first), "--name", "first"
            ),
            "import second set, evaluate": command(
                "predictions", "import", "bench", str(files.second), "--name", "second"
            ),
            "compare, fresh process": command("compare", "bench", "second", "--against", "first"),
        }
        found = {name: timed(step, environment) for name, step in steps.items()}
        inside = [sys.executable, __file__, "--inside"]
        printed = subprocess.run(
            inside, env=environment, cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout
        return found | {name: {"ms": value} for name, value in json.loads(printed).items()}


def inside() -> dict[str, float]:
    """Time the services behind the pages in this process; milliseconds."""
    from dataclasses import replace

    from curation.evaluations.comparison import compare_sets
    from curation.evaluations.evaluating import evaluate_set
    from curation.evaluations.images import image_page
    from curation.evaluations.overlays import image_overlays
    from curation.evaluations.request import EvaluationRequest
    from curation.predictions.importing import PredictionImportRequest  # noqa: F401  # warm import
    from curation.store.prediction_sets import list_prediction_sets

    settings = load_settings()
    database = Database.from_settings(settings)
    rows = list_prediction_sets(database, 1)
    request = EvaluationRequest(1, rows[0].id, rows[1].id)
    found: dict[str, float] = {}

    def clock(name: str, call: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        value = call()
        found[name] = 1000 * (time.perf_counter() - started)
        return value

    clock(
        "evaluate anew (strict, not stored yet)",
        lambda: evaluate_set(database, rows[0].id, strict=True),
    )
    view = clock("first page, nothing in memory", lambda: compare_sets(database, request))
    clock("the same again", lambda: compare_sets(database, request))
    clock("score 0.30 → 0.50", lambda: compare_sets(database, replace(request, score=0.5)))
    clock("IoU 0.50 → 0.75", lambda: compare_sets(database, replace(request, iou=0.75)))
    clock("one class", lambda: compare_sets(database, replace(request, classes=(view.classes[0],))))
    clock("compare against none", lambda: compare_sets(database, replace(request, against_id=None)))
    clock("images, first page", lambda: image_page(database, request))
    page = clock("images, other order", lambda: image_page(database, request, sort="fn"))
    ids = [row.image_id for row in page.rows]
    clock("overlays of 60 images", lambda: image_overlays(database, request, ids))
    database.close()
    return found


def table(rounds: dict[str, list[dict[str, dict[str, float]]]]) -> str:
    lines = ["| step | " + " | ".join(rounds) + " |", "|---" * (len(rounds) + 1) + "|"]
    steps = next(iter(rounds.values()))[0]
    for step, units in steps.items():
        cells = []
        for measured in rounds.values():
            values = {u: statistics.median(m[step][u] for m in measured) for u in units}
            cells.append(", ".join(f"{value:.1f} {unit}" for unit, value in values.items()))
        lines.append(f"| {step} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("truth", type=Path, nargs="?")
    parser.add_argument("first", type=Path, nargs="?")
    parser.add_argument("second", type=Path, nargs="?")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--inside", action="store_true")
    files = parser.parse_args()
    if files.inside:
        print(json.dumps(inside()))
        return
    measured: dict[str, list[dict[str, dict[str, float]]]] = defaultdict(list)
    programs = postgres_programs()
    cluster = Cluster(programs) if programs is not None else None
    try:
        server = cluster.start() if cluster is not None else None
        for number in range(files.rounds):
            print(f"round {number + 1} of {files.rounds}", file=sys.stderr)
            measured["SQLite"].append(one_round(None, files))
            if server is not None:
                measured["PostgreSQL"].append(one_round(server.create_database(), files))
    finally:
        if cluster is not None:
            cluster.stop()
    print(table(measured))


if __name__ == "__main__":
    main()
