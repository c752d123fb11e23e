"""Model Evaluation's view: one prediction set, another it is compared against, their deltas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from curation.errors import NotFound
from curation.evaluations.evaluated_sets import EvaluatedSet, evaluated_set
from curation.store.prediction_sets import require_own_set
from curation.store.projects import project_revision
from evaluation import EvaluationResult, delta

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from curation.evaluations.request import EvaluationRequest
    from curation.store.database import Database
    from curation.store.prediction_sets import PredictionSetRow


@dataclass(frozen=True, slots=True)
class Side:
    """One prediction set with its numbers in the scope of the request."""

    prediction_set: PredictionSetRow
    result: EvaluationResult
    evaluation_id: int


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a reader of the numbers must know."""

    level: Literal["info", "warning"]
    text: str


@dataclass(frozen=True, slots=True)
class ComparisonView:
    """Everything Model Evaluation shows but images.

    Args:
        request: What was asked for.
        set: The prediction set.
        against: The baseline, None without comparison.
        delta: Set − against in the shape of the results, None without comparison.
        revision: Label revision of both sides.
        images: How many images count.
        classes: Names of the project's classes, in class-axis order.
        splits: Splits that can be chosen: those with images that both sides cover.
        iou_types: Kinds of overlap that both sides have.
        only_in_set: Classes that only the set predicts.
        only_in_against: Classes that only the baseline predicts.
        without_truth: Classes that are predicted but have no label in scope.
        notices: What differs between the sides, and other caveats.
    """

    request: EvaluationRequest
    set: Side
    against: Side | None
    delta: dict[str, Any] | None
    revision: int
    images: int
    classes: tuple[str, ...]
    splits: tuple[str, ...]
    iou_types: tuple[str, ...]
    only_in_set: tuple[str, ...]
    only_in_against: tuple[str, ...]
    without_truth: tuple[str, ...]
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """The two evaluated sets of a request and the images and classes that count."""

    set: EvaluatedSet
    against: EvaluatedSet | None
    common: NDArray[np.bool_]
    images: NDArray[np.bool_]
    classes: tuple[int, ...] | None

    def class_mask(self) -> NDArray[np.bool_]:
        """Return (classes,) which classes count."""
        mask = np.zeros(len(self.set.truth.classes), dtype=np.bool_)
        mask[list(self.classes) if self.classes is not None else slice(None)] = True
        return mask


def open_scope(database: Database, request: EvaluationRequest) -> Scope:
    """Load what a request is about.

    Raises:
        NotFound: If a set, split or class does not exist.
        Conflict: If a set is not evaluated on the current revision yet.
    """
    # Read once: both sides stay on one revision even if another is published meanwhile.
    revision = project_revision(database, request.project_id)
    chosen = _evaluated(database, request, request.set_id, revision)
    against = None
    if request.against_id is not None:
        against = _evaluated(database, request, request.against_id, revision)
    common = chosen.covered if against is None else chosen.covered & against.covered
    images = common
    if request.split is not None:
        images = common & (chosen.truth.split_of == request.split)
        if not images.any():
            known = tuple(_splits(chosen, common))
            raise NotFound("split", request.split, known=known)
    return Scope(chosen, against, common, images, class_positions(chosen, request))


def _evaluated(
    database: Database, request: EvaluationRequest, set_id: int, revision: int
) -> EvaluatedSet:
    require_own_set(database, request.project_id, set_id)
    return evaluated_set(database, set_id, request.iou_type, revision=revision)


def class_positions(chosen: EvaluatedSet, request: EvaluationRequest) -> tuple[int, ...] | None:
    """Return the places of the request's classes on a set's class axis, None for all.

    Raises:
        NotFound: If a class does not exist.
    """
    if not request.classes:
        return None
    names = chosen.truth.class_names
    for name in request.classes:
        if name not in names:
            raise NotFound("class", name, known=names)
    return tuple(place for place, name in enumerate(names) if name in request.classes)


def _splits(chosen: EvaluatedSet, images: NDArray[np.bool_]) -> list[str]:
    found = {split for split in chosen.truth.split_of[images].tolist() if split is not None}
    order = {"train": 0, "val": 1, "test": 2}
    return sorted(found, key=lambda name: (order.get(name, 3), name))


def compare_sets(database: Database, request: EvaluationRequest) -> ComparisonView:
    """Return the numbers of a request.

    Raises:
        NotFound: If a set, split or class does not exist.
        Conflict: If a set is not evaluated on the current revision yet.
    """
    scope = open_scope(database, request)
    result = side_result(scope, scope.set, request)
    against = None
    if scope.against is not None:
        against = Side(
            scope.against.prediction_set,
            side_result(scope, scope.against, request),
            scope.against.evaluation_id,
        )
    ours, theirs, without_truth = _predicted_classes(result, against)
    difference = None
    if against is not None:
        difference = delta(result, against.result)
        difference["only_in_set"], difference["only_in_against"] = list(ours), list(theirs)
    return ComparisonView(
        request=request,
        set=Side(scope.set.prediction_set, result, scope.set.evaluation_id),
        against=against,
        delta=difference,
        revision=scope.set.truth.revision,
        images=int(scope.images.sum()),
        classes=scope.set.truth.class_names,
        splits=tuple(_splits(scope.set, scope.common)),
        iou_types=_iou_types(scope),
        only_in_set=ours,
        only_in_against=theirs,
        without_truth=without_truth,
        notices=tuple(_notices(scope, request)),
    )


def side_result(scope: Scope, side: EvaluatedSet, request: EvaluationRequest) -> EvaluationResult:
    """Return one side's numbers on the scope's images and classes."""
    return side.result(
        images=scope.images,
        classes=scope.classes,
        score=request.score,
        iou=request.iou,
    )


def _predicted_classes(
    result: EvaluationResult, against: Side | None
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    names = np.array(result.class_names, dtype=object)
    ours = result.n_predictions > 0
    theirs = ours if against is None else against.result.n_predictions > 0
    no_labels = result.counts.support.sum(axis=1) == 0
    return (
        tuple(names[ours & ~theirs]),
        tuple(names[theirs & ~ours]),
        tuple(names[(ours | theirs) & no_labels]),
    )


def _iou_types(scope: Scope) -> tuple[str, ...]:
    ours = scope.set.prediction_set.iou_types
    if scope.against is None:
        return ours
    return tuple(kind for kind in ours if kind in scope.against.prediction_set.iou_types)


def _notices(scope: Scope, request: EvaluationRequest) -> list[Notice]:
    notices = [*_coverage_notices(scope), *_training_notices(scope, request)]
    unlabelled = int((~scope.set.truth.images.labelled).sum())
    if unlabelled:
        text = f"{unlabelled} unlabelled images are left out: nobody has looked at them yet."
        notices.append(Notice("info", text))
    if request.iou_type == "segm":
        counts = scope.set.truth.labels.counts or []
        bare = sum(1 for mask in counts if mask is None)
        if bare:
            text = f"{bare} labels have no mask; with masks compared they can only be missed."
            notices.append(Notice("warning", text))
    return notices


def _coverage_notices(scope: Scope) -> list[Notice]:
    if scope.against is None:
        return []
    only = int((scope.set.covered & ~scope.against.covered).sum())
    other = int((scope.against.covered & ~scope.set.covered).sum())
    if not only and not other:
        return []
    text = (
        f"The sets cover different images: {only} only {scope.set.prediction_set.name}, "
        f"{other} only {scope.against.prediction_set.name}. "
        f"Both are evaluated on the {int(scope.common.sum())} images they have in common."
    )
    return [Notice("warning", text)]


def _training_notices(scope: Scope, request: EvaluationRequest) -> list[Notice]:
    shown = {request.split} if request.split else set(_splits(scope.set, scope.common))
    notices = []
    for side in (scope.set, scope.against):
        if side is None:
            continue
        trained = side.prediction_set.training_split or "train"
        if trained in shown:
            text = (
                f"{side.prediction_set.name} was trained on the {trained} split, which is part of "
                "these numbers: they flatter it. Choose another split."
            )
            notices.append(Notice("warning", text))
    return notices
