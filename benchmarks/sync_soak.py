"""Thousands of random deeds in a real Label Studio, a failing network, killed workers, two hosts.

    python -m benchmarks.sync_soak --deeds 3000 --rate 0.25 [--postgresql] [--seed 1]

Ends with what differs between the store and the tool's own full export: nothing, or it fails.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import msgspec

from curation.projects.catalog import find_or_create_project
from curation.settings import Secret, Settings
from curation.store.database import Database
from curation.store.schema_version import prepare
from tests.curation.sync.chaos import TOKEN_VARIABLE, Experiment, crowd_of
from tests.curation.sync.label_studio_deeds import CONFIG
from tests.servers.fault_proxy import FaultProxy, proxying
from tests.servers.label_studio import LabelStudioProject
from tests.servers.label_studio_program import Account, LabelStudioServer, Places, running
from tests.servers.postgres import Cluster
from tests.servers.programs import label_studio, postgres_programs


def soak(options: argparse.Namespace, stack: ExitStack) -> int:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    server = start_server(stack, folder)
    dice = random.Random(options.seed)
    faults = FaultProxy(server.url, options.rate, random.Random(options.seed))
    proxy = stack.enter_context(proxying(faults))
    made = server.call("POST", "/api/projects/", {"title": "soak", "label_config": CONFIG})
    project = LabelStudioProject(server, int(made["id"]))
    settings = Settings(data_dir=folder / "data", tool_origins=(proxy.url,))
    settings.data_dir.mkdir()
    if options.postgresql:
        programs = postgres_programs()
        if programs is None:
            sys.exit("No PostgreSQL: python -m scripts.servers postgresql")
        cluster = Cluster(programs)
        stack.callback(cluster.stop)
        url = cluster.start().create_database()
        settings = msgspec.structs.replace(settings, database_url=Secret(url))
    database = Database.from_settings(settings)
    stack.callback(database.close)
    prepare(database)
    os.environ[TOKEN_VARIABLE] = server.token
    experiment = Experiment(database, settings, project, proxy.url, dice, folder)
    crowd = crowd_of(project, dice, tasks=60)
    experiment.connect(find_or_create_project(database, "soak", create=True))
    started = time.monotonic()
    with experiment.hosts() as hosts:
        while crowd.deeds < options.deeds:
            experiment.round(crowd, hosts, deeds=40, kill=dice.random() < 0.5)
            print(f"{crowd.deeds} deeds, {experiment.kills} kills", flush=True)
        experiment.settle()
    differences = experiment.differences()
    print(
        f"{crowd.deeds} deeds in {time.monotonic() - started:.0f} s, {len(crowd.tasks)} tasks, "
        f"{experiment.kills} kills, runs {dict(experiment.outcomes())}, "
        f"{proxy.requests} requests with faults {dict(proxy.counts)}: "
        f"{len(differences)} differences"
    )
    for line in [*sorted(experiment.errors()), *differences[:20]]:
        print(line)
    return 1 if differences else 0


def start_server(stack: ExitStack, folder: Path) -> LabelStudioServer:
    program = label_studio()
    if program is None:
        sys.exit("No Label Studio: python -m scripts.servers label-studio")
    files = folder / "files"
    files.mkdir()
    places = Places(folder / "label-studio", files, folder / "label-studio.log")
    return stack.enter_context(running(program, places, Account()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deeds", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=0.25)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--postgresql", action="store_true")
    with ExitStack() as stack:
        return soak(parser.parse_args(), stack)


if __name__ == "__main__":
    sys.exit(main())
