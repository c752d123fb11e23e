"""The features whose jobs a process can run: importing them registers their kinds."""

from __future__ import annotations

import importlib
from typing import Final

JOB_MODULES: Final = (
    "curation.projects.import_job",
    "curation.predictions.import_job",
    "curation.evaluations.comparison_job",
    "curation.evaluations.job",
    "curation.sync.sync_job",
    "curation.sync.push_job",
)


def load_job_kinds() -> None:
    """Import every module that registers a kind of job."""
    for module in JOB_MODULES:
        importlib.import_module(module)
