"""What is wrong in a file, or worth knowing: counted by kind, with the first records of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from evaluation.errors import FaultyRecords

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class FileProblem:
    """One kind of problem: how many records have it, and the first of them in words.

    Example:
        >>> str(FileProblem("score is missing", 2, ("results[4]", "results[9]")))
        '2 × score is missing (results[4]; results[9])'
    """

    kind: str
    count: int
    examples: tuple[str, ...]

    def __str__(self) -> str:
        more = "; …" if self.count > len(self.examples) else ""
        return f"{self.count:,} × {self.kind} ({'; '.join(self.examples)}{more})"


@dataclass(slots=True)
class ProblemLog:
    """Collects the problems of one file."""

    file: str
    _counts: dict[str, int] = field(default_factory=dict)
    _examples: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.file = shown(self.file)

    def add(self, kind: str, places: NDArray[np.int64], say: Callable[[int], str]) -> None:
        """Note records of one kind of problem.

        Args:
            kind: What is wrong, in words.
            places: (M,) some numbers, of records or of rows, ascending.
            say: Names the record of one of these numbers, and what it holds.
        """
        if not len(places):
            return
        self._counts[kind] = self._counts.get(kind, 0) + len(places)
        examples = self._examples.setdefault(kind, [])
        examples += [shown(say(place)) for place in places[: EXAMPLES - len(examples)].tolist()]

    @property
    def count(self) -> int:
        """How many problems were noted so far."""
        return sum(self._counts.values())

    def found(self) -> tuple[FileProblem, ...]:
        """Give the problems noted so far, in the order in which they were met."""
        return tuple(
            FileProblem(kind, count, tuple(self._examples[kind]))
            for kind, count in self._counts.items()
        )

    def refuse(self) -> None:
        """Refuse the file if a problem was noted.

        Raises:
            FaultyRecords: All problems of the file.
        """
        problems = self.found()
        if problems:
            raise FaultyRecords(self.file, problems)


def shown(text: str) -> str:
    r"""Write a text from outside in one line, with escapes if a character cannot be printed.

    Example:
        >>> print(shown("cell é"), shown("x\n# y"))
        cell é x\n# y
    """
    return text if text.isprintable() else repr(text)[1:-1]
