"""Evaluated sets in memory: what every screen of Model Evaluation is computed from.

Loading 500,000 predictions takes tens of milliseconds, so a few evaluations are kept. The cache
holds only immutable records, keyed by their ids; nothing in it can grow stale.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import numpy as np

from curation.errors import Conflict
from curation.evaluations.evaluating import evaluation_key
from curation.evaluations.loading import (
    GroundTruth,
    RowsOfImages,
    load_ground_truth,
    load_predictions,
)
from curation.evaluations.stored_matches import stored_matches
from curation.store.evaluation_records import find_evaluation
from curation.store.prediction_sets import get_prediction_set
from evaluation import (
    EvaluationResult,
    Instances,
    Matches,
    PrecisionRecall,
    accumulate,
    evaluate,
    outcomes,
)
from evaluation.score_sweep import ScoreSweep, score_sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from numpy.typing import NDArray

    from curation.evaluations.request import IouType
    from curation.store.database import Database
    from curation.store.prediction_sets import PredictionSetRow

T = TypeVar("T")


class Recent(Generic[T]):
    """The few most recently used values; each is made once even if two threads ask.

    Args:
        size: How many to keep.
        budget: How much they may weigh together; the two newest stay whatever they weigh.
        weigh: Weight of a value, nothing by default.
    """

    def __init__(
        self, size: int, *, budget: int = 0, weigh: Callable[[T], int] = lambda _: 0
    ) -> None:
        self._size, self._budget, self._weigh = size, budget, weigh
        self._values: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.Lock] = {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the value of a key, making it when it is not kept."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
            making = self._making.setdefault(key, threading.Lock())
        # One lock a key: who asks for another value does not wait for this one.
        with making:
            with self._lock:
                if key in self._values:
                    return self._values[key]
            value = make()
            with self._lock:
                self._values[key] = value
                self._making.pop(key, None)
                self._drop()
        return value

    def _drop(self) -> None:
        weight = sum(map(self._weigh, self._values.values()))
        while len(self._values) > self._size or (weight > self._budget and len(self._values) > 2):
            _, dropped = self._values.popitem(last=False)
            weight -= self._weigh(dropped)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._values.clear()


KEPT_PREDICTIONS: Final = 8_000_000
"""About 130 bytes each: evaluated sets stay below 1 GB, but for two that are bigger alone."""
KEPT_SETS: Final = 6
KEPT_TRUTHS: Final = 3
KEPT_CURVES: Final = 6
KEPT_RESULTS: Final = 8


@dataclass(frozen=True)
class EvaluatedSet:
    """One prediction set with its ground truth and matches, ready to be sliced.

    Args:
        store: The database it is from, without password.
        evaluation_id: The record it was loaded from.
        prediction_set: The set.
        truth: Ground truth of the pinned revision.
        predictions: All predictions, on the axes of `truth`.
        matches: The matches of the record.
        covered: (images,) which images the set is evaluated on.
    """

    store: str
    evaluation_id: int
    prediction_set: PredictionSetRow
    truth: GroundTruth
    predictions: Instances
    matches: Matches
    covered: NDArray[np.bool_]

    @cached_property
    def rows(self) -> RowsOfImages:
        """Predictions by image."""
        return RowsOfImages(self.predictions.image, len(self.truth.images))

    def result(
        self,
        *,
        images: NDArray[np.bool_],
        classes: tuple[int, ...] | None,
        score: float,
        iou: float,
    ) -> EvaluationResult:
        """Return the numbers of a slice; moving the operating point only counts again.

        Args:
            images: (images,) the images that count.
            classes: Positions of the classes that count, None for all.
            score: Score threshold of the operating point.
            iou: IoU threshold of the operating point.
        """
        chosen = None if images.all() else images
        key = (self.store, self.evaluation_id, np.packbits(images).tobytes())
        return _results.get(
            (*key, classes, score, iou),
            lambda: self._at(
                (score, iou),
                self._slice(key, chosen, classes),
                _sweeps.get(key, lambda: self._sweep(chosen)),
                classes,
            ),
        )

    def _slice(
        self,
        key: tuple[Hashable, ...],
        images: NDArray[np.bool_] | None,
        classes: tuple[int, ...] | None,
    ) -> EvaluationResult:
        """Return what no operating point changes: AP, AR and curves of some images and classes."""
        truth, predictions, matches = self.truth.instances, self.predictions, self.matches
        names = self.truth.class_names
        curves = _curves.get(
            key,
            lambda: accumulate(truth, predictions, matches, n_classes=len(names), images=images),
        )
        return _slices.get(
            (*key, classes),
            lambda: evaluate(
                truth,
                predictions,
                class_names=names,
                matches=matches,
                images=images,
                classes=classes,
                curves=curves,
            ),
        )

    def _sweep(self, images: NDArray[np.bool_] | None) -> ScoreSweep:
        n_classes = len(self.truth.class_names)
        return score_sweep(
            self.truth.instances, self.predictions, self.matches, n_classes=n_classes, images=images
        )

    def _at(
        self,
        point: tuple[float, float],
        whole: EvaluationResult,
        sweep: ScoreSweep,
        classes: tuple[int, ...] | None,
    ) -> EvaluationResult:
        """Return a slice at a score and an IoU threshold."""
        score, iou = point
        counts = sweep.counts_at(score=score, iou=iou)
        return replace(
            whole,
            score=float(score),
            iou=float(iou),
            counts=counts if classes is None else counts.take(np.array(classes, dtype=np.int64)),
            outcomes=outcomes(
                self.truth.instances, self.predictions, self.matches, score=score, iou=iou
            ),
        )


def _weight(result: EvaluationResult) -> int:
    return len(result.outcomes.prediction)


_truths = Recent[GroundTruth](KEPT_TRUTHS)
_curves = Recent[PrecisionRecall](KEPT_CURVES)
_slices = Recent[EvaluationResult](KEPT_CURVES, budget=KEPT_PREDICTIONS, weigh=_weight)
_sweeps = Recent[ScoreSweep](
    KEPT_CURVES, budget=KEPT_PREDICTIONS, weigh=lambda sweep: len(sweep.score)
)
_results = Recent[EvaluationResult](KEPT_RESULTS, budget=KEPT_PREDICTIONS, weigh=_weight)
_sets = Recent[EvaluatedSet](
    KEPT_SETS, budget=KEPT_PREDICTIONS, weigh=lambda evaluated: len(evaluated.predictions)
)


def evaluated_set(
    database: Database, set_id: int, iou_type: IouType, *, revision: int | None = None
) -> EvaluatedSet:
    """Load an evaluation that was made before.

    Args:
        database: The store.
        set_id: The prediction set.
        iou_type: Overlap of boxes or of masks.
        revision: Label revision; the project's current one when missing.

    Raises:
        NotFound: If the set does not exist.
        Conflict: If it was not evaluated on this revision yet.
    """
    prediction_set = get_prediction_set(database, set_id)
    key = evaluation_key(database, prediction_set, iou_type, revision=revision)
    record = find_evaluation(database, key)
    if record is None:
        raise Conflict(
            f"{prediction_set.name} is not evaluated on revision {key.revision} yet.",
            next_step="Start the evaluation; it takes seconds.",
        )
    store = database.url.render_as_string(hide_password=True)

    def make() -> EvaluatedSet:
        masks = iou_type == "segm"
        truth = _truths.get(
            (store, prediction_set.project_id, key.revision, masks),
            lambda: load_ground_truth(
                database, prediction_set.project_id, key.revision, masks=masks
            ),
        )
        predictions = load_predictions(database, prediction_set, truth, masks=masks)
        return EvaluatedSet(
            store=store,
            evaluation_id=record.id,
            prediction_set=prediction_set,
            truth=truth,
            predictions=predictions,
            matches=stored_matches(database, record, predictions),
            covered=truth.covered(prediction_set),
        )

    return _sets.get((store, record.id), make)


def forget_evaluated_sets() -> None:
    """Empty the caches, as a fresh process would have them."""
    caches: tuple[Recent[Any], ...] = (_sets, _truths, _curves, _slices, _sweeps, _results)
    for cache in caches:
        cache.clear()
