"""Every error that Curation raises on purpose, and how each is shown.

CurationError
├── UsageError                the request cannot be meant
│   ├── InvalidSetting
│   ├── NameTaken
│   └── UnsafePath
├── NotFound                  a named thing does not exist
├── InputRejected             a file cannot be imported
│   ├── UnreadableFile
│   ├── UnknownFormat
│   └── NothingToImport
├── Conflict                  the state forbids it now
│   ├── JobCancelled
│   └── StaleSchema
└── Unavailable               an outside part did not answer

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


class Unavailable(CurationError):
    """An outside part (S3, a database) did not answer."""

    def __init__(self, part: str, reason: str) -> None:
        super().__init__(
            f"{part} did not answer: {reason}.", next_step="Check the connection and try again."
        )
        self.part = part
        self.reason = reason


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
