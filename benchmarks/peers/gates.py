"""What the project promises against its peers, as ratios of medians of one interleaved run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.peers.contestants import OURS
from benchmarks.peers.measuring import Measured
from benchmarks.peers.results import CaseResult, figure


@dataclass(frozen=True, slots=True)
class Gate:
    """One promise: the best peer's figure over ours is at least `least`.

    `figure` and `kind` say what of ours is taken, `against` which kind of the peers' (or our own,
    where `rival` is a row of ours).
    """

    promise: str
    case: str
    row: str
    kind: str
    figure: str
    against: str
    least: float
    stretch: float | None = None
    rival: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """A gate with what was measured; `ratio` is None where something is missing, named in `why`.

    `cpu_ratio` is the second witness on a busy machine: the same of CPU seconds.
    """

    gate: Gate
    ours: float | None = None
    theirs: float | None = None
    rival: str = ""
    cpu_ratio: float | None = None
    why: str = ""

    @property
    def ratio(self) -> float | None:
        if self.ours is None or self.theirs is None:
            return None
        return self.theirs / self.ours

    @property
    def holds(self) -> bool | None:
        return None if self.ratio is None else self.ratio >= self.gate.least


CPU_OF = {"wall": "cpu", "again": "again_cpu"}
STORE = f"{OURS}, from its store"


def _memory(case: str, row: str, kind: str) -> Gate:
    return Gate("peak memory, leanest peer", case, row, kind, "mb", "files", 1.0)


GATES: tuple[Gate, ...] = (
    Gate("from memory", "boxes_500k", OURS, "arrays", "again", "arrays", 4.0),
    Gate("from memory", "masks_50k", OURS, "arrays", "again", "arrays", 2.0),
    Gate("from our store, whole process", "boxes_500k", STORE, "store", "wall", "files", 1.5),
    *(
        Gate("from JSON, whole process", case, OURS, "files", "wall", "files", 1.0, stretch=1.5)
        for case in ("boxes_50k", "boxes_500k", "masks_50k")
    ),
    _memory("boxes_500k", OURS, "files"),
    _memory("boxes_500k", STORE, "store"),
    Gate("from memory", "objects365", OURS, "arrays", "again", "arrays", 2.0),
    Gate("from JSON, whole process", "objects365", OURS, "files", "wall", "files", 2.0),
    Gate(
        "1 % of the images changed, against all from memory",
        "boxes_500k",
        f"{OURS}, 1 % of the images changed",
        "incremental",
        "again",
        "arrays",
        5.0,
        rival=OURS,
    ),
)


def judge(results: Mapping[str, CaseResult], gates: tuple[Gate, ...] = GATES) -> list[Verdict]:
    """Judge the gates of the cases that were run."""
    return [_judge(gate, results[gate.case]) for gate in gates if gate.case in results]


def _judge(gate: Gate, result: CaseResult) -> Verdict:
    mine = result.find(gate.row, gate.kind)
    ours = None if mine is None else figure(mine, gate.figure)
    if mine is None or ours is None:
        return Verdict(gate, why=_missing(gate, result))
    known = [
        (value, each.row, each)
        for each in _rivals(gate, result)
        if (value := figure(each, gate.figure)) is not None
    ]
    if not known:
        return Verdict(gate, ours, why="nothing to compare with")
    theirs, rival, entry = min(known, key=lambda one: one[0])
    return Verdict(gate, ours, theirs, rival, _cpu_ratio(mine, entry, gate.figure))


def _rivals(gate: Gate, result: CaseResult) -> list[Measured]:
    if gate.rival is None:
        return result.peers(gate.against)
    whole = result.find(gate.rival, gate.against)
    return [] if whole is None else [whole]


def _cpu_ratio(mine: Measured, theirs: Measured, name: str) -> float | None:
    seconds = CPU_OF.get(name)
    if seconds is None:
        return None
    ours, rivals = figure(mine, seconds), figure(theirs, seconds)
    return None if ours is None or rivals is None else rivals / ours


def _missing(gate: Gate, result: CaseResult) -> str:
    for entry in result.entries:
        if (entry.row, entry.kind) == (gate.row, gate.kind):
            return entry.skipped or "not measured"
    return "nothing of this kind takes part"


def verdict_words(verdict: Verdict) -> str:
    """Return what a table says of a verdict."""
    if verdict.holds is None:
        return f"not measured: {verdict.why}"
    if not verdict.holds:
        return "**missed**"
    stretch = verdict.gate.stretch
    beyond = stretch is not None and verdict.ratio is not None and verdict.ratio >= stretch
    return "held, and the stretch" if beyond else "held"
