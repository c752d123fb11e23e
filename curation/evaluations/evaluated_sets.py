"""Evaluated sets in memory: what every screen of Model Evaluation is computed from.

Loading 500,000 predictions takes tens of milliseconds, so a few evaluations are kept. The cache
holds only immutable records, keyed by their ids; nothing in it can grow stale.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from curation.errors import Conflict, NotFound
from curation.evaluations.evaluating import evaluation_key
from curation.evaluations.loading import (
    GroundTruth,
    RowsOfImages,
    load_ground_truth,
    load_predictions,
)
from curation.store.evaluation_records import find_evaluation, load_matches
from curation.store.prediction_sets import get_prediction_set
from evaluation import EvaluationResult, Instances, Matches, accumulate, evaluate

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from numpy.typing import NDArray

    from curation.evaluations.request import IouType
    from curation.store.database import Database
    from curation.store.prediction_sets import PredictionSetRow

T = TypeVar("T")


class Recent:
    """The few most recently used values; each is made once even if two threads ask.

    Args:
        size: How many to keep.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.RLock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the value of a key, making it when it is not kept."""
        with self._lock:
            if key not in self._values:
                self._values[key] = make()
            self._values.move_to_end(key)
            while len(self._values) > self._size:
                self._values.popitem(last=False)
            value: T = self._values[key]
            return value

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._values.clear()


KEPT_SETS: Final = 6
KEPT_TRUTHS: Final = 3
KEPT_CURVES: Final = 8
KEPT_RESULTS: Final = 16
_sets = Recent(KEPT_SETS)
_truths = Recent(KEPT_TRUTHS)
_curves = Recent(KEPT_CURVES)
_results = Recent(KEPT_RESULTS)


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
        """Return the numbers of a slice; curves are accumulated once a choice of images.

        Args:
            images: (images,) the images that count.
            classes: Positions of the classes that count, None for all.
            score: Score threshold of the operating point.
            iou: IoU threshold of the operating point.
        """
        chosen = None if images.all() else images
        key = (self.store, self.evaluation_id, np.packbits(images).tobytes())
        truth, predictions, matches = self.truth.instances, self.predictions, self.matches
        names = self.truth.class_names
        curves = _curves.get(
            key,
            lambda: accumulate(truth, predictions, matches, n_classes=len(names), images=chosen),
        )
        return _results.get(
            (*key, classes, score, iou),
            lambda: evaluate(
                truth,
                predictions,
                class_names=names,
                matches=matches,
                score=score,
                iou=iou,
                images=chosen,
                classes=classes,
                curves=curves,
            ),
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
    evaluation_id = record.id

    def make() -> EvaluatedSet:
        masks = iou_type == "segm"
        truth = _truths.get(
            (store, prediction_set.project_id, key.revision, masks),
            lambda: load_ground_truth(
                database, prediction_set.project_id, key.revision, masks=masks
            ),
        )
        return EvaluatedSet(
            store=store,
            evaluation_id=evaluation_id,
            prediction_set=prediction_set,
            truth=truth,
            predictions=load_predictions(database, prediction_set, truth, masks=masks),
            matches=_load_matches(database, evaluation_id, iou_type),
            covered=truth.covered(prediction_set),
        )

    return _sets.get((store, evaluation_id), make)


def _load_matches(database: Database, evaluation_id: int, iou_type: IouType) -> Matches:
    ranks = load_matches(database, evaluation_id, "ranks")
    columns = load_matches(database, evaluation_id, "matches")
    if ranks is None or columns is None:
        raise NotFound("match shard of evaluation", evaluation_id)
    return Matches(
        rank=ranks["rank"],
        pred=columns["pred"],
        truth=columns["truth"],
        iou=columns["iou"],
        thresholds=np.stack([columns[f"area{a}"] for a in range(4)], axis=1),
        iou_type=iou_type,
        strict=False,
    )


def forget_evaluated_sets() -> None:
    """Empty the caches, as a fresh process would have them."""
    for cache in (_sets, _truths, _curves, _results):
        cache.clear()
