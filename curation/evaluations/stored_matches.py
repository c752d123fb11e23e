"""Matches as the store keeps them, and what of an earlier revision's still holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from curation.errors import NotFound
from curation.store.evaluation_records import find_earlier_evaluation, load_matches
from curation.store.images import removed_images
from curation.store.label_history import images_changed, labels_as_of
from evaluation import AREA_RANGES, Matches
from evaluation.rematching import rematch
from evaluation.walking_order import walking_order

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from numpy.typing import NDArray

    from curation.evaluations.loading import GroundTruth
    from curation.store.database import Database
    from curation.store.evaluation_records import EvaluationKey, EvaluationRecord
    from evaluation import Instances, IouType


def match_columns(matches: Matches) -> dict[str, Mapping[str, NDArray[Any]]]:
    """Return the columns of each match shard, by its kind."""
    areas: dict[str, NDArray[Any]] = {
        f"area{a}": matches.thresholds[:, a] for a in range(len(AREA_RANGES))
    }
    pairs = {"pred": matches.pred, "truth": matches.truth, "iou": matches.iou, **areas}
    return {"ranks": {"rank": matches.rank}, "matches": {**pairs, **areas}}


def stored_matches(database: Database, record: EvaluationRecord, predictions: Instances) -> Matches:
    """Load the matches of an evaluation.

    Args:
        database: The store.
        record: The evaluation.
        predictions: The predictions that were evaluated.

    Raises:
        NotFound: If a shard is missing.
    """
    ranks = load_matches(database, record.id, "ranks")
    columns = load_matches(database, record.id, "matches")
    if ranks is None or columns is None:
        raise NotFound("match shard of evaluation", record.id)
    return Matches(
        order=walking_order(predictions),
        rank=ranks["rank"],
        pred=columns["pred"],
        truth=columns["truth"],
        iou=columns["iou"],
        thresholds=np.stack([columns[f"area{a}"] for a in range(len(AREA_RANGES))], axis=1),
        iou_type=cast("IouType", record.key.iou_type),
        strict=record.key.strict,
    )


def carried_over(
    database: Database, key: EvaluationKey, truth: GroundTruth, predictions: Instances
) -> Matches | None:
    """Match anew only what changed since the set's last evaluation.

    None without one, and where that one left out predictions of images or classes that came later,
    or images left the project or came back in between: its rows are others then.

    Args:
        database: The store.
        key: The evaluation that is wanted.
        truth: The labels of its revision.
        predictions: Its predictions.
    """
    earlier = find_earlier_evaluation(database, key)
    if earlier is None:
        return None
    ranks = load_matches(database, earlier.id, "ranks")
    if ranks is None or len(ranks["rank"]) != len(predictions):
        return None
    since, until = earlier.key.revision, key.revision
    with database.read() as connection:
        changed_ids = images_changed(connection, truth.project_id, since=since, until=until)
        gone = [
            removed_images(connection, truth.project_id, revision) for revision in (since, until)
        ]
    if gone[0] != gone[1]:
        return None
    changed = np.isin(truth.images.id, np.array(changed_ids, dtype=np.int64))
    before = labels_as_of(database, truth.project_id, since).id
    now = truth.labels.id  # ascending, as `before` is
    place = np.minimum(np.searchsorted(now, before), max(len(now) - 1, 0))
    moved = np.where(now[place] == before, place, -1) if len(now) else np.full(len(before), -1)
    previous = stored_matches(database, earlier, predictions)
    return rematch(truth.instances, predictions, previous, moved=moved, changed=changed)
