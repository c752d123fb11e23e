"""A project with one prediction set that nobody has evaluated yet, to be copied for each run.

    python -m benchmarks.peers.prepared_store FOLDER TRUTH PREDICTIONS NAME

An import evaluates what it imported. That record is taken away again, so that what is left is
what the import itself wrote: rows, label and prediction shards.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa

from benchmarks.peers.contestants import CURATION, PROJECT
from curation.settings import Settings
from curation.store.database import Database
from curation.store.tables import Evaluation


def fill(folder: Path, truth: Path, predictions: Path, name: str) -> None:
    """Import ground truth and predictions into a new store in `folder`."""
    environment = {**os.environ, "CURATION_DATA_DIR": str(folder)}
    for command in (
        ["project", "import", "coco", PROJECT, "--annotations", str(truth)],
        ["predictions", "import", PROJECT, str(predictions), "--name", name],
    ):
        done = subprocess.run(
            [str(CURATION), *command], env=environment, check=False, stdout=subprocess.DEVNULL
        )
        if done.returncode:  # it has said why
            sys.exit(done.returncode)


def forget_evaluations(folder: Path) -> int:
    """Remove every evaluation record of a store with all that hangs on it; return how many."""
    database = Database.from_settings(Settings(data_dir=folder))
    with database.write() as connection:
        gone = connection.execute(sa.delete(Evaluation)).rowcount
    database.close()
    return gone


def main() -> None:
    folder, truth, predictions, name = sys.argv[1:]
    fill(Path(folder), Path(truth), Path(predictions), name)
    if forget_evaluations(Path(folder)) == 0:
        sys.exit("the import left no evaluation: has the store's shape changed?")


if __name__ == "__main__":
    main()
