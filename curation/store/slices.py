"""Big deletions in small transactions, so that other processes get to write in between."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

if TYPE_CHECKING:
    from curation.store.columns import Base
    from curation.store.database import Database

ROWS_A_SLICE: Final = 10_000
PAUSE_SECONDS: Final = 0.02
"""SQLite has no queue of writers: one that waits looks again every moment, and must find a gap."""


def delete_in_slices(
    database: Database,
    table: type[Base],
    condition: sa.ColumnElement[bool],
    *,
    rows: int = ROWS_A_SLICE,
) -> int:
    """Delete rows, some thousands a transaction; what was deleted stays deleted after a crash.

    Args:
        database: The store.
        table: A table.
        condition: Which of its rows.
        rows: How many in one transaction.

    Returns:
        How many were deleted.
    """
    columns = sa.inspect(table).primary_key
    part = sa.select(*columns).where(condition).limit(rows)
    chosen = sa.tuple_(*columns).in_(part)
    count = 0
    while True:
        with database.write() as connection:
            deleted = connection.execute(sa.delete(table).where(chosen)).rowcount
        count += deleted
        if deleted < rows:
            return count
        time.sleep(PAUSE_SECONDS)
