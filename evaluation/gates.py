"""Gates on deltas, for the build of a training repository: `AP<-0.005`.

    gate    = number operator bound
    number  = name | name "@" size | "class:" class ":" name | "class:" class ":" name "@" size
    operator = "<" | "<=" | ">" | ">="

The delta (set − baseline) is compared with the bound. A gate *trips* when the comparison is true.
It *fails* only when the interval agrees, that is when the whole interval lies on that side of zero,
or of the bound where that is further: `AP<-0.005` fails when the delta is below −0.005 and the
interval below 0; `AP<0.01`, which asks for progress, fails when delta and interval are below 0.01.
A number that the baseline has and the set does not have fails every gate on it.
"""

from __future__ import annotations

import math
import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from evaluation.average_precision import COCO_NUMBERS
from evaluation.errors import InvalidGate
from evaluation.size_buckets import SIZE_BUCKETS
from evaluation.text_tables import difference, interval_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from evaluation.paired_comparison import Comparison

OPERATORS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_POINT: Final = ("precision", "recall", "f1", "tp", "fp", "fn")
HEADLINE: Final = (*COCO_NUMBERS, *_POINT)
CLASS_HEADLINE: Final = ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR100", *_POINT)
SIZE_HEADLINE: Final = ("AP", "AR", *_POINT)

_CLASS: Final = "class:"
_GATE: Final = re.compile(
    r"\s*(?P<number>.+?)\s*(?P<operator><=|>=|<|>)\s*(?P<bound>[^<>=]+?)\s*", re.DOTALL
)
_BOUND: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")

State = Literal["passed", "failed", "missing", "not significant", "too little support", "n/a"]

MEANINGS: Final[Mapping[State, str]] = {
    "passed": "passed",
    "failed": "failed",
    "missing": "the set has no {number}, the baseline has: failed",
    "not significant": "tripped but not significant, passed",
    "too little support": "tripped with too little support to be judged, passed",
    "n/a": "n/a, passed",
}
_FAILURES: Final = frozenset({"failed", "missing"})


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition on one delta.

    `class_name` and `size` are None where the number is that of all classes, of all sizes.
    """

    expression: str
    name: str
    operator: str
    bound: float
    class_name: str | None = None
    size: str | None = None

    def trips(self, difference: float) -> bool:
        """Say whether the condition is true of a delta."""
        return OPERATORS[self.operator](difference, self.bound)

    def agrees(self, low: float, high: float) -> bool:
        """Say whether a whole interval lies on the gate's side of zero and of the bound's.

        Example:
            >>> parse("AP<-0.005").agrees(-0.02, -0.001), parse("AP<-0.005").agrees(-0.02, 0.001)
            (True, False)
            >>> parse("AP<0.01").agrees(-0.002, 0.008), parse("AP<0.01").agrees(-0.002, 0.02)
            (True, False)
        """
        if self.operator.startswith("<"):
            return high < max(0.0, self.bound)
        return low > min(0.0, self.bound)


@dataclass(frozen=True, slots=True)
class GateOutcome:
    """What became of a gate: `state`, and the numbers it was judged by.

    "passed" is a condition that is not true, "failed" one that is true and sure; "missing" is a
    number that the baseline has and the set does not have, such as the precision of a model that
    predicts nothing; "not significant" is true but the interval does not agree; "too little
    support" is true of a number that so few images carry that it has no interval; "n/a" is a number
    that the baseline does not have.
    """

    gate: Gate
    state: State
    delta: float | None
    low: float | None
    high: float | None
    p: float | None
    support: float | None

    @property
    def failed(self) -> bool:
        """Whether the gate shall stop a build."""
        return self.state in _FAILURES

    @property
    def meaning(self) -> str:
        """What the state says, in words."""
        return MEANINGS[self.state].format(number=self.gate.name)

    def sentence(self) -> str:
        """Say in one line what became of the gate and why."""
        interval = interval_text(self.low, self.high)
        shown = f"delta {difference(self.delta)}, interval {interval}"
        return f"{self.gate.expression}: {self.meaning} ({shown})"

    def to_dict(self) -> dict[str, Any]:
        """Give the outcome as plain data for JSON."""
        numbers = {name: getattr(self, name) for name in ("delta", "low", "high", "p", "support")}
        return {"gate": self.gate.expression, "state": self.state, **numbers}


def parse(expression: str) -> Gate:
    """Read one gate.

    Args:
        expression: Such as `AP<-0.005`, `fp>50`, `AP@small<-0.01`, `class:red cell:recall<-0.02`,
            `class:red cell:AP@small<-0.05`.

    Raises:
        InvalidGate: If the expression has no such shape, or names a number that there is not.

    Example:
        >>> gate = parse("class:red cell:AP <= -0.01")
        >>> gate.class_name, gate.name, gate.operator, gate.bound
        ('red cell', 'AP', '<=', -0.01)
    """
    found = _GATE.fullmatch(expression)
    if found is None:
        raise InvalidGate(expression, "is no NAME OPERATOR NUMBER", allowed=_SHAPES)
    if not _BOUND.fullmatch(found["bound"]) or math.isinf(float(found["bound"])):
        raise InvalidGate(expression, f"has {found['bound']!r} for its number", allowed=_SHAPES)
    class_name, name, size = _parts(found["number"])
    gate = Gate(expression, name, found["operator"], float(found["bound"]), class_name, size)
    _check(gate)
    return gate


def judge(gate: Gate, comparison: Comparison) -> GateOutcome:
    """Judge one gate on a comparison.

    Raises:
        InvalidGate: If the gate names a class that the comparison does not have.
    """
    row = _row(gate, comparison)
    numbers = {name: row[name] for name in ("delta", "low", "high", "p", "support")}
    return GateOutcome(gate, _state(gate, row), **numbers)


_SHAPES: Final = (
    "'AP<-0.005', 'AP@small<-0.01', 'class:NAME:AP<-0.02' or 'class:NAME:AP@small<-0.05' "
    "with < <= > >= and a finite number"
)


def _parts(number: str) -> tuple[str | None, str, str | None]:
    """Split into class, name and size; a class name may hold colons and @ itself."""
    class_name = None
    if number.startswith(_CLASS):
        class_name, _, number = number.removeprefix(_CLASS).rpartition(":")
    name, at, size = number.partition("@")
    return class_name, name.strip(), size.strip() if at else None


def _check(gate: Gate) -> None:
    if gate.class_name == "":
        raise InvalidGate(gate.expression, "names no class", allowed=_SHAPES)
    if gate.size is not None and gate.size not in SIZE_BUCKETS:
        reason = f"has no size {gate.size!r}"
        raise InvalidGate(gate.expression, reason, allowed=", ".join(SIZE_BUCKETS))
    names = HEADLINE if gate.class_name is None else CLASS_HEADLINE
    names = names if gate.size is None else SIZE_HEADLINE
    if gate.name not in names:
        reason = f"has no number {gate.name!r}"
        raise InvalidGate(gate.expression, reason, allowed=", ".join(names))


def _row(gate: Gate, comparison: Comparison) -> dict[str, Any]:
    if gate.class_name is None and gate.size is None:
        return comparison.headline()[gate.name]
    if gate.class_name is None:
        return dict(comparison.by_size())[str(gate.size)][gate.name]
    class_name = _class_name(gate, gate.class_name, comparison.set.class_names)
    if gate.size is None:
        return dict(comparison.by_class())[class_name][gate.name]
    return {(name, size): rows for name, size, rows in comparison.by_class_size()}[
        class_name, gate.size
    ][gate.name]


def _class_name(gate: Gate, wanted: str, names: Sequence[str]) -> str:
    """Find the class of exactly that name, else the one that differs by spaces around it."""
    found = [name for name in names if name == wanted]
    found = found or [name for name in names if name.strip() == wanted.strip()]
    if not found:
        known = ", ".join(name if name == name.strip() else repr(name) for name in names[:20])
        reason = f"names a class {wanted!r} that there is not"
        raise InvalidGate(gate.expression, reason, allowed=f"one of the classes: {known}")
    if len(found) > 1:
        raise InvalidGate(
            gate.expression, "names several classes", allowed="class names that are unique"
        )
    return found[0]


def _state(gate: Gate, row: dict[str, Any]) -> State:
    difference, low, high = row["delta"], row["low"], row["high"]
    if difference is None:
        return "missing" if row["set"] is None and row["against"] is not None else "n/a"
    if not gate.trips(difference):
        return "passed"
    if low is None or high is None:
        return "too little support"
    return "failed" if gate.agrees(low, high) else "not significant"
