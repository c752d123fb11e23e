"""Values of Label Studio's regions, checked: the tool itself stores whatever a client sends."""

from __future__ import annotations

from typing import Any, Final

# No id or name that the tool makes comes near; columns of the store are a little wider.
_LONGEST_NAME: Final = 150
# Beyond this no float is safe to calculate with.
_LARGEST: Final = 1e300


class BadRegion(Exception):
    """A region that cannot be read, and why; the reason ends with what to do where one can."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def number(value: object, name: str) -> float:
    """Return a finite number.

    Raises:
        BadRegion: If it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadRegion(f"{name} is not a number")
    if not -_LARGEST < value < _LARGEST:  # so are NaN, infinity and integers beyond any float
        raise BadRegion(f"{name} is not finite")
    return float(value)


def text(value: object, name: str) -> str:
    """Return a text that every database can keep.

    Raises:
        BadRegion: If it is none, or holds a NUL or half a character.
    """
    if not isinstance(value, str):
        raise BadRegion(f"{name} is not a text")
    if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise BadRegion(f"{name} holds a character that cannot be kept; write it again")
    return value


def short_text(value: object, name: str) -> str:
    """Return a text that is a name: not empty, not endless.

    Raises:
        BadRegion: If it is none.
    """
    found = text(value, name)
    if not found:
        raise BadRegion(f"{name} is empty")
    if len(found) > _LONGEST_NAME:
        raise BadRegion(f"{name} has more than {_LONGEST_NAME} characters")
    return found


def items(value: object, name: str) -> list[Any]:
    """Return a list, of one item where a single text stands for it.

    Raises:
        BadRegion: If it is neither.
    """
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise BadRegion(f"{name} is not a list")
    return value
