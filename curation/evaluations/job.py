"""The job that evaluates a prediction set and lists its findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from curation.evaluations.evaluating import evaluate_set
from curation.evaluations.findings import write_findings
from curation.job_engine.kinds import register

if TYPE_CHECKING:
    from curation.job_engine.kinds import JobContext
    from curation.store.database import Connection


class EvaluationJob:
    """Evaluates one set: numbers first, then their findings, each in one transaction."""

    name: Final = "evaluation"

    def plan(self, context: JobContext) -> dict[str, Any]:
        """Two slices: matching is a matter of seconds."""
        context.report("Matching", total=2)
        return {"slices": 2}

    def run_slice(self, context: JobContext, plan: dict[str, Any], number: int) -> None:
        """Evaluate, unless the record exists already; then write the findings."""
        del plan
        set_id, iou_type = context.payload["set_id"], context.payload["iou_type"]
        record = evaluate_set(context.database, set_id, iou_type=iou_type)
        if number == 1:
            write_findings(
                context.database, set_id, iou_type=iou_type, revision=record.key.revision
            )

    def finish(
        self, context: JobContext, plan: dict[str, Any], connection: Connection
    ) -> dict[str, Any]:
        """Return what was evaluated."""
        del plan, connection
        return dict(context.payload)

    def warm_up(self, context: JobContext, plan: dict[str, Any]) -> None:
        """Nothing is cached."""

    def undo(self, context: JobContext) -> None:
        """What was written is complete and stays."""


register(EvaluationJob())
