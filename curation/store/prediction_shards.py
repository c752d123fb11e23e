"""Predictions in shards of about 500 images, and their lean projection rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sa

from curation.store import shards
from curation.store.bulk import insert_columns
from curation.store.tables import Prediction, PredictionShard

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from curation.store.database import Database

IMAGES_PER_SHARD = 500
MASK_BYTES_PER_SHARD = 32_000_000
"""Far below what either database takes as one value."""
BOXES = "boxes"
MASKS = "masks"
_BOX = ("x", "y", "width", "height")
_NUMBERS = ("ordinal", "image_id", "class_id", "score", *_BOX, "area")


@dataclass(frozen=True, slots=True)
class Predictions:
    """Predictions as parallel columns, in file order.

    Args:
        ordinal: (N,) place in the imported file; ties in score are broken by it.
        image_id: (N,) image ids.
        class_id: (N,) class ids.
        score: (N,) confidences.
        boxes: (N, 4) xywh, pixels.
        area: (N,) px², of the box or of the mask.
        counts: N compressed run-length masks of the image's size; absent for boxes.
    """

    ordinal: NDArray[np.int64]
    image_id: NDArray[np.int64]
    class_id: NDArray[np.int64]
    score: NDArray[np.float64]
    boxes: NDArray[np.float64]
    area: NDArray[np.float64]
    counts: list[bytes] | None = None

    def __len__(self) -> int:
        return len(self.ordinal)

    def take(self, index: NDArray[Any]) -> Predictions:
        """Return some rows, by position."""
        counts = [self.counts[i] for i in index.tolist()] if self.counts is not None else None
        return Predictions(
            self.ordinal[index],
            self.image_id[index],
            self.class_id[index],
            self.score[index],
            self.boxes[index],
            self.area[index],
            counts,
        )


def shard_rows(predictions: Predictions) -> list[NDArray[np.int64]]:
    """Split predictions into shards of whole images: 500 images, or 32 MB of masks.

    Args:
        predictions: Predictions in any order of images.

    Returns:
        Row positions of each shard, in file order within it.
    """
    if not len(predictions):
        return []
    _, inverse = np.unique(predictions.image_id, return_inverse=True)
    sizes = np.fromiter(map(len, predictions.counts or ()), np.int64)
    load = np.zeros(inverse.max() + 1, np.int64)
    if len(sizes):
        np.add.at(load, inverse, sizes)
    load = np.maximum(load, MASK_BYTES_PER_SHARD // IMAGES_PER_SHARD)
    number = ((np.cumsum(load) - load) // MASK_BYTES_PER_SHARD)[inverse]
    order = np.argsort(number, kind="stable")
    bounds = np.flatnonzero(np.diff(number[order])) + 1
    return np.split(order, bounds)


def write_shard(
    connection: sa.Connection,
    set_id: int,
    number: int,
    predictions: Predictions,
    *,
    row_floor: float,
) -> None:
    """Write one shard and its projection rows; does nothing when the shard exists already."""
    exists = connection.scalar(
        sa.select(PredictionShard.number).where(
            PredictionShard.set_id == set_id,
            PredictionShard.kind == BOXES,
            PredictionShard.number == number,
        )
    )
    if exists is not None:
        return
    columns = dict(
        zip(
            _NUMBERS,
            (
                predictions.ordinal,
                predictions.image_id,
                predictions.class_id,
                predictions.score,
                *predictions.boxes.T,
                predictions.area,
            ),
            strict=True,
        )
    )
    _insert_shard(connection, set_id, number, BOXES, columns, predictions.image_id)
    if predictions.counts is not None:
        masks: dict[str, list[bytes | None]] = {"counts": list(predictions.counts)}
        _insert_shard(connection, set_id, number, MASKS, masks, predictions.image_id)
    _insert_rows(connection, set_id, columns, keep=predictions.score >= row_floor)


def _insert_shard(
    connection: sa.Connection,
    set_id: int,
    number: int,
    kind: str,
    columns: shards.Columns,
    image_id: NDArray[np.int64],
) -> None:
    data, sha256 = shards.pack(columns)
    connection.execute(
        sa.insert(PredictionShard).values(
            set_id=set_id,
            kind=kind,
            number=number,
            rows=len(image_id),
            first_image_id=int(image_id.min()),
            last_image_id=int(image_id.max()),
            sha256=sha256,
            data=data,
        )
    )


def _insert_rows(
    connection: sa.Connection,
    set_id: int,
    columns: dict[str, NDArray[Any]],
    *,
    keep: NDArray[np.bool_],
) -> None:
    kept = {name: values[keep] for name, values in columns.items()}
    count = int(keep.sum())
    insert_columns(connection, Prediction.__table__, {"set_id": [set_id] * count, **kept})


def read_predictions(
    database: Database, set_id: int, *, masks: bool = False, span: tuple[int, int] | None = None
) -> Predictions:
    """Return a whole prediction set in file order.

    Args:
        database: The store.
        set_id: A ready prediction set.
        masks: Whether to load the run-length masks too.
        span: First and last id of images; only shards that may hold some of them are read.
    """
    tables = _read(database, set_id, BOXES, span)
    if not tables:
        nothing = np.zeros(0, np.int64)
        numbers = np.zeros(0)
        counts: list[bytes] | None = [] if masks else None
        return Predictions(nothing, nothing, nothing, numbers, np.zeros((0, 4)), numbers, counts)
    columns, boxes = _numbers(tables)
    ordinal = columns["ordinal"]
    in_order = len(ordinal) < 2 or bool((ordinal[1:] > ordinal[:-1]).all())
    order = None if in_order else np.argsort(ordinal, kind="stable")
    found = None
    if masks:
        stored = shards.binary(_read(database, set_id, MASKS, span), "counts")
        rows = range(len(stored)) if order is None else order.tolist()
        found = [stored[i] or b"" for i in rows]
    if order is not None:
        columns = {name: values[order] for name, values in columns.items()}
        boxes = boxes[order]
    return Predictions(
        ordinal=columns["ordinal"],
        image_id=columns["image_id"],
        class_id=columns["class_id"],
        score=columns["score"],
        boxes=boxes,
        area=columns["area"],
        counts=found,
    )


def read_predictions_on(
    database: Database, set_id: int, image_ids: NDArray[np.int64], *, masks: bool = False
) -> Predictions:
    """Return the predictions of a set on some images, from the shards that hold them.

    Args:
        database: The store.
        set_id: A ready prediction set.
        image_ids: (M,) image ids.
        masks: Whether to load the run-length masks too.
    """
    span = (int(image_ids.min()), int(image_ids.max())) if len(image_ids) else (0, -1)
    predictions = read_predictions(database, set_id, masks=masks, span=span)
    return predictions.take(np.flatnonzero(np.isin(predictions.image_id, image_ids)))


def _numbers(tables: list[Any]) -> tuple[dict[str, NDArray[Any]], NDArray[np.float64]]:
    """Join the columns of shards; the four of a box side by side, written once."""
    columns = shards.joined(tables, [name for name in _NUMBERS if name not in _BOX])
    boxes = np.empty((len(columns["ordinal"]), len(_BOX)))
    for place, name in enumerate(_BOX):
        shards.join_into(tables, name, boxes[:, place])
    return columns, boxes


def _read(
    database: Database, set_id: int, kind: str, span: tuple[int, int] | None = None
) -> list[Any]:
    query = (
        sa.select(PredictionShard.data, PredictionShard.sha256)
        .where(PredictionShard.set_id == set_id, PredictionShard.kind == kind)
        .order_by(PredictionShard.number)
    )
    if span is not None:
        query = query.where(
            PredictionShard.first_image_id <= span[1], PredictionShard.last_image_id >= span[0]
        )
    with database.read() as connection:
        rows = connection.execute(query).all()
    return shards.unpack_all([(row.data, row.sha256) for row in rows])


def rebuild_rows(connection: sa.Connection, set_id: int, *, row_floor: float) -> int:
    """Make the projection rows of a set anew from its shards and return their number."""
    connection.execute(sa.delete(Prediction).where(Prediction.set_id == set_id))
    rows = connection.execute(
        sa.select(PredictionShard.data, PredictionShard.sha256)
        .where(PredictionShard.set_id == set_id, PredictionShard.kind == BOXES)
        .order_by(PredictionShard.number)
    ).all()
    count = 0
    for row in rows:
        columns = shards.joined([shards.unpack(row.data, row.sha256)], _NUMBERS)
        keep = columns["score"] >= row_floor
        _insert_rows(connection, set_id, columns, keep=keep)
        count += int(keep.sum())
    return count
