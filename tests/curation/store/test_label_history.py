"""Label history: rows are added and removed by revisions, never changed."""

from __future__ import annotations

import numpy as np
import pytest
import sqlalchemy as sa

from curation.errors import Conflict
from curation.store import label_history as history
from curation.store.database import Database
from curation.store.images import add_images
from curation.store.tables import Class, Dataset, LabelShard, Project


@pytest.fixture
def project(database: Database) -> tuple[int, int, np.ndarray]:
    """A project with one class and three images: its id, the class id, the image ids."""
    with database.write() as connection:
        project_id = connection.execute(
            sa.insert(Project).values(name="slides").returning(Project.id)
        ).scalar_one()
        dataset_id = connection.execute(
            sa.insert(Dataset)
            .values(
                project_id=project_id,
                name="d",
                format="coco",
                source="d.json",
                sha256="0" * 64,
                status="ready",
                added_in=1,
            )
            .returning(Dataset.id)
        ).scalar_one()
        class_id = connection.execute(
            sa.insert(Class)
            .values(project_id=project_id, name="cell", source_id="1", position=0, added_in=1)
            .returning(Class.id)
        ).scalar_one()
        images = add_images(
            connection,
            project_id,
            dataset_id,
            source_ids=["1", "2", "3"],
            columns={
                "file_name": ["a.jpg", "b.jpg", "c.jpg"],
                "width": [100] * 3,
                "height": [80] * 3,
                "split": ["train", "val", None],
                "labelled": [True] * 3,
            },
        )
    return project_id, class_id, images


def labels(class_id: int, image_ids: list[int], *, masks: bool = False) -> history.Labels:
    n = len(image_ids)
    return history.Labels(
        id=np.zeros(n, np.int64),
        image_id=np.array(image_ids, np.int64),
        class_id=np.full(n, class_id),
        boxes=np.arange(4.0 * n).reshape(n, 4),
        area=np.arange(1.0, n + 1),
        crowd=np.zeros(n, bool),
        ignore=np.zeros(n, bool),
        source_id=np.arange(n),
        counts=[b"03"] * n if masks else None,
        polygons=[b"[[0,0,1,0,1,1]]"] * n if masks else None,
    )


def publish(
    database: Database,
    project_id: int,
    added: history.Labels | None = None,
    removed: tuple[int, ...] = (),
) -> tuple[int, list[int]]:
    with database.write() as connection:
        number = history.begin_revision(connection, project_id, kind="test", author="t", note="")
        ids: list[int] = []
        if added is not None:
            ids = history.add_labels(connection, project_id, revision=number, labels=added).tolist()
        if removed:
            history.remove_labels(connection, removed, revision=number)
        history.publish_revision(connection, project_id, number, changes={})
    return number, ids


def test_labels_as_of__an_edit_removes_one_row_and_adds_another(database, project) -> None:
    project_id, class_id, images = project
    first, ids = publish(database, project_id, labels(class_id, [images[0], images[1]]))
    second, new = publish(database, project_id, labels(class_id, [images[1]]), removed=(ids[1],))
    assert (first, second) == (1, 2)
    assert history.labels_as_of(database, project_id, 1).id.tolist() == ids
    assert history.labels_as_of(database, project_id, 2).id.tolist() == [ids[0], *new]


def test_labels_as_of__keeps_every_digit_and_the_order_of_import(database, project) -> None:
    project_id, class_id, images = project
    given = labels(class_id, [images[2], images[0]], masks=True)
    publish(database, project_id, given)
    found = history.labels_as_of(database, project_id, 1, masks=True)
    assert found.image_id.tolist() == [images[2], images[0]]
    assert found.boxes.tolist() == [[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0]]
    assert found.source_id.tolist() == [0, 1]
    assert found.counts == [b"03", b"03"]


def test_labels_as_of__no_labels_at_all(database, project) -> None:
    project_id, _, _ = project
    publish(database, project_id)
    found = history.labels_as_of(database, project_id, 1, masks=True)
    assert (len(found), found.boxes.shape, found.counts) == (0, (0, 4), [])


def test_labels_as_of__the_cache_can_be_dropped_at_any_time(database, project) -> None:
    project_id, class_id, images = project
    publish(database, project_id, labels(class_id, [images[0]]))
    before = history.labels_as_of(database, project_id, 1)
    with database.write() as connection:
        connection.execute(sa.delete(LabelShard))
    after = history.labels_as_of(database, project_id, 1)
    assert before.id.tolist() == after.id.tolist()


def test_images_changed__between_revisions(database, project) -> None:
    project_id, class_id, images = project
    _, ids = publish(database, project_id, labels(class_id, [images[0], images[1]]))
    publish(database, project_id, labels(class_id, [images[2]]))
    _, again = publish(database, project_id, labels(class_id, [images[0]]), removed=(ids[0],))
    publish(database, project_id, removed=tuple(again))
    with database.read() as connection:

        def changed(since: int, until: int) -> list[int]:
            return history.images_changed(connection, project_id, since=since, until=until)

        assert changed(1, 2) == [images[2]]
        assert changed(2, 3) == [images[0]]
        assert changed(1, 4) == sorted([images[0], images[2]])
        assert changed(3, 3) == []


def test_images_changed__added_and_removed_in_between_is_no_change(database, project) -> None:
    project_id, class_id, images = project
    publish(database, project_id, labels(class_id, [images[0]]))
    _, brief = publish(database, project_id, labels(class_id, [images[1]]))
    publish(database, project_id, removed=tuple(brief))
    with database.read() as connection:
        assert history.images_changed(connection, project_id, since=1, until=3) == []


def test_begin_revision__only_one_at_a_time(database, project) -> None:
    project_id, _, _ = project
    with database.write() as connection:
        history.begin_revision(connection, project_id, kind="test", author="t", note="")
    with pytest.raises(Conflict), database.write() as connection:
        history.begin_revision(connection, project_id, kind="test", author="t", note="")


def test_abandon_revision__is_as_if_it_had_never_been(database, project) -> None:
    project_id, class_id, images = project
    _, ids = publish(database, project_id, labels(class_id, [images[0]]))
    with database.write() as connection:
        number = history.begin_revision(connection, project_id, kind="test", author="t", note="")
        history.add_labels(
            connection, project_id, revision=number, labels=labels(class_id, [images[1]])
        )
        history.remove_labels(connection, ids, revision=number)
    with database.write() as connection:
        history.abandon_revision(connection, project_id, number)
    number, _ = publish(database, project_id)
    assert number == 2
    assert history.labels_as_of(database, project_id, 2).id.tolist() == ids
