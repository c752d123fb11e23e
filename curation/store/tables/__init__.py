"""All tables, one module an aggregate; importing this package fills `Base.metadata`."""

from __future__ import annotations

from curation.store.columns import Base
from curation.store.tables.evaluations import Comparison, Evaluation, Finding, MatchShard
from curation.store.tables.jobs import ImportReport, Job
from curation.store.tables.labels import Label, LabelGeometry, LabelShard
from curation.store.tables.predictions import (
    Baseline,
    ClassMap,
    Prediction,
    PredictionSet,
    PredictionShard,
)
from curation.store.tables.projects import (
    PENDING,
    VISIBLE,
    Class,
    Dataset,
    Image,
    Project,
    Revision,
)

__all__ = [
    "PENDING",
    "VISIBLE",
    "Base",
    "Baseline",
    "Class",
    "ClassMap",
    "Comparison",
    "Dataset",
    "Evaluation",
    "Finding",
    "Image",
    "ImportReport",
    "Job",
    "Label",
    "LabelGeometry",
    "LabelShard",
    "MatchShard",
    "Prediction",
    "PredictionSet",
    "PredictionShard",
    "Project",
    "Revision",
]
