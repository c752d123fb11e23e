"""Errors of the pure evaluation package.

EvaluationError (ValueError)
├── MismatchedColumns    arrays of one table differ in length or shape
├── InvalidThreshold     a score or IoU threshold outside its range
├── MalformedMask        a polygon or run-length mask that must not reach native code
└── MalformedJson        a JSON file that cannot be decoded
"""

from __future__ import annotations


class EvaluationError(ValueError):
    """Base of everything `evaluation` raises on purpose."""


class MismatchedColumns(EvaluationError):
    """Arrays of one table differ in length or shape."""

    def __init__(self, column: str, expected: object, found: object) -> None:
        super().__init__(
            f"Column {column!r} has shape {found}, expected {expected}. Pass columns of one length."
        )
        self.column = column
        self.expected = expected
        self.found = found


class InvalidThreshold(EvaluationError):
    """A score or IoU threshold is outside its range."""

    def __init__(self, name: str, value: float, *, allowed: str) -> None:
        super().__init__(f"The {name} threshold is {value}. Use {allowed}.")
        self.name = name
        self.value = value
        self.allowed = allowed


class MalformedMask(EvaluationError):
    """A polygon or run-length mask that must not reach native code."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The mask is malformed: {reason}. Export it again from its tool.")
        self.reason = reason


class MalformedJson(EvaluationError):
    """A JSON file cannot be decoded."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"{file} is not valid JSON for its format: {reason}. Export it again.")
        self.file = file
        self.reason = reason
