"""Errors of the pure evaluation package.

EvaluationError (ValueError)
├── MismatchedColumns    arrays of one table differ in length or shape
├── NotFinite            a column holds NaN or infinity
├── PositionOutOfRange   an image or class position outside its axis
├── MissingMasks         masks are to be compared, a table has none
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


class NotFinite(EvaluationError):
    """A column holds NaN or infinity."""

    def __init__(self, column: str, rows: int) -> None:
        super().__init__(
            f"Column {column!r} is not finite in {rows} rows. Drop or mend them first."
        )
        self.column = column
        self.rows = rows


class PositionOutOfRange(EvaluationError):
    """An image or class position lies outside its axis."""

    def __init__(self, column: str, *, length: int | None = None) -> None:
        axis = "is negative" if length is None else f"reaches past its axis of {length}"
        super().__init__(f"Column {column!r} {axis}. Pass 0-based positions, not source ids.")
        self.column = column
        self.length = length


class MissingMasks(EvaluationError):
    """Masks are to be compared and a table has none."""

    def __init__(self, table: str) -> None:
        super().__init__(f"The {table} have no masks. Evaluate boxes, or import masks for them.")
        self.table = table


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
