"""Errors say what is wrong and what to do next; one table tells how each is shown."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from curation import errors
from evaluation.errors import InvalidThreshold


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (errors.NotFound("project", "x", known=("a", "b")), 3, HTTPStatus.NOT_FOUND),
        (errors.NameTaken("prediction set", "x"), 2, HTTPStatus.BAD_REQUEST),
        (errors.UnreadableFile("a.json", "it ends early"), 4, HTTPStatus.UNPROCESSABLE_ENTITY),
        (errors.JobCancelled("j"), 6, HTTPStatus.CONFLICT),
        (errors.StaleSchema("1", "2"), 5, HTTPStatus.SERVICE_UNAVAILABLE),
        (errors.Unavailable("S3", "no route"), 7, HTTPStatus.BAD_GATEWAY),
        (InvalidThreshold("score", 2.0, allowed="0 to 1"), 4, HTTPStatus.UNPROCESSABLE_ENTITY),
        (RuntimeError("a bug"), 70, HTTPStatus.INTERNAL_SERVER_ERROR),
    ],
)
def test_presentation__of_each_kind(error: Exception, code: int, status: HTTPStatus) -> None:
    shown = errors.presentation(error)
    assert (shown.exit_code, shown.status) == (code, status)


def test_text__has_the_fault_and_the_next_step() -> None:
    error = errors.NotFound("project", "x", known=("a", "b"))
    assert str(error) == "There is no project 'x'. Known: a, b."
    assert (error.kind, error.name, error.known) == ("project", "x", ("a", "b"))
