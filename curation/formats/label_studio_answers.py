"""Answers in Label Studio (choices, texts, numbers …), each as the texts that it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from curation.formats.label_studio_values import BadRegion, items, number, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from curation.formats.shapes import MarkKind

# How the tool's own lists show the steps from the root of a tree to the chosen leaf.
_STEP: Final = " / "


def _choices(value: Any, name: str) -> tuple[str, ...]:
    """Return what was chosen; a leaf of a tree with the way to it."""
    return tuple(_path(each, name) for each in items(value, name))


def _texts(value: Any, name: str) -> tuple[str, ...]:
    return tuple(text(each, name) for each in items(value, name))


def _number(value: Any, name: str) -> tuple[str, ...]:
    """Return a number as it was written, to the last digit."""
    number(value, name)
    return (repr(value),)


def _path(value: Any, name: str) -> str:
    steps = [text(step, name) for step in items(value, name)]
    if not steps:
        raise BadRegion(f"{name} has an empty choice")
    return _STEP.join(steps)


@dataclass(frozen=True, slots=True)
class Question:
    """One kind of question: the mark it becomes, its key in the value, and its reader."""

    kind: MarkKind
    key: str
    read: Callable[[Any, str], tuple[str, ...]]


QUESTIONS: Final = {
    "choices": Question("choice", "choices", _choices),
    "textarea": Question("text", "text", _texts),
    "number": Question("text", "number", _number),
    "rating": Question("text", "rating", _number),
    "taxonomy": Question("text", "taxonomy", _choices),
    "datetime": Question("text", "datetime", _texts),
}
