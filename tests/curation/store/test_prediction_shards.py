"""Prediction shards: every digit and the order survive; rows are a rebuildable projection."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sqlalchemy as sa

from curation.errors import Unavailable
from curation.store import prediction_shards as store
from curation.store import shards
from curation.store.database import Database
from curation.store.tables import Prediction, PredictionSet, PredictionShard, Project


@pytest.fixture
def set_id(database: Database) -> int:
    with database.write() as connection:
        project = connection.execute(
            sa.insert(Project).values(name="p").returning(Project.id)
        ).scalar_one()
        return connection.execute(
            sa.insert(PredictionSet)
            .values(
                project_id=project,
                name="s",
                source="s.json",
                sha256="0" * 64,
                format="coco",
                task="boxes",
                row_floor=0.5,
                image_revision=1,
                color="#000000",
            )
            .returning(PredictionSet.id)
        ).scalar_one()


def predictions(n: int, *, seed: int = 0, masks: bool = False) -> store.Predictions:
    rng = np.random.default_rng(seed)
    return store.Predictions(
        ordinal=np.arange(n),
        image_id=rng.integers(1, 1200, n),
        class_id=rng.integers(1, 5, n),
        score=rng.random(n),
        boxes=rng.random((n, 4)) * 100,
        area=rng.random(n),
        counts=[b"%d" % i for i in range(n)] if masks else None,
    )


def write(database: Database, set_id: int, given: store.Predictions) -> None:
    for number, rows in enumerate(store.shard_rows(given)):
        with database.write() as connection:
            store.write_shard(connection, set_id, number, given.take(rows), row_floor=0.5)


def test_shard_rows__whole_images_of_about_500() -> None:
    given = replace(predictions(2400), image_id=np.repeat(np.arange(1200), 2)[::-1].copy())
    parts = store.shard_rows(given)
    assert [len(part) for part in parts] == [1000, 1000, 400]
    assert sorted(np.concatenate(parts).tolist()) == list(range(2400))
    assert store.shard_rows(predictions(0)) == []


def test_shard_rows__fewer_images_when_their_masks_are_big(monkeypatch) -> None:
    monkeypatch.setattr(store, "MASK_BYTES_PER_SHARD", 500)
    given = replace(predictions(6), image_id=np.array([1, 1, 2, 3, 4, 5]), counts=[b"x" * 200] * 6)
    assert [part.tolist() for part in store.shard_rows(given)] == [[0, 1, 2], [3, 4], [5]]


def test_read_predictions__gives_back_exactly_what_was_written(database, set_id) -> None:
    given = predictions(3000, masks=True)
    write(database, set_id, given)
    found = store.read_predictions(database, set_id, masks=True)
    for column in ("ordinal", "image_id", "class_id", "score", "boxes", "area"):
        np.testing.assert_array_equal(getattr(found, column), getattr(given, column))
    assert found.counts == given.counts


def test_read_predictions__of_an_empty_set(database, set_id) -> None:
    assert len(store.read_predictions(database, set_id)) == 0


@pytest.mark.parametrize("masks", [False, True])
def test_read_predictions_on__takes_some_images_from_the_shards_that_hold_them(
    database, set_id, masks
) -> None:
    given = predictions(5_000, masks=masks)
    write(database, set_id, given)
    wanted = np.array([3, 700, 701, 1150])
    expected = given.take(np.flatnonzero(np.isin(given.image_id, wanted)))
    found = store.read_predictions_on(database, set_id, wanted, masks=masks)
    assert len(found) == len(expected) > 0
    assert found.ordinal.tolist() == expected.ordinal.tolist()
    assert found.boxes.tolist() == expected.boxes.tolist()
    assert found.counts == expected.counts
    nothing = store.read_predictions_on(database, set_id, wanted[:0], masks=masks)
    assert (len(nothing), nothing.counts) == (0, [] if masks else None)


def test_write_shard__twice_changes_nothing(database, set_id) -> None:
    given = predictions(50)
    write(database, set_id, given)
    write(database, set_id, given)
    with database.read() as connection:
        count = connection.scalar(sa.select(sa.func.count()).select_from(Prediction))
    assert count == int((given.score >= 0.5).sum())


def test_rebuild_rows__with_another_floor(database, set_id) -> None:
    given = predictions(200)
    write(database, set_id, given)
    with database.write() as connection:
        rebuilt = store.rebuild_rows(connection, set_id, row_floor=0.0)
        scores = connection.scalars(sa.select(Prediction.score).order_by(Prediction.ordinal)).all()
    assert rebuilt == 200
    assert list(scores) == given.score.tolist()


def test_unpack__refuses_damaged_bytes(database, set_id) -> None:
    write(database, set_id, predictions(10))
    with database.write() as connection:
        connection.execute(sa.update(PredictionShard).values(data=b"damaged"))
    with pytest.raises(Unavailable, match="checksum"):
        store.read_predictions(database, set_id)


def test_pack__is_smaller_than_the_raw_columns() -> None:
    data, sha256 = shards.pack({"a": np.zeros(10_000)})
    assert len(data) < 2_000
    assert shards.unpack(data, sha256).num_rows == 10_000
