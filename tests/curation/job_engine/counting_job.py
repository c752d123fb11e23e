"""A job for tests: each slice appends a line to a file; it can hang, fail and be undone."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from curation.errors import UsageError
from curation.job_engine.kinds import JobContext, register
from curation.settings import load_settings
from curation.store.database import Database
from curation.store.schema_version import prepare


class CountingJob:
    """Writes `done <n>` for each slice to the file named in the payload."""

    name = "counting"

    def plan(self, context: JobContext) -> dict[str, Any]:
        self._write(context, "plan")
        return {"slices": context.payload["slices"]}

    def run_slice(self, context: JobContext, plan: dict[str, Any], number: int) -> None:
        if number == context.payload.get("hang_at") and not self._path(context, "go").exists():
            self._write(context, f"hang {os.getpid()}")
            time.sleep(60)
        time.sleep(context.payload.get("seconds_a_slice", 0))
        if number == context.payload.get("fail_at"):
            raise UsageError("Slice refused.", next_step="Try another.")
        self._write(context, f"done {number}")

    def finish(
        self, context: JobContext, plan: dict[str, Any], connection: sa.Connection
    ) -> dict[str, Any]:
        self._write(context, "finish")
        return {
            "slices": plan["slices"],
            **({"followups": f} if (f := context.payload.get("followups")) else {}),
        }

    def warm_up(self, context: JobContext, plan: dict[str, Any]) -> None:
        if context.payload.get("warm_up_fails"):
            raise OSError("disk full")

    def undo(self, context: JobContext) -> None:
        self._write(context, "undo")
        if self._path(context, "stuck").exists():
            raise OSError("cannot remove")

    @staticmethod
    def _path(context: JobContext, suffix: str) -> Path:
        return Path(f"{context.payload['file']}.{suffix}")

    def _write(self, context: JobContext, line: str) -> None:
        with self._path(context, "log").open("a") as file:
            file.write(line + "\n")


register(CountingJob())


def run(data_dir: str, job_id: str) -> None:
    """Run one job in this process: the entry of a process that tests kill."""
    from curation.job_engine.engine import run_here  # noqa: PLC0415 - after the kind is known

    settings = load_settings(Path(data_dir))
    database = Database.from_settings(settings)
    prepare(database)
    run_here(database, settings, job_id)


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2])
