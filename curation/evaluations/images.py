"""The images of a comparison: counted, filtered, sorted by how much they changed, in pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

import numpy as np

from curation.errors import InvalidSetting
from curation.evaluations.chosen_rows import chosen_rows
from curation.evaluations.comparison import Scope, open_scope, side_result
from curation.evaluations.evaluated_sets import Recent
from evaluation import (
    SIZE_BUCKETS,
    ObjectChanges,
    PredictionOutcome,
    TruthOutcome,
    bucket,
    object_changes,
)
from evaluation import Side as ChangeSide
from evaluation.averages import class_rates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from curation.evaluations.evaluated_sets import EvaluatedSet
    from curation.evaluations.request import EvaluationRequest
    from curation.evaluations.row_choice import ChosenRows, RowChoice
    from curation.store.database import Database
    from evaluation import EvaluationResult

Sort = Literal[
    "change", "net_loss", "net_gain", "placement", "f1_loss", "f1_gain",
    "f1", "mean_iou", "fn", "fp", "name",
]  # fmt: skip
ObjectFilter = Literal["tp", "fp", "fn", "gained", "lost", "new", "fixed"]
SORTS: Final[tuple[Sort, ...]] = get_args(Sort)
FILTERS: Final[tuple[ObjectFilter, ...]] = ("tp", "fp", "fn", "gained", "lost", "new", "fixed")
CHANGES: Final = ("gained", "lost", "new", "fixed")


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One image with its outcome counts and scores.

    Changes are 0 without a baseline. `f1` and `mean_iou`, the mean overlap of its true positives,
    are None where they do not exist.
    """

    image_id: int
    version: str
    file_name: str
    width: int
    height: int
    split: str | None
    gained: int
    lost: int
    new_false_positives: int
    fixed_false_positives: int
    tp: int
    fp: int
    fn: int
    against_tp: int
    against_fp: int
    against_fn: int
    f1: float | None = None
    mean_iou: float | None = None
    against_f1: float | None = None
    against_mean_iou: float | None = None


@dataclass(frozen=True, slots=True)
class ImagePage:
    """One page of images; `objects` counts what the filter opened, over all pages.

    `chosen` are the rows of a choice on the images of this page, None where none was asked for.
    """

    rows: tuple[ImageRow, ...]
    total: int
    objects: int
    page: int
    pages: int
    chosen: ChosenRows | None = None


@dataclass(frozen=True, slots=True)
class CountedImages:
    """Counts of every image on the image axis, restricted to the request's classes and size.

    Args:
        counts: Name of a count to (images,) numbers.
        scores: Name of a score to (images,) numbers, NaN where it does not exist.
        changes: Object by object, None without a baseline.
        set_result: The set's numbers with outcomes.
        against_result: The baseline's, None without.
    """

    counts: Mapping[str, NDArray[np.int64]]
    scores: Mapping[str, NDArray[np.float64]]
    changes: ObjectChanges | None
    set_result: EvaluationResult
    against_result: EvaluationResult | None


def count_images(
    scope: Scope, request: EvaluationRequest, *, size: str | None = None
) -> CountedImages:
    """Count outcomes and changes of every image.

    Args:
        scope: The opened request.
        request: The request.
        size: Only objects of this size bucket, None for all.
    """
    result = side_result(scope, scope.set, request)
    counts = _outcome_counts(scope, scope.set, result, size)
    scores = _scores(scope, scope.set, result, counts, size)
    against_result, changes = None, None
    if scope.against is not None:
        against_result = side_result(scope, scope.against, request)
        baseline = _outcome_counts(scope, scope.against, against_result, size)
        before = _scores(scope, scope.against, against_result, baseline, size)
        counts |= {f"against_{name}": values for name, values in baseline.items()}
        scores |= {f"against_{name}": values for name, values in before.items()}
        changes = _changes(scope, request, result, against_result)
        if changes is not None:
            counts |= _change_counts(scope, changes, size)
            scores["moved"] = _moved(scope, changes, size)
    return CountedImages(counts, scores, changes, result, against_result)


_kept_changes = Recent[ObjectChanges](8)


def _changes(
    scope: Scope,
    request: EvaluationRequest,
    result: EvaluationResult,
    against_result: EvaluationResult,
) -> ObjectChanges | None:
    """Compare two sets object by object, once an operating point."""
    against = scope.against
    if against is None:
        return None
    ids = (scope.set.store, scope.set.evaluation_id, against.evaluation_id)
    return _kept_changes.get(
        (*ids, request.score, request.iou),
        lambda: object_changes(
            scope.set.truth.instances,
            ChangeSide(scope.set.predictions, result.outcomes),
            ChangeSide(against.predictions, against_result.outcomes),
            n_images=len(scope.images),
            iou_type=request.iou_type,
        ),
    )


class _Counter:
    """Counts rows of one table per image, leaving out other classes, sizes and images."""

    def __init__(
        self,
        scope: Scope,
        columns: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]],
        size: str | None,
    ) -> None:
        self._image, class_, area = columns
        self._length = len(scope.images)
        self.kept = scope.images[self._image] & scope.class_mask()[class_]
        if size is not None:
            self.kept = self.kept & (bucket(area) == SIZE_BUCKETS.index(size))

    def of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Count some rows per image."""
        rows = rows[self.kept[rows]]
        return np.bincount(self._image[rows], minlength=self._length)


def _truth_counter(scope: Scope, size: str | None) -> _Counter:
    truth = scope.set.truth.instances
    return _Counter(scope, (truth.image, truth.class_, truth.area), size)


def _prediction_counter(scope: Scope, side: EvaluatedSet, size: str | None) -> _Counter:
    predictions = side.predictions
    return _Counter(scope, (predictions.image, predictions.class_, predictions.area), size)


def _outcome_counts(
    scope: Scope, side: EvaluatedSet, result: EvaluationResult, size: str | None
) -> dict[str, NDArray[np.int64]]:
    truths = _truth_counter(scope, size)
    predictions = _prediction_counter(scope, side, size)
    at = result.outcomes
    return {
        "tp": truths.of(np.flatnonzero(at.truth == TruthOutcome.FOUND)),
        "fp": predictions.of(np.flatnonzero(at.prediction == PredictionOutcome.FALSE_POSITIVE)),
        "fn": truths.of(np.flatnonzero(at.truth == TruthOutcome.MISSED)),
    }


def _moved(scope: Scope, changes: ObjectChanges, size: str | None) -> NDArray[np.float64]:
    """Add up how far the IoU of the objects that both sets found moved, per image."""
    rows = changes.kept[_truth_counter(scope, size).kept[changes.kept]]
    moved: NDArray[np.float64] = np.bincount(
        scope.set.truth.instances.image[rows],
        weights=np.abs(changes.iou_change[rows]),
        minlength=len(scope.images),
    ).astype(np.float64)
    return moved


def _scores(
    scope: Scope,
    side: EvaluatedSet,
    result: EvaluationResult,
    counts: Mapping[str, NDArray[np.int64]],
    size: str | None,
) -> dict[str, NDArray[np.float64]]:
    """Score every image as `evaluation.image_scores` does, of the objects that are counted."""
    at, truths = result.outcomes, _truth_counter(scope, size)
    found = np.flatnonzero((at.truth == TruthOutcome.FOUND) & truths.kept)
    overlap = np.bincount(
        side.truth.instances.image[found],
        weights=at.iou[at.matched_prediction[found]],
        minlength=len(scope.images),
    )
    tp = counts["tp"]
    mean_iou = np.full(len(tp), np.nan)
    np.divide(overlap, tp, out=mean_iou, where=tp > 0)
    return {"f1": class_rates(tp, tp + counts["fp"], tp + counts["fn"]).f1, "mean_iou": mean_iou}


def _change_counts(
    scope: Scope, changes: ObjectChanges, size: str | None
) -> dict[str, NDArray[np.int64]]:
    if scope.against is None:
        return {}
    truths = _truth_counter(scope, size)
    return {
        "gained": truths.of(changes.gained),
        "lost": truths.of(changes.lost),
        "new": _prediction_counter(scope, scope.set, size).of(changes.newly_wrong),
        "fixed": _prediction_counter(scope, scope.against, size).of(changes.fixed),
    }


def image_page(  # noqa: PLR0913 - each is one control of the screen and one part of its URL
    database: Database,
    request: EvaluationRequest,
    *,
    sort: Sort = "change",
    page: int = 1,
    page_size: int = 60,
    outcome: ObjectFilter | None = None,
    size: str | None = None,
    choice: RowChoice | None = None,
) -> ImagePage:
    """Return one page of a request's images.

    Args:
        database: The store.
        request: The request.
        sort: Order of the images, most first.
        page: 1-based page; beyond the last one gives the last.
        page_size: Images a page.
        outcome: Only images with such an object, None for all images.
        size: Only objects of this size bucket count, None for all.
        choice: Only images with a row of this number, None for all images; `outcome` must be None.

    Raises:
        InvalidSetting: If sort, outcome, size or choice is none of its choices.
        NotFound: If a set, split or class does not exist.
        Conflict: If a set is not evaluated on the current revision yet.
    """
    _check(sort, outcome, size)
    scope = open_scope(database, request)
    counted = count_images(scope, request, size=size)
    rows = None if choice is None else chosen_rows(scope, request, choice)
    opened = _opened(scope, counted, outcome, rows)
    kept = np.flatnonzero(scope.images if opened is None else scope.images & (opened > 0))
    order = kept[np.argsort(-_rank(sort, counted, opened)[kept], kind="stable")]
    if sort == "name":
        names = scope.set.truth.images.file_name
        order = np.array(sorted(kept.tolist(), key=lambda i: names[i]), dtype=np.int64)
    pages = max(1, -(-len(order) // page_size))
    page = min(max(page, 1), pages)
    shown = order[(page - 1) * page_size : page * page_size]
    return ImagePage(
        rows=tuple(_row(scope, counted, int(place)) for place in shown),
        total=len(order),
        objects=0 if opened is None else int(opened[kept].sum()),
        page=page,
        pages=pages,
        chosen=None if rows is None else rows.in_images(shown),
    )


def _opened(
    scope: Scope, counted: CountedImages, outcome: str | None, rows: ChosenRows | None
) -> NDArray[np.int64] | None:
    """Count per image what is to be seen, None where nothing was asked for."""
    if rows is not None:
        return np.bincount(rows.image, minlength=len(scope.images))
    if outcome is None:
        return None
    return counted.counts.get(outcome, np.zeros(len(scope.images), dtype=np.int64))


def _check(sort: str, outcome: str | None, size: str | None) -> None:
    choices: tuple[tuple[str, str | None, tuple[str, ...]], ...] = (
        ("sort", sort, SORTS),
        ("outcome", outcome, FILTERS),
        ("size", size, SIZE_BUCKETS),
    )
    for name, value, allowed in choices:
        if value is not None and value not in allowed:
            raise InvalidSetting(name, value, allowed=f"one of {', '.join(allowed)}")


def _rank(
    sort: str, counted: CountedImages, opened: NDArray[np.int64] | None
) -> NDArray[np.int64] | NDArray[np.float64]:
    """Return what images are sorted by, most first and NaN last; alone, change is error."""
    counts, scores, changes = counted.counts, counted.scores, counted.changes
    if sort in {"fn", "fp"}:
        return counts[sort]
    if sort in {"f1", "mean_iou"}:
        return -scores[sort]
    if opened is not None and sort == "change":
        return opened
    if changes is None:
        return counts["fn"] + counts["fp"]
    gain = counts["gained"] + counts["fixed"]
    loss = counts["lost"] + counts["new"]
    rise = scores["f1"] - scores["against_f1"]
    ranks = {
        "net_gain": gain - loss,
        "net_loss": loss - gain,
        "f1_gain": rise,
        "f1_loss": -rise,
        "placement": scores["moved"],
    }
    return ranks.get(sort, gain + loss)


def _row(scope: Scope, counted: CountedImages, place: int) -> ImageRow:
    images = scope.set.truth.images

    def at(name: str) -> int:
        values = counted.counts.get(name)
        return int(values[place]) if values is not None else 0

    def score(name: str) -> float | None:
        values = counted.scores.get(name)
        return None if values is None or np.isnan(values[place]) else float(values[place])

    return ImageRow(
        image_id=int(images.id[place]),
        version=(images.sha256[place] or "")[:16],
        file_name=images.file_name[place],
        width=int(images.width[place]),
        height=int(images.height[place]),
        split=images.split[place],
        gained=at("gained"),
        lost=at("lost"),
        new_false_positives=at("new"),
        fixed_false_positives=at("fixed"),
        tp=at("tp"),
        fp=at("fp"),
        fn=at("fn"),
        against_tp=at("against_tp"),
        against_fp=at("against_fp"),
        against_fn=at("against_fn"),
        f1=score("f1"),
        mean_iou=score("mean_iou"),
        against_f1=score("against_f1"),
        against_mean_iou=score("against_mean_iou"),
    )
