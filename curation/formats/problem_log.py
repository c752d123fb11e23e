"""A log of problems with a file: exact counts of every kind, and examples to show."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Severity = Literal["reject", "warning"]

EXAMPLES_KEPT: Final = 1_000


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One kind of problem: its severity, what it means, and what a person can do about it."""

    name: str
    severity: Severity
    meaning: str
    advice: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem: the kind's name, the file, the record in it, and the reason in words."""

    kind: str
    file: str
    record: str
    reason: str


KINDS: Final[dict[str, ProblemKind]] = {}


@dataclass(slots=True)
class ProblemLog:
    """Counts problems exactly and keeps the first 1,000 examples of each kind."""

    _counts: Counter[str] = field(default_factory=Counter)
    _examples: dict[str, list[Problem]] = field(default_factory=dict)

    def add(
        self, kind: ProblemKind, *, file: str, record: object, reason: str, count: int = 1
    ) -> None:
        """Count a problem and keep it as an example while there is room."""
        self._counts[kind.name] += count
        kept = self._examples.setdefault(kind.name, [])
        if len(kept) < EXAMPLES_KEPT:
            kept.append(Problem(kind.name, file, str(record), reason))

    def add_each(
        self,
        kind: ProblemKind,
        records: Iterable[int],
        *,
        file: str,
        record: str,
        reason: Callable[[int], str],
    ) -> None:
        """Count one problem for each number; the texts are only made for kept examples.

        Args:
            kind: What is wrong.
            records: The places of the records.
            file: The file they are in.
            record: How to name one, with `{}` for its place.
            reason: Says why, from the place.
        """
        for place in records:
            if len(self._examples.get(kind.name, ())) < EXAMPLES_KEPT:
                self.add(kind, file=file, record=record.format(place), reason=reason(place))
            else:
                self._counts[kind.name] += 1

    def counts(self) -> dict[str, int]:
        """Return how many of each kind there were."""
        return {name: count for name, count in self._counts.items() if count}

    def examples(self, kind: ProblemKind | str | None = None) -> tuple[Problem, ...]:
        """Return the kept examples, of one kind or of all."""
        if kind is None:
            return tuple(problem for kept in self._examples.values() for problem in kept)
        name = kind if isinstance(kind, str) else kind.name
        return tuple(self._examples.get(name, ()))

    @property
    def rejects(self) -> int:
        """How many records were not imported."""
        return self._total("reject")

    @property
    def warnings(self) -> int:
        """How many times there is something to know about an imported record."""
        return self._total("warning")

    def _total(self, severity: Severity) -> int:
        return sum(n for name, n in self._counts.items() if KINDS[name].severity == severity)

    def resolve(self, kind: ProblemKind, *, left: int) -> None:
        """Lower the count of a kind that later work has mended, to how many are left."""
        self._counts[kind.name] = left
        del self._examples.setdefault(kind.name, [])[left:]

    def merge(self, other: ProblemLog) -> None:
        """Take over the counts and, while there is room, the examples of another log."""
        self._counts.update(other._counts)
        for name, problems in other._examples.items():
            kept = self._examples.setdefault(name, [])
            kept.extend(problems[: EXAMPLES_KEPT - len(kept)])

    def to_dict(self) -> dict[str, Any]:
        """Return the log as plain JSON values."""
        return {
            "counts": self.counts(),
            "examples": [
                {"kind": one.kind, "file": one.file, "record": one.record, "reason": one.reason}
                for one in self.examples()
            ],
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> ProblemLog:
        """Return the log that `to_dict` stored."""
        log = cls(Counter(stored["counts"]))
        for example in stored["examples"]:
            log._examples.setdefault(example["kind"], []).append(Problem(**example))
        return log
