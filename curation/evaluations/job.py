"""The job that evaluates a prediction set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from curation.evaluations.evaluating import evaluate_set
from curation.job_engine.kinds import register

if TYPE_CHECKING:
    from curation.job_engine.kinds import JobContext
    from curation.store.database import Connection


class EvaluationJob:
    """Evaluates one set; the record is written in one transaction, so there is nothing to undo."""

    name: Final = "evaluation"

    def plan(self, context: JobContext) -> dict[str, Any]:
        """One slice: matching is a matter of seconds."""
        context.report("Matching", total=1)
        return {"slices": 1}

    def run_slice(self, context: JobContext, plan: dict[str, Any], number: int) -> None:
        """Evaluate, unless the record exists already."""
        del plan, number
        evaluate_set(
            context.database, context.payload["set_id"], iou_type=context.payload["iou_type"]
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
        """Nothing was written."""


register(EvaluationJob())
