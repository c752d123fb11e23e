"""The job of a push: items go out in slices, marked before they are sent, settled after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from curation.errors import ToolRefused
from curation.job_engine.kinds import register
from curation.store.outbox import CONFLICT, FAILED, SENT, count_items, items_of
from curation.store.pushes import count_states, push_of_job, refuse_second_push
from curation.store.sources import change_source, get_source
from curation.store.sync_runs import add_to_run, close_run, open_run
from curation.sync.image_plans import Problems
from curation.sync.push_preview import pushing_tool
from curation.sync.push_sending import ITEMS_A_SLICE, Sender
from curation.sync.sources import open_tool

if TYPE_CHECKING:
    from collections.abc import Iterable

    from curation.job_engine.kinds import JobContext
    from curation.store.database import Connection
    from curation.store.outbox import OutboxRow

STATE_WORDS: Final = {SENT: "sent", CONFLICT: "conflicts", FAILED: "failed"}
_NOT_SENT: Final = {
    CONFLICT: "changed in the tool after the preview",
    FAILED: "not taken by the tool",
}


class PushJob:
    """Sends the outbox of one push; a killed process goes on where it was, asking the tool first.

    What was sent stays in the tool, whatever becomes of the job: a job that is started again
    sends the rest.
    """

    name: Final = "push"

    def plan(self, context: JobContext) -> dict[str, Any]:
        """Open the run, unless another push to the source is under way."""
        push = push_of_job(context.database, context.job_id)
        with context.database.write() as connection:
            refuse_second_push(connection, push.source_id, context.job_id)
            open_run(connection, push.source_id, context.job_id, kind="push", author=push.author)
        items = count_items(context.database, push.id)
        return {"slices": -(-items // ITEMS_A_SLICE) + 1, "push_id": push.id}

    def run_slice(self, context: JobContext, plan: dict[str, Any], number: int) -> None:
        """Send fifty items; in the end look whether lost answers left anything behind."""
        context.report("Sending", done=number, total=plan["slices"])
        source = get_source(context.database, context.payload["source_id"])
        try:
            with open_tool(context.settings, source) as opened:
                sender = Sender(context, pushing_tool(source, opened), plan["push_id"])
                if number < plan["slices"] - 1:
                    sender.send(number * ITEMS_A_SLICE)
                else:
                    sender.clean_up()
        except ToolRefused as error:
            with context.database.write() as connection:
                change_source(connection, source.id, attention=str(error))
            raise

    def finish(
        self, context: JobContext, plan: dict[str, Any], connection: Connection
    ) -> dict[str, Any]:
        """Close the run with what became of the items."""
        counts = _counts(connection, plan["push_id"])
        problems = _problems(items_of(connection, plan["push_id"]))
        add_to_run(connection, context.job_id, counts=counts)
        close_run(connection, context.job_id, status="done", problems=problems)
        return {"push": plan["push_id"], **counts}

    def warm_up(self, context: JobContext, plan: dict[str, Any]) -> None:
        """Nothing is cached."""

    def undo(self, context: JobContext) -> None:
        """Close the run; what was sent stays, what was not waits for another start."""
        with context.database.write() as connection:
            close_run(connection, context.job_id, status="undone")


def _counts(connection: Connection, push_id: int) -> dict[str, int]:
    """Return how many items ended in which state, in words."""
    found = count_states(connection, push_id)
    return {word: found.get(state, 0) for state, word in STATE_WORDS.items()}


def _problems(items: Iterable[OutboxRow]) -> list[dict[str, Any]]:
    """Return the items that were not sent, by why."""
    problems = Problems()
    for item in items:
        if item.state in _NOT_SENT:
            problems.add(_NOT_SENT[item.state], f"{item.file_name}: {item.error}")
    return problems.to_list()


register(PushJob())
