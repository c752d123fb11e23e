"""Whether scores mean what they say: reliability of both sides, and the rows of every bin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from curation.errors import InvalidSetting
from curation.evaluations.comparison import open_scope, side_result
from curation.evaluations.evaluated_sets import Recent
from curation.evaluations.row_choice import (
    ChosenRows,
    RowChoice,
    SideName,
    class_position,
    class_positions,
    evaluated_side,
    sides_of,
    slice_key,
)
from evaluation.calibration import (
    Binning,
    Calibration,
    EqualMass,
    EqualWidth,
    ReliabilityCurve,
    calibration,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from curation.evaluations.comparison import Scope
    from curation.evaluations.evaluated_sets import EvaluatedSet
    from curation.evaluations.request import EvaluationRequest
    from curation.store.database import Database

CALIBRATION: Final = "calibration"
ALL_CLASSES: Final = ""
BINNINGS: Final[Mapping[str, Callable[[int], Binning]]] = {
    "equal width": EqualWidth,
    "equal mass": EqualMass,
}
MOST_BINS: Final = 100


@dataclass(frozen=True, slots=True)
class Bins:
    """How scores are cut: a key of `BINNINGS`, and how many bins.

    Raises:
        InvalidSetting: If there is no such rule, or the number is out of its range.
    """

    rule: str = "equal width"
    n: int = 10

    def __post_init__(self) -> None:
        if self.rule not in BINNINGS:
            raise InvalidSetting("bins", self.rule, allowed=f"one of {', '.join(BINNINGS)}")
        if not 1 <= self.n <= MOST_BINS:
            raise InvalidSetting("bins", self.n, allowed=f"1 to {MOST_BINS}")


@dataclass(frozen=True, slots=True)
class CalibrationSide:
    """One side's reliability: of all classes together, and by name of the class."""

    overall: ReliabilityCurve
    classes: dict[str, ReliabilityCurve]


@dataclass(frozen=True, slots=True)
class CalibrationView:
    """The reliability of both sides at one operating point."""

    bins: Bins
    set: CalibrationSide
    against: CalibrationSide | None


_calibrations = Recent[Calibration](8)


def calibrate(
    database: Database, request: EvaluationRequest, bins: Bins | None = None
) -> CalibrationView:
    """Return the reliability of both sides.

    Args:
        database: The store.
        request: The request; predictions below its score threshold are left out.
        bins: How scores are cut; ten bins of one width when missing.

    Raises:
        NotFound: If a set, split or class does not exist.
        Conflict: If a set is not evaluated on the current revision yet.
        NotProbabilities: If a score lies outside 0 … 1.
    """
    bins = bins or Bins()
    scope = open_scope(database, request)
    names = [scope.set.truth.class_names[row] for row in class_positions(scope).tolist()]
    found = []
    for side in sides_of(scope):
        each = _calibration(scope, side, request, bins)
        found.append(CalibrationSide(each.overall, dict(zip(names, each.classes, strict=True))))
    return CalibrationView(bins, found[0], found[1] if len(found) > 1 else None)


def bin_choice(
    position: int, *, bins: Bins, side: SideName, class_name: str = ALL_CLASSES
) -> RowChoice:
    """Choose the predictions of one bin.

    Example:
        >>> bin_choice(9, bins=Bins(), side="set").to_text()
        'calibration:set:equal width:10:9:'
    """
    return RowChoice(CALIBRATION, side, (bins.rule, str(bins.n), str(position), class_name))


def bin_rows(scope: Scope, request: EvaluationRequest, choice: RowChoice) -> ChosenRows:
    """Return the predictions of one bin, best score first, with the ground truth they found.

    Raises:
        NotFound: If the class does not exist.
        InvalidSetting: If there is no such side or bin.
    """
    rule, n, position, class_name = (choice.part(place) for place in range(4))
    if not (n.isdecimal() and position.isdecimal()):
        raise InvalidSetting("bin", position, allowed="the number of a bin")
    side = evaluated_side(scope, choice.side)
    found = _calibration(scope, side, request, Bins(rule, int(n)))
    curve = found.overall
    if class_name != ALL_CLASSES:
        chosen = class_positions(scope).tolist()
        place = class_position(scope, class_name)
        if place not in chosen:
            raise InvalidSetting("class", class_name, allowed="one of the chosen classes")
        curve = found.classes[chosen.index(place)]
    if int(position) >= len(curve.count):
        raise InvalidSetting("bin", position, allowed=f"0 to {len(curve.count) - 1}")
    rows = curve.rows_in(int(position))
    at = side_result(scope, side, request).outcomes
    return ChosenRows.of_predictions(scope, choice.side, rows, at.matched_truth[rows])


def _calibration(
    scope: Scope, side: EvaluatedSet, request: EvaluationRequest, bins: Bins
) -> Calibration:
    key = (side.store, side.evaluation_id, request.score, request.iou, bins)
    return _calibrations.get(
        (*key, *slice_key(scope)),
        lambda: calibration(
            side_result(scope, side, request).outcomes,
            side.predictions,
            n_classes=len(side.truth.class_names),
            images=None if scope.images.all() else scope.images,
            classes=class_positions(scope),
            bins=BINNINGS[bins.rule](bins.n),
        ),
    )
