"""The job that imports predictions: written shard by shard, visible at once, or taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from curation.job_engine.job_memory import JobMemory
from curation.job_engine.kinds import register
from curation.predictions.import_validation import ValidatedPredictions, validate_predictions
from curation.predictions.requests import PredictionImportRequest
from curation.projects.import_validation import refuse_changed
from curation.projects.kept_reports import keep_report, keeping_report
from curation.store.prediction_imports import (
    SetHeader,
    lock_set,
    open_set,
    publish_set,
    remember_class_map,
    take_back_set,
)
from curation.store.prediction_shards import shard_rows, write_shard

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from curation.job_engine.kinds import JobContext
    from curation.store.database import Connection


class PredictionImportJob:
    """Imports one file of predictions: a slice a shard, then one flip."""

    name: Final = "prediction import"

    def __init__(self) -> None:
        self._validated = JobMemory[ValidatedPredictions]()
        self._shards = JobMemory["list[NDArray[np.int64]]"]()

    def plan(self, context: JobContext) -> dict[str, Any]:
        """Validate, then create the set, invisible."""
        self.undo(context)
        request = PredictionImportRequest.from_payload(context.payload)
        context.report("Checking")
        with keeping_report(context):
            validated = self._validate(context)
        with context.database.write() as connection:
            report_id = keep_report(connection, context.job_id, validated.report)
            header = _header(context, request, validated, report_id)
            set_id = open_set(connection, header, again=request.again)
        slices = len(self._shard_rows(context))
        context.report("Writing", done=0, total=slices)
        return {
            "slices": slices,
            "set_id": set_id,
            "report_id": report_id,
            "sha256": validated.sha256,
            "counts": validated.report.counts,
            "fingerprint": validated.fingerprint,
            "class_map": validated.class_map,
            "task": validated.task,
        }

    def run_slice(self, context: JobContext, plan: dict[str, Any], number: int) -> None:
        """Write one shard of about 500 images with its rows."""
        predictions = self._reread(context, plan).predictions
        part = predictions.take(self._shard_rows(context)[number])
        with context.database.write() as connection:
            lock_set(connection, plan["set_id"])
            write_shard(
                connection, plan["set_id"], number, part, row_floor=context.settings.row_floor
            )

    def finish(
        self, context: JobContext, plan: dict[str, Any], connection: Connection
    ) -> dict[str, Any]:
        """Make the set visible and remember its class map."""
        request = PredictionImportRequest.from_payload(context.payload)
        publish_set(connection, plan["set_id"])
        remember_class_map(connection, request.project_id, plan["fingerprint"], plan["class_map"])
        kinds = ("bbox", "segm") if plan["task"] == "masks" else ("bbox",)
        return {
            "prediction_set": request.name,
            "set_id": plan["set_id"],
            "project_id": request.project_id,
            "report_id": plan["report_id"],
            **plan["counts"],
            "followups": [
                {
                    "kind": "evaluation",
                    "title": f"Evaluate {request.name} ({kind})",
                    "project_id": request.project_id,
                    "payload": {"set_id": plan["set_id"], "iou_type": kind},
                }
                for kind in kinds
            ],
        }

    def warm_up(self, context: JobContext, plan: dict[str, Any]) -> None:
        """Release what was read; evaluations follow and load their own."""
        del context, plan
        self._forget()

    def undo(self, context: JobContext) -> None:
        """Remove the set with its shards and rows."""
        self._forget()
        take_back_set(context.database, context.job_id)

    def _forget(self) -> None:
        self._validated.forget()
        self._shards.forget()

    def _shard_rows(self, context: JobContext) -> list[NDArray[np.int64]]:
        """Return the rows of every shard; found once, not once a shard."""
        return self._shards.get(
            context.job_id, lambda: shard_rows(self._validate(context).predictions)
        )

    def _reread(self, context: JobContext, plan: dict[str, Any]) -> ValidatedPredictions:
        """Return the import that was planned; after a crash it is read and checked again."""
        validated = self._validate(context)
        refuse_changed(context.payload["source"], validated.sha256, planned=plan["sha256"])
        return validated

    def _validate(self, context: JobContext) -> ValidatedPredictions:
        request = PredictionImportRequest.from_payload(context.payload)
        return self._validated.get(
            context.job_id,
            lambda: validate_predictions(context.database, request, dry_run=False),
        )


def _header(
    context: JobContext,
    request: PredictionImportRequest,
    validated: ValidatedPredictions,
    report_id: int,
) -> SetHeader:
    covered = validated.covered_splits
    return SetHeader(
        project_id=request.project_id,
        name=request.name,
        source=request.source.name,
        sha256=validated.sha256,
        format=validated.format,
        task=validated.task,
        class_map=validated.class_map,
        row_floor=context.settings.row_floor,
        job_id=context.job_id,
        image_revision=validated.image_revision,
        covered_splits=list(covered) if covered is not None else None,
        counts=validated.report.counts,
        report_id=report_id,
        parent_id=request.parent_id,
        model=request.model,
        version=request.version,
        framework=request.framework,
        notes=request.notes,
        training_split=request.training_split,
        training_revision=request.training_revision,
        config=request.config,
    )


register(PredictionImportJob())
