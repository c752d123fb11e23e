"""People at work in a real tool, workers that are killed, a network that fails: one experiment."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from curation.settings import Settings
from curation.store.database import Database
from curation.store.jobs import DONE, get_job
from curation.store.sync_runs import list_runs
from curation.sync.class_questions import answer_question, class_questions
from curation.sync.sources import SourceDraft, get_source, keep_source
from curation.sync.syncing import start_sync
from tests.curation.sync.label_studio_deeds import Crowd, add
from tests.curation.sync.label_studio_oracle import (
    copy_of,
    exported,
    labels_of_export,
    labels_of_store,
)
from tests.servers.label_studio import LabelStudioProject

TOKEN_VARIABLE = "CHAOS_TOKEN"
PATIENCE_SECONDS = 180


@dataclass
class Host:
    """A worker in its own process, as a host has it; it may be killed and started again."""

    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "curation.cli.main", "worker"],
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def kill(self) -> None:
        """End it as the power supply would."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(30)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()


@dataclass
class Experiment:
    """A project, its source, two hosts, and how much happens.

    Args:
        database: The store.
        settings: Its settings, allowed origins and all.
        project: The project in the tool, reached directly.
        address: How the source reaches the tool: through the proxy.
        dice: Decides everything.
        folder: For logs.
    """

    database: Database
    settings: Settings
    project: LabelStudioProject
    address: str
    dice: random.Random
    folder: Path
    source_id: int = 0
    project_id: int = 0
    kills: int = 0
    jobs: list[str] = field(default_factory=list)

    def connect(self, project_id: int) -> None:
        """Make the source, its token by variable, every class of the tool a new one.

        The variable must be set in this process too.
        """
        self.project_id = project_id
        draft = SourceDraft(
            project_id,
            "chaos",
            "label-studio",
            self.address,
            tool_project=str(self.project.id),
            secret_kind="env",
            secret=TOKEN_VARIABLE,
        )
        self.source_id = keep_source(self.database, self.settings, draft)
        source = get_source(self.database, self.source_id)
        for question in class_questions(self.database, source):
            answer_question(self.database, source, question.name, answer="new", author="test")

    @contextmanager
    def hosts(self, count: int = 2) -> Iterator[list[Host]]:
        """Run workers until the block ends."""
        environment = {
            **{name: value for name, value in os.environ.items() if "CURATION" not in name},
            "CURATION_DATA_DIR": str(self.settings.data_dir),
            "CURATION_TOOL_ORIGINS": f'["{self.address}"]',
            TOKEN_VARIABLE: self.project.server.token,
        }
        if self.settings.database_url is not None:
            environment["CURATION_DATABASE_URL"] = self.settings.database_url.reveal()
        hosts = [Host(environment, self.folder / f"host-{n}.log") for n in range(count)]
        try:
            for host in hosts:
                host.start()
            yield hosts
        finally:
            for host in hosts:
                host.stop()

    def round(self, crowd: Crowd, hosts: list[Host], *, deeds: int, kill: bool) -> None:
        """Sync while people work; kill a host at a random moment."""
        self.ask()
        cut = self.dice.randrange(deeds)
        crowd.do(cut)
        if kill:
            host = self.dice.choice(hosts)
            time.sleep(self.dice.uniform(0, 0.5))
            host.kill()
            host.start()
            self.kills += 1
        crowd.do(deeds - cut)

    def ask(self, *, reconcile: bool = False) -> str:
        """Ask for a sync; while one is open that is the one."""
        job_id = start_sync(
            self.database,
            self.settings,
            self.source_id,
            author="test",
            reconcile=reconcile,
            allow_removals=True,
        )
        self.jobs.append(job_id)
        return job_id

    def settle(self) -> None:
        """Sync with everything compared until it succeeds: nobody works in the tool any more."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            earlier = set(self.jobs)
            job_id = self.ask(reconcile=True)
            # A run that was open before may have looked before the last deed.
            if self._wait(job_id, deadline) and job_id not in earlier:
                return
        raise TimeoutError("no sync came to its end")

    def _wait(self, job_id: str, deadline: float) -> bool:
        while time.monotonic() < deadline:
            job = get_job(self.database, job_id)
            if not job.is_open:
                return job.status == DONE
            time.sleep(0.2)
        raise TimeoutError(f"job {job_id} does not end")

    def differences(self) -> list[str]:
        """Return every difference between our copy or labels and the tool's own export."""
        export = self.project.export()
        pairs: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
            "copy": (copy_of(self.database, self.source_id), exported(export)),
            "labels": (
                labels_of_store(self.database, self.project_id),
                labels_of_export(export),
            ),
        }
        return [
            f"{what} of {key}: {str(ours.get(key))[:300]} | {str(theirs.get(key))[:300]}"
            for what, (ours, theirs) in pairs.items()
            for key in sorted(ours.keys() | theirs.keys())
            if ours.get(key) != theirs.get(key)
        ]

    def outcomes(self) -> Counter[str]:
        """Return how many runs ended how."""
        runs = list_runs(self.database, self.source_id, limit=10_000)
        return Counter(run.status for run in runs)

    def errors(self) -> set[str]:
        """Return why runs failed, each reason once."""
        runs = list_runs(self.database, self.source_id, limit=10_000)
        return {run.error for run in runs if run.error}


def crowd_of(project: LabelStudioProject, dice: random.Random, *, tasks: int = 25) -> Crowd:
    """Return people in front of a project that has some tasks."""
    crowd = Crowd(project, dice)
    while len(crowd.tasks) < tasks:
        add(crowd)
    return crowd
