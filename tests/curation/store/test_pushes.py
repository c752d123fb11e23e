"""Pushes and their outbox as rows: written together, taken before they are sent, settled once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from curation.errors import Conflict, NotFound
from curation.store import jobs
from curation.store.collections import CollectionDraft, Item, add_collection
from curation.store.database import Database
from curation.store.outbox import (
    OutboxDraft,
    Settlement,
    Standing,
    add_items,
    count_items,
    items_of,
    sent_before,
    settle_items,
    standings,
    take_items,
)
from curation.store.pushes import (
    PushDraft,
    add_push,
    get_push,
    list_pushes,
    push_of_job,
    refuse_second_push,
)
from curation.store.sources import add_source
from curation.store.tables import OutboxItem, RemoteTask


@pytest.fixture
def collection_id(database: Database, import_coco: Any) -> int:
    """A collection of both images of the small project."""
    draft = CollectionDraft(
        import_coco()["project_id"], "both", "images", (Item(1), Item(2)), {}, 1, "me"
    )
    return add_collection(database, draft)


@pytest.fixture
def source_id(database: Database, collection_id: int) -> int:
    del collection_id
    with database.write() as connection:
        return add_source(
            connection, 1, {"name": "labels", "kind": "label-studio", "location": "http://x"}
        )


def draft(source_id: int, collection_id: int, job_id: str) -> PushDraft:
    return PushDraft(source_id, collection_id, None, 0.5, 0.75, "why", True, "me", job_id)


@pytest.fixture
def push_id(database: Database, source_id: int, collection_id: int) -> int:
    """A push of both images, an item each."""
    with database.write() as connection:
        jobs.create_job(connection, kind="push", title="Push", payload={}, job_id="j1")
        made = add_push(connection, draft(source_id, collection_id, "j1"))
        items = [
            OutboxDraft(1, "k1", "create", None, None, {"note": "a"}),
            OutboxDraft(2, "k2", "change", "7", "2026-11-29T00:00:00.000000Z", {"note": "b"}),
        ]
        add_items(connection, made, items)
    return made


def test_push__is_read_with_names_and_counts(database: Database, push_id: int) -> None:
    row = get_push(database, push_id)
    assert (row.source, row.collection, row.prediction_set, row.project_id) == (
        "labels", "both", None, 1,
    )  # fmt: skip
    assert (row.score_floor, row.priority, row.note, row.review) == (0.5, 0.75, "why", True)
    assert (row.status, row.states) == ("queued", {"pending": 2})
    assert list_pushes(database, 1) == (row,) == list_pushes(database, 1, source_id=row.source_id)
    assert list_pushes(database, 1, source_id=99) == ()
    assert push_of_job(database, "j1") == row
    assert count_items(database, push_id) == 2
    with pytest.raises(NotFound):
        get_push(database, 99)
    with pytest.raises(NotFound):
        push_of_job(database, "j2")


def test_take__marks_before_anything_is_sent_and_passes_over_what_is_settled(
    database: Database, push_id: int
) -> None:
    [first] = take_items(database, push_id, first=0, most=1)
    assert (first.key, first.file_name, first.state, first.attempts) == (
        "k1",
        "a.png",
        "sending",
        1,
    )
    with database.write() as connection:
        settle_items(connection, [Settlement("k1", "done", "12")])
    [second] = take_items(database, push_id, first=0, most=2)
    assert (second.key, second.action, second.remote_id, second.payload) == (
        "k2", "change", "7", {"note": "b"},
    )  # fmt: skip
    [second] = take_items(database, push_id, first=1, most=50)
    assert second.attempts == 2
    with database.write() as connection:
        # Without a task the one that is known stays.
        settle_items(connection, [Settlement("k2", "conflict", None, "it changed")])
        settle_items(connection, [])
    assert take_items(database, push_id, first=0, most=50) == ()
    with database.read() as connection:
        found = [
            (item.key, item.state, item.remote_id, item.error)
            for item in items_of(connection, push_id)
        ]
    assert found == [("k1", "done", "12", ""), ("k2", "conflict", "7", "it changed")]
    assert get_push(database, push_id).states == {"conflict": 1, "done": 1}


def test_sent_before__tells_what_was_done_oldest_first(
    database: Database, push_id: int, source_id: int, collection_id: int
) -> None:
    with database.write() as connection:
        settle_items(connection, [Settlement("k1", "done", "12"), Settlement("k2", "failed")])
    jobs.cancel_job(database, "j1")
    with database.write() as connection:
        jobs.create_job(connection, kind="push", title="Push", payload={}, job_id="j2")
        second = add_push(connection, draft(source_id, collection_id, "j2"))
        add_items(connection, second, [OutboxDraft(1, "k3", "change", "12", "t", {})])
        settle_items(connection, [Settlement("k3", "done", "12")])
    with database.read() as connection:
        found = sent_before(connection, source_id, [1, 2, 3])
        assert {image: [item.key for item in items] for image, items in found.items()} == {
            1: ["k1", "k3"]
        }
        assert sent_before(connection, 99, [1]) == {}


def test_standings__are_of_the_same_image_only(
    database: Database, push_id: int, source_id: int
) -> None:
    def task(remote_id: str, **known: Any) -> dict[str, Any]:
        plain = {
            "source_id": source_id, "remote_id": remote_id, "created_at": "c", "updated_at": "u",
            "image": "x", "status": "submitted", "status_by": "ann", "status_at": "t",
            "sha256": "0", "image_key": None, "image_id": None,
        }  # fmt: skip
        return plain | known

    with database.write() as connection:
        settle_items(connection, [Settlement("k1", "done", "12"), Settlement("k2", "done", "7")])
        connection.execute(
            sa.insert(RemoteTask), [task("12", image_key="image-1"), task("7", image_id=1)]
        )
    with database.read() as connection:
        assert standings(connection, push_id) == {"k1": Standing("submitted", "ann", "t", False)}
    with database.write() as connection:
        connection.execute(
            sa.update(RemoteTask).where(RemoteTask.remote_id == "7").values(image_id=2)
        )
    with database.read() as connection:
        assert sorted(standings(connection, push_id)) == ["k1", "k2"]


def test_second_push__waits_until_the_first_has_ended(
    database: Database, push_id: int, source_id: int, collection_id: int
) -> None:
    with database.write() as connection:
        refuse_second_push(connection, source_id, "j1")  # its own job may go on
    refusal = f"Push {push_id} to labels is not finished"
    with pytest.raises(Conflict, match=refusal), database.write() as connection:
        add_push(connection, draft(source_id, collection_id, "j2"))
    jobs.finish_job(database, "j1", jobs.DONE)
    with database.write() as connection:
        assert add_push(connection, draft(source_id, collection_id, "j2")) > push_id


def test_second_push__of_several_at_once_one_begins(
    database: Database, source_id: int, collection_id: int
) -> None:
    def begin(number: int) -> bool:
        try:
            with database.write() as connection:
                job_id = f"j{number}"
                jobs.create_job(connection, kind="push", title="P", payload={}, job_id=job_id)
                add_push(connection, draft(source_id, collection_id, job_id))
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(begin, range(6))) == 1
    assert len(list_pushes(database, 1)) == 1


def test_items__go_with_their_push(database: Database, push_id: int, source_id: int) -> None:
    with database.write() as connection:
        connection.execute(sa.text("DELETE FROM source WHERE id = :id"), {"id": source_id})
        assert connection.scalar(sa.select(sa.func.count()).select_from(OutboxItem)) == 0
    with pytest.raises(NotFound):
        get_push(database, push_id)
