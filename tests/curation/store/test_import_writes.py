"""Writes of imports: looked at again where they are opened, taken back a little at a time."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager

import numpy as np
import pytest
import sqlalchemy as sa

from curation.errors import Conflict, NameTaken, NotFound
from curation.store import slices
from curation.store.database import Database
from curation.store.label_history import Labels, add_labels
from curation.store.prediction_imports import (
    SetHeader,
    lock_set,
    open_set,
    publish_set,
    take_back_set,
)
from curation.store.prediction_shards import Predictions, write_shard
from curation.store.project_imports import (
    DatasetHeader,
    OpenImport,
    dataset_image_ids,
    labels_written,
    open_import,
    publish_import,
    take_back_import,
)
from curation.store.tables import Base, Label, Prediction


def header(job_id: str, *, file: str = "a.json", project: str = "p") -> DatasetHeader:
    sha256 = hashlib.sha256(file.encode()).hexdigest()
    return DatasetHeader(project, "", "d", "coco", None, file, sha256, "me", job_id)


def opened(database: Database, header: DatasetHeader, *names: str) -> OpenImport:
    images = [
        {"source_id": name, "file_name": name, "width": 9, "height": 9, "labelled": True}
        for name in names
    ]
    with database.write() as connection:
        return open_import(connection, header, classes=[("1", "cell")], images=images)


def publish(database: Database, opened: OpenImport) -> None:
    with database.write() as connection:
        publish_import(connection, opened.dataset_id, {})


def rows(database: Database) -> dict[str, int]:
    with database.read() as connection:
        counts = {
            table.name: connection.scalar(sa.select(sa.func.count()).select_from(table))
            for table in Base.metadata.sorted_tables
        }
    return {name: count for name, count in counts.items() if count}


def set_header(name: str, file: str = "r.json") -> SetHeader:
    sha256 = hashlib.sha256(file.encode()).hexdigest()
    return SetHeader(
        project_id=1,
        name=name,
        source=file,
        sha256=sha256,
        format="f",
        task="boxes",
        class_map={},
        row_floor=0.0,
        job_id=f"job of {name}",
        image_revision=1,
    )


def test_open_import__the_same_file_is_noticed_though_it_was_checked_before(database) -> None:
    publish(database, opened(database, header("1"), "a.png"))
    with pytest.raises(Conflict, match="meanwhile, as 'd'"):
        opened(database, header("2"), "b.png")


def test_open_import__images_that_came_meanwhile_are_noticed(database) -> None:
    publish(database, opened(database, header("1"), "a.png", "b.png"))
    before = rows(database)
    with pytest.raises(Conflict, match=r"1 images of .* came into the project"):
        opened(database, header("2", file="b.json"), "b.png", "c.png")
    assert rows(database) == before


def test_open_import__a_row_that_came_meanwhile_is_a_conflict(database, monkeypatch) -> None:
    """On PostgreSQL two transactions may both look before either writes."""
    first = opened(database, header("1"), "a.png")
    monkeypatch.setattr(
        "curation.store.project_imports.begin_revision",
        lambda connection, project_id, **_: connection.execute(
            sa.insert(Base.metadata.tables["revision"]).values(
                project_id=project_id, number=first.revision, kind="", author=""
            )
        ),
    )
    with pytest.raises(Conflict, match="at the same time"):
        opened(database, header("2", file="b.json"), "b.png")


def test_open_set__the_same_bytes_and_names_are_noticed(database) -> None:
    publish(database, opened(database, header("1"), "a.png"))
    with database.write() as connection:
        first = open_set(connection, set_header("first"))
    with pytest.raises(Conflict, match="meanwhile, as 'first'"), database.write() as connection:
        open_set(connection, set_header("second"))
    with pytest.raises(NameTaken), database.write() as connection:
        open_set(connection, set_header("first", "other.json"))
    with database.write() as connection:
        open_set(connection, set_header("second"), again=True)
        publish_set(connection, first)
        lock_set(connection, first)
        with pytest.raises(NotFound):
            lock_set(connection, 99)


def test_take_back__a_set_goes_in_many_short_transactions(database, monkeypatch) -> None:
    publish(database, opened(database, header("1"), "a.png"))
    before = rows(database)
    n = 25
    numbers = np.arange(n, dtype=np.float64)
    whole = np.ones(n, np.int64)
    predictions = Predictions(np.arange(n), whole, whole, numbers / n, np.zeros((n, 4)), numbers)
    with database.write() as connection:
        set_id = open_set(connection, set_header("x"))
        write_shard(connection, set_id, 0, predictions, row_floor=0.0)
    transactions = count_writes(database, monkeypatch)
    monkeypatch.setattr(slices, "PAUSE_SECONDS", 0.0)
    assert slices.delete_in_slices(database, Prediction, Prediction.ordinal < 20, rows=8) == 20
    assert len(transactions) == 3
    take_back_set(database, "job of x")
    assert rows(database) == before


def test_take_back__an_import_goes_with_everything_it_wrote(database, monkeypatch) -> None:
    publish(database, opened(database, header("1"), "a.png"))
    before = rows(database)
    second = opened(database, header("2", file="b.json"), "b.png", "c.png")
    n = 25
    with database.write() as connection:
        images = dataset_image_ids(connection, second.dataset_id)
        add_labels(connection, second.project_id, revision=second.revision, labels=some(n, images))
        assert labels_written(connection, second.project_id, second.revision) == n
        with pytest.raises(NotFound):
            labels_written(connection, second.project_id, 7)
    transactions = count_writes(database, monkeypatch)
    added = Label.added_in == second.revision
    assert slices.delete_in_slices(database, Label, added, rows=10) == n
    assert len(transactions) == 3
    take_back_import(database, "2")
    assert rows(database) == before


def some(n: int, images: np.ndarray) -> Labels:
    zeros = np.zeros(n)
    return Labels(
        id=np.zeros(n, np.int64),
        image_id=images[np.arange(n) % len(images)],
        class_id=np.ones(n, np.int64),
        boxes=np.zeros((n, 4)),
        area=zeros,
        crowd=zeros.astype(bool),
        ignore=zeros.astype(bool),
        source_id=np.arange(n),
        counts=[b"x"] * n,
        polygons=[None] * n,
    )


def count_writes(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Return a list that grows by every writing transaction."""
    seen: list[bool] = []
    real = Database.write

    @contextmanager
    def write(self):
        seen.append(True)
        with real(self) as connection:
            yield connection

    monkeypatch.setattr(Database, "write", write)
    return seen
