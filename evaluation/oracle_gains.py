"""ΔAP of the error types: what AP would gain if one type of error were mended and nothing else.

An oracle changes outcomes, not matches: false positives go, or become true positives at their own
score, or ground truth is no longer asked for. AP is then accumulated again at one IoU threshold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evaluation.error_types import NO_ERROR, ErrorType, classify_errors, finds_an_object
from evaluation.errors import InvalidThreshold, MismatchedColumns
from evaluation.instances import check_positions, mask_length
from evaluation.operating_point import PredictionOutcome, TruthOutcome
from evaluation.repaired_precision import Repair, Walk, sample_precision
from evaluation.size_buckets import SIZE_BUCKETS, bucket

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from evaluation.error_types import ErrorTypes
    from evaluation.instances import Instances
    from evaluation.matching import Matches
    from evaluation.operating_point import Outcomes

    Chosen = NDArray[np.bool_]

COCO_CAP = 100


@dataclass(frozen=True, slots=True)
class OracleGains:
    """AP at one IoU threshold before and after each repair; fractions, not points.

    `ap` is the mean over classes with ground truth, None without any. `class_ap` (K,) is NaN where
    a class has none, and so are `class_mended` (8, K), after each repair of `REPAIRS`, and
    `class_mended_sizes` (3, 6, K), after mending one `ErrorType` in one size bucket only.
    """

    ap: float | None
    class_ap: NDArray[np.float64]
    class_mended: NDArray[np.float64]
    class_mended_sizes: NDArray[np.float64]

    def gains(self, classes: NDArray[np.int64] | None = None) -> dict[str, float | None]:
        """Give ΔAP of each repair: the mean over classes with ground truth, never below 0.

        Repairs do not add up. Recall is sampled at 101 places, so a repair can seem to lose a
        little; as in TIDE that shows as 0.

        Args:
            classes: Positions of the classes to average; all when missing.
        """
        return {
            name: self._gain(self.class_mended[row], classes) for row, name in enumerate(REPAIRS)
        }

    def size_gains(
        self, classes: NDArray[np.int64] | None = None
    ) -> dict[str, dict[str, float | None]]:
        """Give ΔAP of mending one type of error in one size bucket only, by bucket, then type."""
        return {
            size: {
                kind.name.lower(): self._gain(self.class_mended_sizes[row, kind], classes)
                for kind in ErrorType
            }
            for row, size in enumerate(SIZE_BUCKETS)
        }

    def minus(
        self, against: OracleGains, classes: NDArray[np.int64] | None = None
    ) -> dict[str, float | None]:
        """Subtract the ΔAP of a baseline; None where either has none.

        Raises:
            MismatchedColumns: If the baseline has another number of classes.
        """
        if self.class_ap.shape != against.class_ap.shape:
            raise MismatchedColumns("class_ap", self.class_ap.shape, against.class_ap.shape)
        theirs = against.gains(classes)
        return {
            name: None if ours is None or (other := theirs[name]) is None else ours - other
            for name, ours in self.gains(classes).items()
        }

    def _gain(self, mended: NDArray[np.float64], classes: NDArray[np.int64] | None) -> float | None:
        before = self.class_ap if classes is None else self.class_ap[classes]
        after = mended if classes is None else mended[classes]
        known = ~np.isnan(before)
        if not known.any():
            return None
        return max(float(after[known].mean() - before[known].mean()), 0.0)


def oracle_gains(
    types: ErrorTypes,
    matches: Matches,
    *,
    n_classes: int,
    images: NDArray[np.bool_] | None = None,
    max_detections: int = COCO_CAP,
) -> OracleGains:
    """Mend each type of error in turn and see how much AP is gained.

    AP is that of one IoU threshold, the foreground of `types`, over predictions of any score (the
    score threshold of `types` plays no part), best `max_detections` of an image and class.

    - classification: the prediction gets the right class and finds its object;
    - localisation: the prediction finds its object. Of several errors of these two types that
      concern one object only the best score is mended, the others go, and so do those whose
      object is found already;
    - both, duplicate, background: the prediction goes;
    - missed: the ground truth is not asked for;
    - false_positive: all false positives go; false_negative: nothing that is missed is asked for.

    Args:
        types: Outcome of `classify_errors`.
        matches: The matches that it was made of.
        n_classes: Length K of the class axis.
        images: Mask over the image axis; only those images count. All when missing.
        max_detections: Cap on the predictions of one image and class.

    Raises:
        MismatchedColumns: If `matches` belong to other predictions.
        InvalidThreshold: If the cap is below 1.
        PositionOutOfRange: If a table has a class outside the axis, or an image outside `images`.

    Example:
        >>> from evaluation import Instances, match
        >>> truth = Instances.ground_truth([0, 0], [0, 0], [[0, 0, 10, 10], [30, 0, 10, 10]])
        >>> boxes = [[60, 0, 9, 9], [0, 0, 10, 10]]
        >>> found = Instances.predictions([0, 0], [0, 0], boxes, score=[0.9, 0.8])
        >>> matches = match(truth, found)
        >>> types = classify_errors(truth, found, matches, score=0.5)
        >>> result = oracle_gains(types, matches, n_classes=1)
        >>> gains = result.gains()
        >>> round(result.ap, 3), round(gains["background"], 3), round(gains["missed"], 3)
        (0.252, 0.252, 0.248)
    """
    if max_detections < 1:
        raise InvalidThreshold("max_detections", max_detections, allowed="at least 1")
    n_images = mask_length(images)
    for table in types.tables:
        check_positions(table, n_images=n_images, n_classes=n_classes)
    state = _state(types, matches, n_classes, images, max_detections)
    before = sample_precision(state.walk, Repair.of(state.walk))
    everywhere = np.ones(len(state.walk.rows), dtype=np.bool_)

    def mended(name: str, size: int | None = None) -> NDArray[np.float64]:
        here = everywhere if size is None else state.size == size
        dropped = state.missed.sum(axis=1) if size is None else state.missed[:, size]
        curves = sample_precision(state.walk, REPAIRS[name](state, here, dropped))
        return _by_class(curves, state.walk)

    return OracleGains(
        ap=float(np.ascontiguousarray(before.T).mean()) if before.size else None,
        class_ap=_by_class(before, state.walk),
        class_mended=np.stack([mended(name) for name in REPAIRS]),
        class_mended_sizes=np.stack(
            [
                np.stack([mended(kind.name.lower(), size) for kind in ErrorType])
                for size in range(len(SIZE_BUCKETS))
            ]
        ),
    )


@dataclass(frozen=True, slots=True)
class _State:
    """What is wrong with the predictions of a walk, and what was not found.

    `codes`, `size` and `best` are (n,): error type, size bucket, and whether a prediction has the
    best score of those that would find one object. `right_class` (n,) is the class of the object
    that an error concerns. `missed` (K, 3) are counts per bucket, `not_found` (K,).
    """

    walk: Walk
    codes: NDArray[np.int8]
    size: NDArray[np.int8]
    best: NDArray[np.bool_]
    right_class: NDArray[np.int64]
    missed: NDArray[np.int64]
    not_found: NDArray[np.int64]


def _state(
    types: ErrorTypes,
    matches: Matches,
    n_classes: int,
    images: NDArray[np.bool_] | None,
    cap: int,
) -> _State:
    """Classify predictions of any score, keep those that AP counts, and put them in order."""
    truth, predictions = types.tables
    every = classify_errors(
        truth,
        predictions,
        matches,
        score=float(predictions.score.min()) if len(predictions) else 0.0,
        foreground=types.foreground,
        nearest=types.nearest,
    )
    right = every.outcomes.prediction == PredictionOutcome.TRUE_POSITIVE
    counts = (right | (every.prediction != NO_ERROR)) & (matches.rank < cap)
    wanted = every.outcomes.truth != TruthOutcome.IGNORED
    if images is not None:
        counts &= images[predictions.image]
        wanted &= images[truth.image]
    rows = matches.order[counts[matches.order]]
    codes, target = every.prediction[rows], every.target[rows]
    lost = wanted & ~_found(every.outcomes, counts)
    finds = np.flatnonzero(finds_an_object(codes))
    missed = lost.copy()
    missed[target[finds]] = False

    def per_class(chosen: Chosen) -> NDArray[np.int64]:
        return np.bincount(truth.class_[chosen], minlength=n_classes)

    size, sizes = bucket(truth.area), range(len(SIZE_BUCKETS))
    return _State(
        walk=Walk.of(predictions, rows, right[rows], per_class(wanted)),
        codes=codes,
        size=bucket(predictions.area[rows]),
        best=_best_of_each_object(predictions, rows, target, finds[lost[target[finds]]]),
        right_class=np.append(truth.class_, -1)[target],
        missed=np.stack([per_class(missed & (size == one)) for one in sizes], axis=1),
        not_found=per_class(lost),
    )


def _found(outcomes: Outcomes, counts: Chosen) -> Chosen:
    """Say which ground truth is found by a prediction that counts."""
    found = outcomes.matched_prediction >= 0
    found[found] = counts[outcomes.matched_prediction[found]]
    return found


def _best_of_each_object(
    predictions: Instances,
    rows: NDArray[np.int64],
    target: NDArray[np.int64],
    candidates: NDArray[np.int64],
) -> Chosen:
    """Mark, among candidate places, the best score for each target; ties in file order."""
    row = rows[candidates]
    order = np.lexsort((row, -predictions.score[row], target[candidates]))
    _, first = np.unique(target[candidates][order], return_index=True)
    best = np.zeros(len(rows), dtype=np.bool_)
    best[candidates[order[first]]] = True
    return best


def _by_class(curves: NDArray[np.float64], walk: Walk) -> NDArray[np.float64]:
    values = np.full(len(walk.positives), np.nan)
    values[np.flatnonzero(walk.positives)] = curves.mean(axis=1)
    return values


def _mend_classification(state: _State, here: Chosen, dropped: NDArray[np.int64]) -> Repair:
    wrong = (state.codes == ErrorType.CLASSIFICATION) & here
    best = np.flatnonzero(wrong & state.best)
    return Repair.of(state.walk, gone=wrong, moved=(best, state.right_class[best]))


def _mend_localisation(state: _State, here: Chosen, dropped: NDArray[np.int64]) -> Repair:
    wrong = (state.codes == ErrorType.LOCALISATION) & here
    return Repair.of(
        state.walk, gone=wrong & ~state.best, mended=np.flatnonzero(wrong & state.best)
    )


def _take_out(kind: ErrorType) -> Callable[[_State, Chosen, NDArray[np.int64]], Repair]:
    def mend(state: _State, here: Chosen, dropped: NDArray[np.int64]) -> Repair:
        return Repair.of(state.walk, gone=(state.codes == kind) & here)

    return mend


def _mend_missed(state: _State, here: Chosen, dropped: NDArray[np.int64]) -> Repair:
    return Repair.of(state.walk, dropped=dropped)


def _take_out_all(state: _State, here: Chosen, dropped: NDArray[np.int64]) -> Repair:
    return Repair.of(state.walk, gone=~state.walk.right)


def _find_all(state: _State, here: Chosen, dropped: NDArray[np.int64]) -> Repair:
    return Repair.of(state.walk, dropped=state.not_found)


# What the oracles do, by the names that ΔAP is shown under; the first six are the error types.
REPAIRS: Mapping[str, Callable[[_State, Chosen, NDArray[np.int64]], Repair]] = {
    "classification": _mend_classification,
    "localisation": _mend_localisation,
    "both": _take_out(ErrorType.BOTH),
    "duplicate": _take_out(ErrorType.DUPLICATE),
    "background": _take_out(ErrorType.BACKGROUND),
    "missed": _mend_missed,
    "false_positive": _take_out_all,
    "false_negative": _find_all,
}
