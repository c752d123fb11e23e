"""From what Model Evaluation shows to the members of a collection, each with the reason why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from curation.evaluations.chosen_rows import chosen_rows
from curation.evaluations.comparison import open_scope
from curation.evaluations.images import count_images, image_page
from curation.evaluations.row_choice import evaluated_side
from curation.selection.collections import IMAGES, LABELS, Item, Members
from evaluation import SIZE_BUCKETS, PredictionOutcome, TruthOutcome, bucket

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from curation.evaluations.comparison import Scope
    from curation.evaluations.images import CountedImages, ObjectFilter, Sort
    from curation.evaluations.request import EvaluationRequest
    from curation.evaluations.row_choice import RowChoice
    from curation.store.database import Database
    from evaluation import Instances

EVERY_IMAGE: Final = 2**31
MOST_REASONS: Final = 4


@dataclass(frozen=True, slots=True)
class ShownImages:
    """The list of images that Model Evaluation shows, over all its pages.

    Args:
        request: Sets, images, classes and thresholds.
        sort: Order of the images.
        outcome: Only images with such an object, None for all.
        size: Only objects of this size bucket count, None for all.
        choice: Only images with a row of this number, None for all.
        words: What the screen calls the choice or the outcome; plain text.
    """

    request: EvaluationRequest
    sort: Sort = "change"
    outcome: ObjectFilter | None = None
    size: str | None = None
    choice: RowChoice | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class _Objects:
    """Objects of one kind that are shown, as parallel (n,) arrays.

    `truth` are rows of the ground truth, −1 for a prediction that stands for itself.
    """

    one: str
    several: str
    image: NDArray[np.int64]
    class_: NDArray[np.int64]
    truth: NDArray[np.int64]
    score: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class _Opened:
    """A request with everything that its objects are found by."""

    scope: Scope
    counted: CountedImages
    size: str | None

    def of_truth(self, rows: NDArray[np.int64], one: str, several: str = "") -> _Objects:
        """Take the rows of the ground truth that count."""
        table = self.scope.set.truth.instances
        rows = rows[self._counts(table, rows)]
        return _Objects(one, several or one, table.image[rows], table.class_[rows], rows)

    def of_predictions(
        self, table: Instances, rows: NDArray[np.int64], one: str, several: str = ""
    ) -> _Objects:
        """Take the rows of predictions that count."""
        rows = rows[self._counts(table, rows)]
        nothing = np.full(len(rows), -1)
        return _Objects(one, several or one, table.image[rows], table.class_[rows], nothing)

    def _counts(self, table: Instances, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        kept = self.scope.images[table.image[rows]] & self.scope.class_mask()[table.class_[rows]]
        if self.size is not None:
            kept = kept & (bucket(table.area[rows]) == SIZE_BUCKETS.index(self.size))
        return kept


def _found(opened: _Opened) -> _Objects:
    at = opened.counted.set_result.outcomes
    return opened.of_truth(np.flatnonzero(at.truth == TruthOutcome.FOUND), "{n} {name} found")


def _missed(opened: _Opened) -> _Objects:
    at = opened.counted.set_result.outcomes
    rows = np.flatnonzero(at.truth == TruthOutcome.MISSED)
    return opened.of_truth(rows, "{n} miss of {name}", "{n} misses of {name}")


def _false(opened: _Opened) -> _Objects:
    at = opened.counted.set_result.outcomes
    rows = np.flatnonzero(at.prediction == PredictionOutcome.FALSE_POSITIVE)
    words = "{n} false positive of {name}", "{n} false positives of {name}"
    return opened.of_predictions(opened.scope.set.predictions, rows, *words)


def _gained(opened: _Opened) -> _Objects:
    changes = opened.counted.changes
    return opened.of_truth(_NONE if changes is None else changes.gained, "{n} {name} gained")


def _lost(opened: _Opened) -> _Objects:
    changes = opened.counted.changes
    return opened.of_truth(_NONE if changes is None else changes.lost, "{n} {name} lost")


def _newly_wrong(opened: _Opened) -> _Objects:
    changes = opened.counted.changes
    rows = _NONE if changes is None else changes.newly_wrong
    return opened.of_predictions(opened.scope.set.predictions, rows, "{n} {name} newly wrong")


def _fixed(opened: _Opened) -> _Objects:
    changes, against = opened.counted.changes, opened.scope.against
    if changes is None or against is None:
        return opened.of_truth(_NONE, "")
    return opened.of_predictions(against.predictions, changes.fixed, "{n} {name} fixed")


_NONE: Final = np.zeros(0, dtype=np.int64)
_FINDERS: Final[dict[ObjectFilter, Callable[[_Opened], _Objects]]] = {
    "tp": _found,
    "fp": _false,
    "fn": _missed,
    "gained": _gained,
    "lost": _lost,
    "new": _newly_wrong,
    "fixed": _fixed,
}


def shown_images(database: Database, shown: ShownImages) -> Members:
    """Choose all images of the list, in its order; each note counts what is to be seen on it.

    Raises:
        InvalidSetting: If order, outcome, size or choice is none of its choices.
        NotFound: If a set, split or class does not exist.
        Conflict: If a set is not evaluated on the current revision yet.
    """
    opened, objects = _open(database, shown)
    notes = _notes(opened, objects)
    ids = _image_ids(database, shown)
    places = opened.scope.set.truth.images.positions(np.array(ids, dtype=np.int64))
    items = tuple(
        Item(image_id, note=notes.get(place, ""))
        for image_id, place in zip(ids, places.tolist(), strict=True)
    )
    return Members(IMAGES, items, opened.scope.set.truth.revision, _origin(opened, shown))


def shown_labels(database: Database, shown: ShownImages) -> Members:
    """Choose the labels that the list was filtered by, image by image in its order.

    Nothing is chosen where the filter is about predictions alone, or where there is none.

    Raises:
        InvalidSetting: If order, outcome, size or choice is none of its choices.
        NotFound: If a set, split or class does not exist.
        Conflict: If a set is not evaluated on the current revision yet.
    """
    opened, objects = _open(database, shown)
    truth = opened.scope.set.truth
    rank = {image_id: place for place, image_id in enumerate(_image_ids(database, shown))}
    items = []
    for found in objects if shown.outcome or shown.choice else ():
        for place in np.flatnonzero(found.truth >= 0).tolist():
            row = int(found.truth[place])
            note = shown.words
            if found.score is not None and not np.isnan(found.score[place]):
                note += f", score {found.score[place]:.2f}"
            items.append(Item(int(truth.labels.image_id[row]), int(truth.labels.id[row]), note))
    items.sort(key=lambda item: (rank.get(item.image_id, len(rank)), item.label_id))
    return Members(LABELS, tuple(items), truth.revision, _origin(opened, shown))


def _open(database: Database, shown: ShownImages) -> tuple[_Opened, list[_Objects]]:
    """Open the request; return the objects that the list is about."""
    scope = open_scope(database, shown.request)
    opened = _Opened(scope, count_images(scope, shown.request, size=shown.size), shown.size)
    if shown.choice is not None:
        return opened, [_chosen(opened, shown, shown.choice)]
    if shown.outcome is not None:
        return opened, [_FINDERS[shown.outcome](opened)]
    return opened, [_missed(opened), _false(opened)]


def _chosen(opened: _Opened, shown: ShownImages, choice: RowChoice) -> _Objects:
    rows = chosen_rows(opened.scope, shown.request, choice)
    score = np.full(len(rows.prediction), np.nan)
    predicted = rows.prediction >= 0
    table = evaluated_side(opened.scope, choice.side).predictions
    score[predicted] = table.score[rows.prediction[predicted]]
    # The choice names the class itself: all its objects are counted together.
    words = f"{{n}} × {_literal(shown.words)}"
    return _Objects(words, words, rows.image, np.zeros_like(rows.image), rows.truth, score)


def _literal(text: str) -> str:
    """Return a text that `str.format` leaves alone."""
    return text.replace("{", "{{").replace("}", "}}")


def _image_ids(database: Database, shown: ShownImages) -> list[int]:
    page = image_page(
        database,
        shown.request,
        sort=shown.sort,
        page_size=EVERY_IMAGE,
        outcome=shown.outcome,
        size=shown.size,
        choice=shown.choice,
    )
    return [row.image_id for row in page.rows]


def _notes(opened: _Opened, objects: list[_Objects]) -> dict[int, str]:
    """Count the objects of each image by class: `2 misses of platelet, 1 false positive of rbc`."""
    names = opened.scope.set.truth.class_names
    reasons: dict[int, list[str]] = {}
    for found in objects:
        counts = Counter(zip(found.image.tolist(), found.class_.tolist(), strict=True))
        for (place, class_), count in sorted(counts.items(), key=lambda entry: -entry[1]):
            words = found.one if count == 1 else found.several
            reasons.setdefault(place, []).append(words.format(n=count, name=names[class_]))
    return {place: _listed(found) for place, found in reasons.items()}


def _listed(reasons: list[str]) -> str:
    """Put the first reasons into one line.

    >>> _listed(["2 misses of cell", "1 false positive of dust"])
    '2 misses of cell, 1 false positive of dust'
    """
    more = len(reasons) - MOST_REASONS
    shown = ", ".join(reasons[:MOST_REASONS])
    return f"{shown} and {more} more" if more > 0 else shown


def _origin(opened: _Opened, shown: ShownImages) -> dict[str, Any]:
    """Return the view as JSON values: names for people, ids for programs."""
    request, scope = shown.request, opened.scope
    against = scope.against
    return {
        "from": "evaluation",
        "set": scope.set.prediction_set.name,
        "set_id": request.set_id,
        "evaluation_id": scope.set.evaluation_id,
        "against": None if against is None else against.prediction_set.name,
        "against_id": request.against_id,
        "against_evaluation_id": None if against is None else against.evaluation_id,
        "iou_type": request.iou_type,
        "score": request.score,
        "iou": request.iou,
        "split": request.split,
        "classes": list(request.classes),
        "sort": shown.sort,
        "outcome": shown.outcome,
        "size": shown.size,
        "rows": None if shown.choice is None else shown.choice.to_text(),
        "shows": shown.words,
    }
