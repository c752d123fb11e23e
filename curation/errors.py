"""Every error that Curation raises on purpose, and how each is shown.

CurationError
├── UsageError                the request cannot be meant
│   ├── EmptyCollection
│   ├── InvalidSetting
│   ├── NameTaken
│   ├── OriginNotAllowed
│   └── UnsafePath
├── NotFound                  a named thing does not exist
├── InputRejected             a file cannot be imported
│   ├── NamesRejected         names of images or labels that mean nothing, or several
│   ├── UnreadableFile
│   ├── UnknownFormat
│   └── NothingToImport
├── Conflict                  the state forbids it now
│   ├── CollectionInUse       it was sent to an annotation tool
│   ├── JobCancelled
│   ├── StaleSchema
│   ├── TakenOver             another process has the work now
│   └── TooManyVanished       a sync would remove more than it may
├── Forbidden                 a token or role does not allow it
│   └── UnknownToken          nobody is known by the token
└── Unavailable               an outside part did not answer
    ├── AnswerLost            a change was sent, and whether it happened is not known
    ├── MissingExtra          an optional package is not installed
    └── ToolRefused           an annotation tool answered no

`evaluation` has its own small tree (`evaluation.errors`); the table below covers both.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from evaluation.errors import EvaluationError


class CurationError(Exception):
    """Base of all deliberate errors: `what` is wrong and what to do `next`."""

    def __init__(self, what: str, *, next_step: str) -> None:
        super().__init__(what, next_step)
        self.what = what
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.what} {self.next_step}"


class UsageError(CurationError):
    """The request cannot be meant as it stands."""


class EmptyCollection(UsageError):
    """A collection would hold nothing."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(
            f"The collection {name!r} would be empty: {why}.", next_step="Choose other images."
        )
        self.name = name


class InvalidSetting(UsageError):
    """A setting or option has a value outside its range."""

    def __init__(self, name: str, value: object, *, allowed: str) -> None:
        super().__init__(f"{name} is {value!r}.", next_step=f"Use {allowed}.")
        self.name = name
        self.value = value


class NameTaken(UsageError):
    """The name of a new project or prediction set exists already."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(
            f"A {kind} named {name!r} exists already.", next_step="Choose another name."
        )
        self.kind = kind
        self.name = name


class OriginNotAllowed(UsageError):
    """An address is not among those that an admin allowed."""

    def __init__(self, origin: str) -> None:
        super().__init__(
            f"{origin} is not an allowed annotation tool.",
            next_step=f"An admin adds it on this machine: CURATION_TOOL_ORIGINS='[\"{origin}\"]'.",
        )
        self.origin = origin


class UnsafePath(UsageError):
    """A path leaves the folder it must stay in."""

    def __init__(self, path: str, *, root: str) -> None:
        super().__init__(
            f"The path {path!r} leads outside {root!r}.",
            next_step="Use a relative path without '..', links or backslashes.",
        )
        self.path = path
        self.root = root


class NotFound(CurationError):
    """A named thing does not exist."""

    def __init__(self, kind: str, name: object, *, known: tuple[str, ...] = ()) -> None:
        hint = f"Known: {', '.join(known[:8])}." if known else f"Check the name of the {kind}."
        super().__init__(f"There is no {kind} {name!r}.", next_step=hint)
        self.kind = kind
        self.name = name
        self.known = known


class InputRejected(CurationError):
    """A file or folder cannot be imported."""


class NamesRejected(InputRejected):
    """Names of images or labels mean nothing in the project, or several things.

    Args:
        where: The file or place that names them.
        problems: One sentence for each, with its line.
        count: How many names there are.
    """

    def __init__(self, where: str, problems: tuple[str, ...], *, count: int) -> None:
        shown = "; ".join(problems[:5])
        more = f"; and {len(problems) - 5} more" if len(problems) > 5 else ""
        super().__init__(
            f"{len(problems)} of {count} entries of {where} cannot be taken: {shown}{more}.",
            next_step="Nothing was made. Correct them, or leave them out with --skip-unknown.",
        )
        self.where = where
        self.problems = problems
        self.count = count


class UnreadableFile(InputRejected):
    """A file cannot be parsed at all."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(
            f"{file} cannot be read: {reason}.",
            next_step="Export the file again and check that it is complete.",
        )
        self.file = file
        self.reason = reason


class UnknownFormat(InputRejected):
    """The content is of no format that Curation reads."""

    def __init__(self, file: str, *, expected: str) -> None:
        super().__init__(
            f"{file} is not {expected}.", next_step="See docs/formats.md for examples."
        )
        self.file = file
        self.expected = expected


class NothingToImport(InputRejected):
    """Validation left nothing that could be imported; `report` holds every reject as JSON."""

    def __init__(self, file: str, reason: str, *, report: dict[str, Any] | None = None) -> None:
        super().__init__(
            f"Nothing in {file} can be imported: {reason}.",
            next_step="Open the import report; it names every rejected record.",
        )
        self.file = file
        self.reason = reason
        self.report = report


class Conflict(CurationError):
    """The present state forbids the request."""


class CollectionInUse(Conflict):
    """A collection that was sent to an annotation tool stays, so that pushes can be explained."""

    def __init__(self, name: str, *, pushes: int) -> None:
        times = "once" if pushes == 1 else f"{pushes} times"
        super().__init__(
            f"The collection {name!r} was sent to an annotation tool {times}.",
            next_step="It is kept, because it says what was sent.",
        )
        self.name = name
        self.pushes = pushes


class JobCancelled(Conflict):
    """A person cancelled the job."""

    def __init__(self, job_id: str) -> None:
        super().__init__(
            f"Job {job_id} was cancelled.", next_step="Start it again when you want it."
        )
        self.job_id = job_id


class StaleSchema(Conflict):
    """The database is of another version than the code."""

    def __init__(self, found: str | None, expected: str) -> None:
        super().__init__(
            f"The database is at schema {found or 'none'}, the code needs {expected}.",
            next_step="Back up with 'curation db backup FILE', then run 'curation db upgrade'.",
        )
        self.found = found
        self.expected = expected


class TakenOver(Conflict):
    """Another process took the work up meanwhile; what it does counts."""

    def __init__(self, what: str) -> None:
        super().__init__(f"Another process works on {what} now.", next_step="Wait for it.")
        self.what = what


class TooManyVanished(Conflict):
    """A reconcile found so much gone that a person must say it is meant."""

    def __init__(self, source: str, *, gone: int, known: int) -> None:
        super().__init__(
            f"{gone} of the {known} tasks of {source} are gone from the tool; nothing was removed.",
            next_step=(
                "Check address, token and project. If it is meant, sync again and allow removals "
                f"('curation sync run {source} --reconcile --allow-removals')."
            ),
        )
        self.source = source
        self.gone = gone
        self.known = known


class Forbidden(CurationError):
    """A token or role does not allow the request."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"Not allowed: {what}.", next_step="Ask an admin for a token of the right project."
        )


class UnknownToken(Forbidden):
    """A token is missing, malformed, unknown or revoked; which of these is not told."""

    def __init__(self) -> None:
        CurationError.__init__(
            self,
            "The token is not valid.",
            next_step="An admin makes one: 'curation token create PROJECT NAME'.",
        )


class Unavailable(CurationError):
    """An outside part (S3, a database) did not answer."""

    def __init__(self, part: str, reason: str) -> None:
        super().__init__(
            f"{part} did not answer: {reason}.", next_step="Check the connection and try again."
        )
        self.part = part
        self.reason = reason


class AnswerLost(Unavailable):
    """A change was sent to an annotation tool and no answer came: it may have happened or not."""


class MissingExtra(Unavailable):
    """An optional package is not installed."""

    def __init__(self, extra: str) -> None:
        CurationError.__init__(
            self,
            f"The package for {extra!r} is not installed.",
            next_step=f"Install it: pip install 'curation[{extra}]'.",
        )
        self.extra = extra


class ToolRefused(Unavailable):
    """An annotation tool answered that it will not; trying again would not help.

    Args:
        tool: The source or tool.
        status: Its HTTP status.
        detail: Its own words, cut short; never a secret.
    """

    def __init__(self, tool: str, status: int, detail: str = "") -> None:
        words = f": {detail}" if detail else ""
        CurationError.__init__(
            self,
            f"{tool} refused (status {status}){words}.",
            next_step=_REFUSED.get(status, "Check the source's settings, then sync again."),
        )
        self.tool = tool
        self.status = status
        self.detail = detail


_REFUSED: Final = {
    401: "The token is not valid any more: make a new one in the tool and store it.",
    403: "The token may not do this: give its user access to the project in the tool.",
    404: "Check the project number: the tool has no such project or task.",
}


@dataclass(frozen=True, slots=True)
class Presentation:
    """How an error reaches people: screen title, process exit code, HTTP status."""

    title: str
    exit_code: int
    status: HTTPStatus


# EX_SOFTWARE of sysexits.h; 1 is a failed gate of `compare-files`.
UNEXPECTED: Final = 70

PRESENTATIONS: Final[dict[type[Exception], Presentation]] = {
    JobCancelled: Presentation("Cancelled", 6, HTTPStatus.CONFLICT),
    StaleSchema: Presentation("Database needs an upgrade", 5, HTTPStatus.SERVICE_UNAVAILABLE),
    Conflict: Presentation("Not possible now", 5, HTTPStatus.CONFLICT),
    NotFound: Presentation("Not found", 3, HTTPStatus.NOT_FOUND),
    InputRejected: Presentation("Import rejected", 4, HTTPStatus.UNPROCESSABLE_ENTITY),
    UnknownToken: Presentation("Not allowed", 8, HTTPStatus.UNAUTHORIZED),
    Forbidden: Presentation("Not allowed", 8, HTTPStatus.FORBIDDEN),
    UsageError: Presentation("Please check the request", 2, HTTPStatus.BAD_REQUEST),
    Unavailable: Presentation("No answer", 7, HTTPStatus.BAD_GATEWAY),
    EvaluationError: Presentation("Evaluation refused", 4, HTTPStatus.UNPROCESSABLE_ENTITY),
    CurationError: Presentation("Something is wrong", UNEXPECTED, HTTPStatus.INTERNAL_SERVER_ERROR),
}


def presentation(error: Exception) -> Presentation:
    """Return how to show an error: the entry of its nearest ancestor in the table.

    An error that reports another process's error brings that one's title and exit code.
    """
    title, exit_code = getattr(error, "title", None), getattr(error, "exit_code", None)
    if isinstance(title, str) and isinstance(exit_code, int):
        return Presentation(title, exit_code, HTTPStatus.INTERNAL_SERVER_ERROR)
    for ancestor in type(error).__mro__:
        found = PRESENTATIONS.get(ancestor)
        if found is not None:
            return found
    return PRESENTATIONS[CurationError]
