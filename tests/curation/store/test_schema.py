"""Migrations: up from empty, no drift, down and up again with data."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory

from curation.errors import StaleSchema, UsageError
from curation.store import schema
from curation.store.database import Database
from curation.store.schema_version import NEEDED, prepare, require_current, version
from curation.store.tables import Dataset, Project


@pytest.fixture
def empty(database_url: str, tmp_path: Path):
    database = Database(database_url, data_dir=tmp_path)
    yield database
    database.close()


def test_upgrade__from_empty_leaves_no_drift(empty: Database) -> None:
    assert version(empty) is None
    schema.upgrade(empty)
    assert version(empty) == NEEDED
    assert schema.drift(empty) == []


def test_needed__is_the_newest_migration() -> None:
    folder = ScriptDirectory(str(resources.files("migrations")))
    assert folder.get_current_head() == NEEDED


def test_downgrade__and_up_again(empty: Database) -> None:
    schema.upgrade(empty)
    schema.downgrade(empty, "base")
    assert version(empty) is None
    schema.upgrade(empty)
    assert schema.drift(empty) == []


def test_upgrade__again_keeps_every_row(empty: Database) -> None:
    schema.upgrade(empty)
    with empty.write() as connection:
        project = connection.execute(
            sa.insert(Project).values(name="p").returning(Project.id)
        ).scalar_one()
        connection.execute(
            sa.insert(Dataset).values(
                project_id=project, name="d", format="coco", source="", sha256="", added_in=1
            )
        )
    schema.upgrade(empty)
    with empty.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(Dataset)) == 1


def test_migration__a_rebuilt_parent_table_keeps_its_children(empty: Database) -> None:
    """With foreign keys on, SQLite would delete them: the reason for `_migrating`."""
    schema.upgrade(empty)
    with empty.write() as connection:
        project = connection.execute(
            sa.insert(Project).values(name="p").returning(Project.id)
        ).scalar_one()
        connection.execute(
            sa.insert(Dataset).values(
                project_id=project, name="d", format="coco", source="", sha256="", added_in=1
            )
        )
    with schema._migrating(empty) as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("project") as batch:
            batch.alter_column("description", type_=sa.String(9000), existing_type=sa.Text())
    with empty.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(Dataset)) == 1


def test_migration__an_error_half_way_changes_nothing(empty: Database) -> None:
    schema.upgrade(empty)

    def break_half_way() -> None:
        with schema._migrating(empty) as connection:
            connection.exec_driver_sql("DROP TABLE finding")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_half_way()
    assert schema.drift(empty) == []


def test_require_current__refuses_another_version(empty: Database) -> None:
    schema.upgrade(empty)
    with empty.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StaleSchema, match="9999"):
        require_current(empty)


def test_backup__of_a_store_in_use(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'a.sqlite'}", data_dir=tmp_path)
    prepare(database)
    with database.write() as connection:
        connection.execute(sa.insert(Project).values(name="kept"))
    with database.read():
        schema.backup(database, tmp_path / "copy.sqlite")
    copy = Database(f"sqlite:///{tmp_path / 'copy.sqlite'}", data_dir=tmp_path)
    with copy.read() as connection:
        assert connection.scalar(sa.select(Project.name)) == "kept"
    with pytest.raises(UsageError, match="exists already"):
        schema.backup(database, tmp_path / "copy.sqlite")
    database.close()
    copy.close()
