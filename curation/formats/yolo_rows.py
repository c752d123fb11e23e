"""Lines of YOLO label files: class, then a box or a polygon, as shares of the image.

A line has five values (class, centre, size), or seven and more, an odd number (class, then the
points of a polygon). One value too many is a confidence or track id and is ignored.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from curation.formats.problems import (
    BOX_FAR_AWAY,
    BOX_NEGATIVE,
    COORDINATE_NOT_FINITE,
    FILE_UNREADABLE,
    ID_MALFORMED,
    ROW_MALFORMED,
    SCORE_MISSING,
    SCORE_NOT_FINITE,
    ProblemKind,
)

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES: Final = 16 << 20
REACH: Final = 10.0  # image sides; coordinates beyond are hardly shares of an image

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Row:
    """One line: the class number, and a box (xywh) and polygon in shares of the image.

    `line` counts from 1. `extra`: whether a value was ignored. `score` is 1 in label files.
    """

    line: int
    class_: int
    box: Box
    polygon: tuple[float, ...] | None
    extra: bool = False
    score: float = 1.0


class BadRow(Exception):
    """A line, or with line 0 a whole file, that cannot be read, and under which kind it counts."""

    def __init__(self, kind: ProblemKind, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


def lines_of(path: Path) -> list[tuple[int, list[str]]]:
    """Return the numbered lines of a small text file as words, without the blank ones.

    Raises:
        BadRow: The file cannot be read as text.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
        text = content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRow(FILE_UNREADABLE, str(error)) from error
    if len(content) > MAX_BYTES:
        raise BadRow(FILE_UNREADABLE, f"it is larger than {MAX_BYTES} bytes")
    rows = ((number, line.split()) for number, line in enumerate(text.split("\n"), start=1))
    return [(number, words) for number, words in rows if words]


def label_row(line: int, words: list[str], *, boxes_only: bool = False) -> Row:
    """Read a line of a label file.

    Args:
        line: Its number, from 1.
        words: Its values.
        boxes_only: Read five values and ignore the rest, which are keypoints.

    Raises:
        BadRow: It has too few values, one that is not finite, or no sound class or box.
    """
    if len(words) < 5:
        raise BadRow(ROW_MALFORMED, f"{len(words)} values, at least 5 are needed")
    if boxes_only:
        return Row(line, class_of(words[0]), _box(_numbers(words[1:5])), None)
    class_, numbers = class_of(words[0]), _numbers(words[1:])
    extra = len(numbers) % 2 == 1
    return _shape(line, class_, numbers[:-1] if extra else numbers, extra=extra)


def prediction_row(line: int, words: list[str]) -> Row:
    """Read a line of a prediction file, whose last value is the confidence.

    Raises:
        BadRow: As for labels, or the confidence is missing or not finite.
    """
    if len(words) < 5:
        raise BadRow(ROW_MALFORMED, f"{len(words)} values, at least 6 are needed")
    if len(words) % 2:
        raise BadRow(SCORE_MISSING, f"{len(words)} values: a shape without a confidence")
    class_, numbers = class_of(words[0]), _numbers(words[1:-1])
    score = _number(words[-1])
    if not math.isfinite(score):
        raise BadRow(SCORE_NOT_FINITE, f"the confidence is {words[-1]}")
    return _shape(line, class_, numbers, score=score)


def _shape(
    line: int, class_: int, numbers: list[float], *, extra: bool = False, score: float = 1.0
) -> Row:
    if len(numbers) == 4:
        return Row(line, class_, _box(numbers), None, extra, score)
    _check_reach(numbers)
    left, top = min(numbers[::2]), min(numbers[1::2])
    box = (left, top, max(numbers[::2]) - left, max(numbers[1::2]) - top)
    return Row(line, class_, box, tuple(numbers), extra, score)


def class_of(word: str) -> int:
    """Return a class number.

    Raises:
        BadRow: It is not a whole number.
    """
    value = _number(word)
    if not value.is_integer():
        raise BadRow(ID_MALFORMED, f"the class {word[:40]!r} is not a whole number")
    return int(value)


def _box(numbers: list[float]) -> Box:
    centre_x, centre_y, width, height = numbers
    if width < 0 or height < 0:
        raise BadRow(BOX_NEGATIVE, f"width {width}, height {height}")
    _check_reach(numbers)
    return (centre_x - width / 2, centre_y - height / 2, width, height)


def _check_reach(numbers: list[float]) -> None:
    far = max(numbers, key=abs)
    if abs(far) > REACH:
        raise BadRow(BOX_FAR_AWAY, f"the coordinate {far} is not a share of the image")


def _numbers(words: list[str]) -> list[float]:
    numbers = [_number(word) for word in words]
    for word, number in zip(words, numbers, strict=True):
        if not math.isfinite(number):
            raise BadRow(COORDINATE_NOT_FINITE, f"the coordinate {word[:40]!r} is not finite")
    return numbers


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError as error:
        raise BadRow(ROW_MALFORMED, f"{word[:40]!r} is not a number") from error
