"""Errors of the pure evaluation package.

EvaluationError (ValueError)
├── MismatchedColumns    arrays of one table differ in length or shape, or hold other values
├── NotFinite            a column holds NaN or infinity
├── PositionOutOfRange   an image or class position outside its axis
├── MissingMasks         masks are to be compared, a table has none
├── MissingCorners       oriented boxes are to be compared, a table has none
├── MissingKeypoints     keypoints are to be compared, a table has none
├── NotConvex            outlines of oriented boxes with a dent or a crossing
├── InvalidThreshold     a score or IoU threshold outside its range
├── ClassesNotMatched    classes are to be told apart, the matches have not
├── NotProbabilities     scores outside 0 … 1 where probabilities are needed
├── MalformedMask        a polygon or run-length mask that must not reach native code
├── MalformedJson        a JSON file that cannot be decoded
├── FaultyRecords        records of a COCO file that cannot be meant as they are
├── UnsupportedInput     something that `evaluate` cannot read
├── UnknownChoice        a table or chart that does not exist
└── InvalidGate          a `--fail-if` expression that cannot be meant
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evaluation.coco_files.problems import FileProblem


class EvaluationError(ValueError):
    """Base of everything `evaluation` raises on purpose."""


class MismatchedColumns(EvaluationError):
    """Arrays of one table differ in length or shape, or one holds another kind of values."""

    def __init__(self, column: str, expected: object, found: object) -> None:
        super().__init__(
            f"Column {column!r} has shape {found}, expected {expected}. Pass columns of one length."
            if isinstance(found, tuple)
            else f"Column {column!r} is {found}, expected {expected}. Pass it as expected."
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


class MissingCorners(EvaluationError):
    """Oriented boxes are to be compared and a table has none."""

    def __init__(self, table: str) -> None:
        super().__init__(
            f"The {table} have no corners. Evaluate boxes, or build the table with "
            "evaluation.oriented_boxes."
        )
        self.table = table


class MissingKeypoints(EvaluationError):
    """Keypoints are to be compared and a table has none."""

    def __init__(self, table: str) -> None:
        super().__init__(
            f"The {table} have no keypoints. Evaluate boxes, or build the table with "
            "evaluation.keypoints."
        )
        self.table = table


class NotConvex(EvaluationError):
    """Outlines of oriented boxes have a dent or cross themselves."""

    def __init__(self, rows: int) -> None:
        super().__init__(
            f"The corners of {rows} oriented boxes are no convex outline. Give them in the order "
            "of the outline, either way round, or compare masks."
        )
        self.rows = rows


class InvalidThreshold(EvaluationError):
    """A score or IoU threshold is outside its range."""

    def __init__(self, name: str, value: float, *, allowed: str) -> None:
        super().__init__(f"The {name} threshold is {value}. Use {allowed}.")
        self.name = name
        self.value = value
        self.allowed = allowed


class NotProbabilities(EvaluationError):
    """Scores lie outside 0 … 1 where probabilities are needed."""

    def __init__(self, rows: int, *, lowest: float, highest: float) -> None:
        super().__init__(
            f"{rows} scores lie outside 0 … 1 (lowest {lowest:g}, highest {highest:g}). "
            "Turn them into probabilities, by a sigmoid or softmax, and import them again."
        )
        self.rows = rows
        self.lowest = lowest
        self.highest = highest


class ClassesNotMatched(EvaluationError):
    """Classes are to be told apart, and the matches were made without regard to them."""

    def __init__(self) -> None:
        super().__init__("The matches are class-agnostic. Match with class_agnostic=False.")


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


class FaultyRecords(EvaluationError):
    """Records of a file cannot be meant as they are: all kinds of problems, counted."""

    def __init__(self, file: str, problems: tuple[FileProblem, ...]) -> None:
        kinds = "; ".join(map(str, problems))
        super().__init__(f"{file} cannot be evaluated: {kinds}. Mend these records first.")
        self.file = file
        self.problems = problems


class UnsupportedInput(EvaluationError):
    """Something was passed as ground truth or predictions that cannot be read."""

    def __init__(self, role: str, found: object, *, expected: str) -> None:
        kind = type(found).__name__
        if isinstance(found, list | tuple) and found:
            kind = f"{kind} of {type(found[0]).__name__}"
        super().__init__(f"The {role} given as {kind} cannot be read. Pass {expected}.")
        self.role = role
        self.expected = expected


class UnknownChoice(EvaluationError):
    """A table or chart was asked for that does not exist."""

    def __init__(self, kind: str, name: str, *, allowed: tuple[str, ...]) -> None:
        super().__init__(f"There is no {kind} {name!r}. Choose one of: {', '.join(allowed)}.")
        self.kind = kind
        self.name = name
        self.allowed = allowed


class InvalidGate(EvaluationError):
    """A gate on deltas cannot be meant as it is written."""

    def __init__(self, expression: str, reason: str, *, allowed: str) -> None:
        super().__init__(f"The gate {expression!r} {reason}. Use {allowed}.")
        self.expression = expression
        self.reason = reason
        self.allowed = allowed
