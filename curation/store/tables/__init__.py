"""All tables, one module an aggregate; importing this package fills `Base.metadata`."""

from __future__ import annotations

from curation.store.columns import Base
from curation.store.tables.access import AccessToken
from curation.store.tables.collections import Collection, CollectionItem
from curation.store.tables.evaluations import Comparison, Evaluation, Finding, MatchShard
from curation.store.tables.jobs import ImportReport, Job
from curation.store.tables.labels import Label, LabelGeometry, LabelShard, Mark
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
    ImageState,
    Project,
    Revision,
)
from curation.store.tables.pushes import OutboxItem, Push
from curation.store.tables.sources import (
    LabelOrigin,
    RemoteAnnotation,
    RemoteTask,
    Source,
    SourceClass,
    SyncRun,
)

__all__ = [
    "PENDING",
    "VISIBLE",
    "AccessToken",
    "Base",
    "Baseline",
    "Class",
    "ClassMap",
    "Collection",
    "CollectionItem",
    "Comparison",
    "Dataset",
    "Evaluation",
    "Finding",
    "Image",
    "ImageState",
    "ImportReport",
    "Job",
    "Label",
    "LabelGeometry",
    "LabelOrigin",
    "LabelShard",
    "Mark",
    "MatchShard",
    "OutboxItem",
    "Prediction",
    "PredictionSet",
    "PredictionShard",
    "Project",
    "Push",
    "RemoteAnnotation",
    "RemoteTask",
    "Revision",
    "Source",
    "SourceClass",
    "SyncRun",
]
