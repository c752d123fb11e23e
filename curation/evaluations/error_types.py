"""Why predictions are false and labels missed, what each costs, and the rows of every count."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from curation.errors import InvalidSetting
from curation.evaluations.comparison import open_scope
from curation.evaluations.evaluated_sets import Recent
from curation.evaluations.row_choice import (
    ChosenRows,
    RowChoice,
    SideName,
    class_position,
    class_positions,
    evaluated_side,
    sides_of,
    size_position,
    slice_key,
)
from evaluation.error_types import ErrorCounts, ErrorType, ErrorTypes, classify_errors
from evaluation.nearest_truth import NearestTruth, nearest_truth
from evaluation.operating_point import PredictionOutcome, TruthOutcome
from evaluation.oracle_gains import OracleGains, oracle_gains
from evaluation.size_buckets import SIZE_BUCKETS, bucket

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from curation.evaluations.comparison import Scope
    from curation.evaluations.evaluated_sets import EvaluatedSet
    from curation.evaluations.request import EvaluationRequest
    from curation.store.database import Database

ERROR: Final = "error"
ERROR_NAMES: Final = tuple(kind.name.lower() for kind in ErrorType)
FALSE_POSITIVE: Final = "false_positive"
FALSE_NEGATIVE: Final = "false_negative"
ALL_NAMES: Final = (*ERROR_NAMES, FALSE_POSITIVE, FALSE_NEGATIVE)
"""The six types, then the two outcomes that they explain; also the names of the repairs."""
ANY: Final = ""

Number = float | None


@dataclass(frozen=True, slots=True)
class ErrorNumbers:
    """Counts and ΔAP of each of `ALL_NAMES`: of everything, of a class or of a size bucket.

    ΔAP is what AP at the request's IoU threshold would gain if that error were mended; it looks
    at predictions of any score. None where there is no AP, or no such repair of a bucket.
    """

    counts: dict[str, int]
    gains: dict[str, Number]


@dataclass(frozen=True, slots=True)
class ErrorSide:
    """One side's errors.

    Args:
        total: All classes and sizes of the request.
        classes: By name of the class.
        sizes: By size bucket.
        average_precision: AP at the request's IoU threshold, what ΔAP is added to.
    """

    total: ErrorNumbers
    classes: dict[str, ErrorNumbers]
    sizes: dict[str, ErrorNumbers]
    average_precision: Number


@dataclass(frozen=True, slots=True)
class ErrorTypesView:
    """The errors of both sides at one operating point."""

    set: ErrorSide
    against: ErrorSide | None


_nearest = Recent[NearestTruth](6)
_types = Recent[ErrorTypes](8)
_gains = Recent[OracleGains](8)


def error_types(database: Database, request: EvaluationRequest) -> ErrorTypesView:
    """Return the errors of a request.

    Raises:
        NotFound: If a set, split or class does not exist.
        Conflict: If a set is not evaluated on the current revision yet.
    """
    scope = open_scope(database, request)
    sides = sides_of(scope)
    # The sides share nothing and most of their work holds no lock.
    with ThreadPoolExecutor(len(sides)) as pool:
        found = list(pool.map(lambda side: _side(scope, side, request), sides))
    return ErrorTypesView(found[0], found[1] if len(found) > 1 else None)


def error_choice(
    error: str, *, side: SideName, class_name: str = ANY, size: str = ANY
) -> RowChoice:
    """Choose the rows of one count.

    Args:
        error: One of `ALL_NAMES`.
        side: The prediction set, or the baseline.
        class_name: Only of this class, `ANY` for all of the request.
        size: Only of this size bucket, `ANY` for all.

    Example:
        >>> error_choice("missed", side="set", class_name="cat").to_text()
        'error:set:missed:cat:'
    """
    return RowChoice(ERROR, side, (error, class_name, size))


def error_rows(scope: Scope, request: EvaluationRequest, choice: RowChoice) -> ChosenRows:
    """Return the predictions, or missed ground truth, of one count, with what they concern.

    Raises:
        NotFound: If the class does not exist.
        InvalidSetting: If there is no such side, error or size.
    """
    error, class_name, size = (choice.part(place) for place in range(3))
    if error not in ALL_NAMES:
        raise InvalidSetting("error", error, allowed=f"one of {', '.join(ALL_NAMES)}")
    side = evaluated_side(scope, choice.side)
    types = _types_of(side, request)
    of_truth = error in {"missed", FALSE_NEGATIVE}
    table = side.truth.instances if of_truth else side.predictions
    rows = _marked(types, error).nonzero()[0]
    kept = scope.images[table.image[rows]] & scope.class_mask()[table.class_[rows]]
    if class_name != ANY:
        kept &= table.class_[rows] == class_position(scope, class_name)
    if size != ANY:
        kept &= bucket(table.area[rows]) == size_position(size)
    rows = rows[kept]
    rows = rows[table.image[rows].argsort(kind="stable")]
    if of_truth:
        return ChosenRows.of_truth(scope, choice.side, rows)
    return ChosenRows.of_predictions(scope, choice.side, rows, types.target[rows])


def _marked(types: ErrorTypes, error: str) -> NDArray[np.bool_]:
    """Mark the rows of an error in its table."""
    marks: dict[str, NDArray[np.bool_]] = {
        FALSE_POSITIVE: types.outcomes.prediction == PredictionOutcome.FALSE_POSITIVE,
        FALSE_NEGATIVE: types.outcomes.truth == TruthOutcome.MISSED,
        "missed": types.truth == ErrorType.MISSED,
    }
    if error in marks:
        return marks[error]
    found: NDArray[np.bool_] = types.prediction == ErrorType[error.upper()]
    return found


def _side(scope: Scope, side: EvaluatedSet, request: EvaluationRequest) -> ErrorSide:
    names = side.truth.class_names
    images = None if scope.images.all() else scope.images
    types = _types_of(side, request)
    gains = _gains.get(
        (side.store, side.evaluation_id, request.iou, slice_key(scope)[0]),
        lambda: oracle_gains(types, side.matches, n_classes=len(names), images=images),
    )
    rows = class_positions(scope)
    counts = types.count(n_classes=len(names), images=images)
    per_size = gains.size_gains(rows)
    here = gains.class_ap[rows]
    known = here[~(here != here)]  # noqa: PLR0124 - NaN is the one unequal to itself
    return ErrorSide(
        total=ErrorNumbers(_totals(counts.take(rows)), gains.gains(rows)),
        classes={
            names[row]: ErrorNumbers(
                _totals(counts.take(rows[place : place + 1])), gains.gains(rows[place : place + 1])
            )
            for place, row in enumerate(rows.tolist())
        },
        sizes={
            size: ErrorNumbers(_totals(counts.take(rows), place), per_size[size])
            for place, size in enumerate(SIZE_BUCKETS)
        },
        average_precision=float(known.mean()) if len(known) else None,
    )


def _totals(counts: ErrorCounts, size: int | None = None) -> dict[str, int]:
    """Add up counts over classes, and over sizes unless one is given."""
    part = slice(None) if size is None else slice(size, size + 1)
    errors = counts.errors[:, part].sum(axis=(0, 1))
    return dict(zip(ERROR_NAMES, errors.tolist(), strict=True)) | {
        FALSE_POSITIVE: int(counts.false_positives[:, part].sum()),
        FALSE_NEGATIVE: int(counts.false_negatives[:, part].sum()),
    }


def _types_of(side: EvaluatedSet, request: EvaluationRequest) -> ErrorTypes:
    key = (side.store, side.evaluation_id)
    truth, predictions = side.truth.instances, side.predictions
    nearest = _nearest.get(
        key, lambda: nearest_truth(truth, predictions, iou_type=side.matches.iou_type)
    )
    return _types.get(
        (*key, request.score, request.iou),
        lambda: classify_errors(
            truth,
            predictions,
            side.matches,
            score=request.score,
            foreground=request.iou,
            nearest=nearest,
        ),
    )
