"""The difference between the labels that an image has and those that it should have."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from curation.store.synced_labels import Origin


class Live(Protocol):
    """What an image has: a row with a content."""

    @property
    def id(self) -> int:
        """The row."""
        ...

    @property
    def content(self) -> Hashable:
        """What makes it the same as another."""
        ...

    @property
    def origin(self) -> Origin | None:
        """Where it came from."""
        ...


class Wanted(Protocol):
    """What an image should have."""

    @property
    def content(self) -> Hashable:
        """What makes it the same as another."""
        ...

    @property
    def origin(self) -> Origin:
        """Where it comes from."""
        ...


L = TypeVar("L", bound=Live)
W = TypeVar("W", bound=Wanted)


@dataclass(frozen=True, slots=True)
class Difference(Generic[L, W]):
    """What to do so that an image has what it should have.

    Args:
        kept: Rows that stay, each with what it stands for.
        removed: Rows that go.
        added: What is missing.
    """

    kept: tuple[tuple[L, W], ...]
    removed: tuple[L, ...]
    added: tuple[W, ...]

    @property
    def changed(self) -> int:
        """How many of the added are another state of a region whose row goes."""
        gone = {row.origin for row in self.removed if row.origin is not None}
        return sum(wanted.origin in gone for wanted in self.added)


def difference(live: Sequence[L], wanted: Sequence[W]) -> Difference[L, W]:
    """Pair what is there with what should be; the same content is the same label.

    Of several of the same content, one of the same origin is taken first, then the oldest.
    """
    free: dict[Hashable, list[L]] = defaultdict(list)
    for row in live:
        free[row.content].append(row)
    kept: list[tuple[L, W]] = []
    added: list[W] = []
    for one in wanted:
        alike = free.get(one.content)
        if not alike:
            added.append(one)
            continue
        place = next((i for i, row in enumerate(alike) if row.origin == one.origin), 0)
        kept.append((alike.pop(place), one))
    removed = [row for rows in free.values() for row in rows]
    return Difference(tuple(kept), tuple(sorted(removed, key=lambda row: row.id)), tuple(added))
