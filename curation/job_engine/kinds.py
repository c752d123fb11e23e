"""Kinds of durable work: each is a plan, slices that may run twice, an end, and an undo."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from curation.errors import JobCancelled, NotFound
from curation.store import jobs

if TYPE_CHECKING:
    from curation.settings import Settings
    from curation.store.database import Connection, Database

JsonObject = dict[str, Any]


class ProcessStopping(BaseException):
    """The process is about to end; the job stays open and goes on from its last checkpoint.

    No `Exception`, so that nothing on the way takes it for an end of the job.
    """


@dataclass(frozen=True, slots=True)
class JobContext:
    """What a running job may use."""

    database: Database
    settings: Settings
    job_id: str
    payload: JsonObject
    stopping: threading.Event = field(default_factory=threading.Event)

    def report(self, message: str, *, done: int | None = None, total: int | None = None) -> None:
        """Tell users how far the job is."""
        numbers = {"done": done, "total": total}
        changed = {name: value for name, value in numbers.items() if value is not None}
        jobs.update_job(self.database, self.job_id, message=message, **changed)

    def stop_if_cancelled(self) -> None:
        """Leave the job when somebody asked for it, or when the process is about to end.

        Raises:
            JobCancelled: If somebody did.
            ProcessStopping: If the process ends; the same step runs again elsewhere.
        """
        if self.stopping.is_set():
            raise ProcessStopping
        if jobs.is_cancelling(self.database, self.job_id):
            raise JobCancelled(self.job_id)


class JobKind(Protocol):
    """One kind of durable work.

    A process may die between or inside any two calls; the engine then calls again from the last
    call that returned. So every method must do no harm when it runs twice, and what it returns
    must be plain JSON.
    """

    @property
    def name(self) -> str:
        """What jobs of this kind are stored under."""
        ...

    def plan(self, context: JobContext) -> JsonObject:
        """Validate, open what is to be filled, and return a plan with the key `slices`."""
        ...

    def run_slice(self, context: JobContext, plan: JsonObject, number: int) -> None:
        """Do one slice of the work."""
        ...

    def finish(self, context: JobContext, plan: JsonObject, connection: Connection) -> JsonObject:
        """Make everything visible and return the job's result.

        It happens in the transaction that ends the job: either both come true or neither. Under
        the key `followups` the result may name jobs (kind, title, project_id, payload) to run next.
        """
        ...

    def warm_up(self, context: JobContext, plan: JsonObject) -> None:
        """Fill caches once everything is visible; a failure is logged and no more."""
        ...

    def undo(self, context: JobContext) -> None:
        """Remove whatever the job wrote; it must be as if it had never run."""
        ...


_KINDS: dict[str, JobKind] = {}


def register(kind: JobKind) -> JobKind:
    """Make a kind of work known to the engine."""
    _KINDS[kind.name] = kind
    return kind


def kind_of(name: str) -> JobKind:
    """Return a registered kind.

    Raises:
        NotFound: If no feature registered it.
    """
    if name not in _KINDS:
        raise NotFound("job kind", name, known=tuple(_KINDS))
    return _KINDS[name]
