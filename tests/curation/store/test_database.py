"""Connections: foreign keys hold, writers wait for each other, readers see one state."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from curation.store.database import Database
from curation.store.tables import Dataset, Project


def test_write__rolls_back_on_any_error(database: Database) -> None:
    def break_half_way() -> None:
        with database.write() as connection:
            connection.execute(sa.insert(Project).values(name="never"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_half_way()
    with database.read() as connection:
        assert connection.scalars(sa.select(Project.name)).all() == []


def test_write__foreign_keys_are_on(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(
            sa.insert(Dataset).values(
                project_id=999, name="d", format="coco", source="", sha256="", added_in=1
            )
        )


def test_write__eight_writers_that_read_first_lose_no_update(database: Database) -> None:
    with database.write() as connection:
        connection.execute(sa.insert(Project).values(name="counter"))

    def add() -> None:
        for _ in range(10):
            with database.write() as connection:
                seen = connection.scalar(sa.select(Project.revision).with_for_update())
                connection.execute(sa.update(Project).values(revision=(seen or 0) + 1))

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as connection:
        assert connection.scalar(sa.select(Project.revision)) == 80


def test_read__sees_one_state_while_another_writes(database: Database) -> None:
    if not database.is_sqlite:
        return  # PostgreSQL reads committed rows statement by statement
    with database.read() as reader:
        assert reader.scalar(sa.select(sa.func.count()).select_from(Project)) == 0
        with database.write() as writer:
            writer.execute(sa.insert(Project).values(name="new"))
        assert reader.scalar(sa.select(sa.func.count()).select_from(Project)) == 0
