"""Predictions as annotators start from them: those of a set above a score, by the tool's names."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from curation.store.images import read_classes
from curation.store.prediction_sets import require_own_set
from curation.store.prediction_shards import read_predictions_on
from curation.store.source_classes import source_classes
from curation.sync.annotation_tool import PreAnnotation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from curation.store.database import Database
    from curation.store.prediction_shards import Predictions
    from curation.sync.annotation_tool import PushingTool
    from curation.sync.push_request import PushRequest

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class ChosenSet:
    """A prediction set on its way into a tool.

    Args:
        id: The set.
        name: Its name.
        masks: Whether its predictions are masks.
        score_floor: Lowest score that goes along.
        names: The tool's class for a class id; classes that the tool cannot take are left out.
        unknown: Names of the classes that it cannot take, by class id.
    """

    id: int
    name: str
    masks: bool
    score_floor: float
    names: Mapping[int, str]
    unknown: Mapping[int, str] = field(default_factory=dict)


def choose_set(
    database: Database, request: PushRequest, project_id: int, tool: PushingTool
) -> ChosenSet | None:
    """Return the set that a request names, with the tool's own names of its classes.

    A class that people said a tool's class means goes by that name, the same name first; any
    other goes by its own. Only what a control of the tool takes can go at all.

    Raises:
        NotFound: If the project has no such set.
    """
    if request.set_id is None:
        return None
    row = require_own_set(database, project_id, request.set_id)
    masks = row.task == "masks"
    with database.read() as connection:
        classes = read_classes(connection, project_id)
        answers = source_classes(connection, request.source_id)
    meant: dict[str, list[str]] = {}
    for answer in answers:
        if answer.answer == "class" and answer.class_name is not None:
            meant.setdefault(answer.class_name, []).append(answer.name)
    names: dict[int, str] = {}
    for entry in classes:
        candidates = sorted(meant.get(entry.name, [entry.name]), key=lambda own: own != entry.name)
        taken = [name for name in candidates if tool.takes(name, mask=masks)]
        if taken:
            names[entry.id] = taken[0]
    unknown = {entry.id: entry.name for entry in classes if entry.id not in names}
    return ChosenSet(row.id, row.name, masks, request.score_floor, names, unknown)


@dataclass(frozen=True, slots=True)
class PredictionCounts:
    """How many predictions of each image go along, and how many of which class do not."""

    taken: Mapping[int, int]
    left_out: Mapping[int, Mapping[str, int]]


def count_predictions(
    database: Database, chosen: ChosenSet, sizes: Mapping[int, Size]
) -> PredictionCounts:
    """Count what goes along for images, by image id.

    Args:
        database: The store.
        chosen: The set.
        sizes: Height and width of each image, pixels.
    """
    rows = _above_floor(database, chosen, sizes, masks=False)
    taken: Counter[int] = Counter()
    left_out: dict[int, Counter[str]] = {}
    for image_id, class_id in zip(rows.image_id.tolist(), rows.class_id.tolist(), strict=True):
        if class_id in chosen.names:
            taken[image_id] += 1
        else:
            name = chosen.unknown.get(class_id, str(class_id))
            left_out.setdefault(image_id, Counter())[name] += 1
    return PredictionCounts(taken, left_out)


def pre_annotations(
    database: Database, chosen: ChosenSet, sizes: Mapping[int, Size]
) -> dict[int, tuple[PreAnnotation, ...]]:
    """Return what goes along for images, by image id, best scores first.

    Args:
        database: The store.
        chosen: The set.
        sizes: Height and width of each image, pixels.
    """
    rows = _above_floor(database, chosen, sizes, masks=chosen.masks)
    found: dict[int, list[PreAnnotation]] = {image_id: [] for image_id in sizes}
    for row in _best_first(rows):
        name = chosen.names.get(int(rows.class_id[row]))
        if name is None:
            continue
        x, y, width, height = rows.boxes[row].tolist()
        found[int(rows.image_id[row])].append(
            PreAnnotation(
                name,
                (x, y, width, height),
                float(rows.score[row]),
                rows.counts[row] if rows.counts is not None else None,
            )
        )
    return {image_id: tuple(own) for image_id, own in found.items()}


def _best_first(rows: Predictions) -> Iterable[int]:
    order: Sequence[int] = np.lexsort((rows.ordinal, -rows.score)).tolist()
    return order


def _above_floor(
    database: Database, chosen: ChosenSet, sizes: Mapping[int, Size], *, masks: bool
) -> Predictions:
    """Return the set's predictions on images that reach the floor and have an extent there."""
    image_ids = np.array(sorted(sizes), dtype=np.int64)
    rows = read_predictions_on(database, chosen.id, image_ids, masks=masks)
    # One row a known image; searchsorted finds it, for only those images were read.
    place = np.searchsorted(image_ids, rows.image_id)
    heights = np.array([sizes[image_id][0] for image_id in image_ids.tolist()], dtype=np.float64)
    widths = np.array([sizes[image_id][1] for image_id in image_ids.tolist()], dtype=np.float64)
    x, y, width, height = rows.boxes.T
    inside = (
        (np.minimum(x + width, widths[place]) > np.maximum(x, 0))
        & (np.minimum(y + height, heights[place]) > np.maximum(y, 0))
        & (rows.area > 0)
    )
    return rows.take(np.flatnonzero((rows.score >= chosen.score_floor) & inside))
