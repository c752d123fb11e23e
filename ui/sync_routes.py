"""The HTTP interface of syncs: start one, look at it, and the hint of an annotation tool.

Only a token in the Authorization header, or a webhook's secret in a header of its own, lets
anybody in. No cookie does, so no foreign page can make a browser do it. What does not exist and
what belongs to another project get the same answer.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from curation.access.roles import SYNC_READ, SYNC_RUN, TokenHolder, require
from curation.errors import (
    CurationError,
    NotFound,
    Unavailable,
    UnknownToken,
    UsageError,
    presentation,
)
from curation.store.columns import now
from curation.store.database import UNREACHABLE
from curation.sync.webhooks import is_hook_secret
from ui.request_rates import RequestRate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from curation.job_engine.jobs import JobRow
    from curation.store.sources import SourceRow
    from curation.store.sync_runs import SyncRunRow
    from curation.sync.source_states import SourceState

MOST_BODY_BYTES: Final = 64 * 1024
BODY_SECONDS: Final = 0.5
"""A tool waits one second for the answer to its hint, and the rest of that is ours."""
SOURCE_ID: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
"""Longer ones are more than a database can compare with."""
JOB_ID: Final = re.compile(r"[\w.-]{1,64}", re.ASCII)
SHOWN: Final = 64
"""Characters of a wrong id that an answer repeats."""
HOOK_HEADER: Final = "X-Curation-Secret"

logger = logging.getLogger(__name__)


class SyncRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the body of a request for a sync may say."""

    reconcile: bool = False


@dataclass(frozen=True, slots=True)
class SyncService:
    """What the routes call; each may block, and raises the errors of `curation.errors`.

    Args:
        authenticate: Returns who holds a token.
        source: Returns a source by id.
        states: Returns the sources of a project, and how each stands.
        job: Returns a job by id.
        start: `(source_id, author, reconcile)`: starts a sync or finds the open one; its job id.
        hint: Makes a source due now.
    """

    authenticate: Callable[[str], TokenHolder]
    source: Callable[[int], SourceRow]
    states: Callable[[int], tuple[SourceState, ...]]
    job: Callable[[str], JobRow]
    start: Callable[[int, str, bool], str]
    hint: Callable[[int], None]


def client_rate() -> RequestRate:
    """Return how often one address may call webhooks, whatever their secrets."""
    return RequestRate(burst=60, per_second=5)


def source_rate() -> RequestRate:
    """Return how often a source's tool may call its webhook."""
    return RequestRate(burst=20, per_second=1)


@dataclass(frozen=True, slots=True)
class HintLimits:
    """How often webhooks may call, and the sources whose hint is not written yet."""

    by_client: RequestRate = field(default_factory=client_rate)
    by_source: RequestRate = field(default_factory=source_rate)
    waiting: set[int] = field(default_factory=set)


def sync_routes(service: SyncService, limits: HintLimits | None = None) -> list[Route]:
    """Return the routes of syncs, their jobs and webhooks."""
    kept = limits or HintLimits()

    async def start(request: Request) -> Response:
        holder = await _holder(service, request)
        asked = _sync_request(await _body(request))
        source_id = _source_id(request, "source")
        return await run_in_threadpool(_start, service, holder, source_id, asked)

    async def show_source(request: Request) -> Response:
        holder = await _holder(service, request)
        source_id = _source_id(request, "source")
        return await run_in_threadpool(_show_source, service, holder, source_id)

    async def show_job(request: Request) -> Response:
        holder = await _holder(service, request)
        return await run_in_threadpool(_show_job, service, holder, request.path_params["job"])

    async def hook(request: Request) -> Response:
        return await _hook(service, kept, request)

    return [
        Route("/api/sources/{source}/sync", answered(start), methods=["POST"]),
        Route("/api/sources/{source}", answered(show_source), methods=["GET"]),
        Route("/api/jobs/{job}", answered(show_job), methods=["GET"]),
        Route("/hooks/sources/{source}", answered(hook), methods=["POST"]),
    ]


def answered(
    respond: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint with its errors as JSON: what is wrong, what to do, no internals."""

    async def endpoint(request: Request) -> Response:
        try:
            response = await respond(request)
        except CurationError as error:
            response = _refusal(error)
        except ClientDisconnect:
            return Response(status_code=HTTPStatus.BAD_REQUEST)  # nobody is there to read it
        except UNREACHABLE as error:
            reason = f"see the server's log, error {_log(error)}"
            response = _refusal(Unavailable("The store", reason))
        except Exception as error:  # noqa: BLE001  # the border of these routes: logged with an id
            unexpected = CurationError(
                "Something unexpected went wrong.",
                next_step=f"An admin finds error {_log(error)} in the server's log.",
            )
            response = _refusal(unexpected)
        response.headers["Cache-Control"] = "no-store"
        return response

    return endpoint


def _log(error: Exception) -> str:
    reference = secrets.token_hex(4)
    logger.error("Error %s in a request", reference, exc_info=error)
    return reference


def _refusal(error: CurationError) -> Response:
    response = JSONResponse(
        {"error": error.what, "next_step": error.next_step}, presentation(error).status
    )
    if isinstance(error, UnknownToken):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


async def _holder(service: SyncService, request: Request) -> TokenHolder:
    """Return who asks; raises `UnknownToken` if nobody says so in the Authorization header."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise UnknownToken
    return await run_in_threadpool(service.authenticate, token.strip())


async def _body(request: Request) -> bytes:
    """Return the body of a request, refused as soon as it is longer than any can be."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BODY_BYTES:
            raise UsageError("The body of the request is too long.", next_step=_EXAMPLE)
    return body


_EXAMPLE: Final = 'Send JSON such as {"reconcile": true}, or nothing.'


def _sync_request(body: bytes) -> SyncRequest:
    if not body.strip():
        return SyncRequest()
    try:
        return msgspec.json.decode(body, type=SyncRequest)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise UsageError("The body of the request is not valid.", next_step=_EXAMPLE) from None
    except RecursionError:
        raise UsageError("The body of the request is too deep.", next_step=_EXAMPLE) from None


def _source_id(request: Request, kind: str) -> int:
    """Return the source that the path names; raises `NotFound` for what no source is named."""
    text = request.path_params["source"]
    if SOURCE_ID.fullmatch(text) is None:
        raise NotFound(kind, text[:SHOWN])
    return int(text)


def _known_source(service: SyncService, source_id: int) -> SourceRow | None:
    try:
        return service.source(source_id)
    except NotFound:
        return None


def _start(
    service: SyncService, holder: TokenHolder, source_id: int, asked: SyncRequest
) -> Response:
    source = _known_source(service, source_id)
    if source is None or source.project_id != holder.project_id:
        raise NotFound("source", source_id)
    require(holder, SYNC_RUN, source.project_id)
    job_id = service.start(source.id, holder.author, asked.reconcile)
    return JSONResponse({"job": job_id, "url": f"/api/jobs/{job_id}"}, HTTPStatus.ACCEPTED)


def _show_source(service: SyncService, holder: TokenHolder, source_id: int) -> Response:
    states = {state.source.id: state for state in service.states(holder.project_id)}
    if source_id not in states:
        raise NotFound("source", source_id)
    state = states[source_id]
    source = state.source
    require(holder, SYNC_READ, source.project_id)
    return _json(
        {
            "id": source.id,
            "name": source.name,
            "kind": source.kind,
            "state": state.standing,
            "attention": state.text,
            "questions": state.questions,
            "job": state.job_id,
            "schedule": source.schedule,
            "due": source.due,
            "reconciled": source.reconciled,
            "last_run": None if state.run is None else _run(state.run),
        }
    )


def _run(run: SyncRunRow) -> dict[str, Any]:
    return {
        "job": run.job_id,
        "kind": run.kind,
        "author": run.author,
        "status": run.status,
        "started": run.started,
        "finished": run.finished,
        "counts": run.counts,
        "faults": run.faults,
        "problems": len(run.problems),
        "revision": run.revision,
        "error": run.error,
    }


def _show_job(service: SyncService, holder: TokenHolder, job_id: str) -> Response:
    if JOB_ID.fullmatch(job_id) is None:
        raise NotFound("job", job_id[:SHOWN])
    job = service.job(job_id)
    if job.project_id != holder.project_id:
        raise NotFound("job", job_id)
    require(holder, SYNC_READ, job.project_id)
    return _json(
        {
            "id": job.id,
            "kind": job.kind,
            "title": job.title,
            "status": "interrupted" if job.lost else job.status,
            "done": job.done,
            "total": job.total,
            "message": job.message,
            "error": job.error,
            "created": job.created,
            "finished": job.finished,
        }
    )


def _json(data: dict[str, Any]) -> Response:
    """Return a response with moments in ISO, UTC."""
    return Response(msgspec.json.encode(data), media_type="application/json")


async def _hook(service: SyncService, limits: HintLimits, request: Request) -> Response:
    """Take a tool's hint that something changed; what it says is not read.

    The answer is sent before the hint is written: the tool's user waits for it, and a store that
    is busy would make them wait.
    """
    client = request.client.host if request.client else ""
    seconds = limits.by_client.wait(client)
    if seconds:
        return _too_often(seconds)
    source_id = _source_id(request, "hook")
    source = await run_in_threadpool(_known_source, service, source_id)
    given = request.headers.get(HOOK_HEADER, "")
    if not is_hook_secret(given, source.hook_sha256 if source else None) or source is None:
        raise _no_hook(source_id)
    await _skip_body(request)
    seconds = limits.by_source.wait(source_id)
    write = BackgroundTask(_write_hint, service, limits, source, seconds)
    if seconds:
        response = _too_often(seconds)
        response.background = write
        return response
    return JSONResponse({"accepted": True}, HTTPStatus.ACCEPTED, background=write)


def _no_hook(source_id: int) -> NotFound:
    """Return one answer for an unknown source, one without a webhook, and a wrong secret."""
    error = NotFound("hook", source_id)
    error.next_step = (
        f"Check the address and {HOOK_HEADER}; 'curation source hook NAME' makes a new secret."
    )
    return error


async def _write_hint(
    service: SyncService, limits: HintLimits, source: SourceRow, seconds: int
) -> None:
    """Make a source due unless it is, or another request is about to.

    A hint that came too often is written when its time has come: the last change of many must
    not wait for the next one.
    """
    if source.id in limits.waiting:
        return
    limits.waiting.add(source.id)
    try:
        await asyncio.sleep(seconds)
    finally:
        limits.waiting.discard(source.id)
    if not seconds and source.due is not None and source.due <= now():
        return
    try:
        await run_in_threadpool(service.hint, source.id)
    except Exception as error:  # noqa: BLE001  # the border: nobody waits for it any more
        _log(error)


async def _skip_body(request: Request) -> None:
    """Read a body away, so that the tool gets to read the answer; not for long."""
    length = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                length += len(chunk)
                if length > MOST_BODY_BYTES:
                    return
    except (TimeoutError, ClientDisconnect):
        return


def _too_often(seconds: int) -> Response:
    return JSONResponse(
        {
            "error": "Too many requests.",
            "next_step": f"Wait {seconds} s; one hint is enough for any number of changes.",
        },
        HTTPStatus.TOO_MANY_REQUESTS,
        headers={"Retry-After": str(seconds)},
    )
