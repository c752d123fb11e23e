"""Insert many rows fast inside the caller's transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import psycopg
    from numpy.typing import NDArray

    Column = Sequence[Any] | NDArray[Any]


def _python_values(column: Column) -> Sequence[Any]:
    return column.tolist() if isinstance(column, np.ndarray) else column


def insert_columns(
    connection: sa.Connection, table: sa.FromClause, columns: Mapping[str, Column]
) -> int:
    """Insert rows given as parallel columns, in order.

    Args:
        connection: A writing connection of the store.
        table: The table, e.g. `Label.__table__`.
        columns: Column name to N values; columns left out get no value.

    Returns:
        The number of rows.
    """
    names = tuple(columns)
    rows = list(zip(*(_python_values(column) for column in columns.values()), strict=True))
    if not rows:
        return 0
    if connection.dialect.name == "postgresql":
        _copy(connection, table, names, rows)
    else:
        _execute_many(connection, table, names, rows)
    return len(rows)


def _execute_many(
    connection: sa.Connection,
    table: sa.FromClause,
    names: tuple[str, ...],
    rows: list[tuple[Any, ...]],
) -> None:
    quote = connection.dialect.identifier_preparer.quote
    target = connection.dialect.identifier_preparer.format_table(_named(table))
    places = ", ".join("?" * len(names))
    columns = ", ".join(quote(name) for name in names)
    # Names come from our own table definitions, values are bound.
    statement = f"INSERT INTO {target} ({columns}) VALUES ({places})"  # noqa: S608
    connection.exec_driver_sql(statement, rows)


def _copy(
    connection: sa.Connection,
    table: sa.FromClause,
    names: tuple[str, ...],
    rows: list[tuple[Any, ...]],
) -> None:
    """Stream rows by binary COPY; the types must be exactly the table's."""
    from psycopg import sql  # noqa: PLC0415  # 0.1 s that a SQLite store need not wait for

    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]  # SQLAlchemy does not know the driver's type
    target = _named(table)
    types = [
        target.c[name].type.dialect_impl(connection.dialect).compile(connection.dialect).lower()
        for name in names
    ]
    command = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(target.name), sql.SQL(", ").join(sql.Identifier(name) for name in names)
    )
    with driver.cursor() as cursor, cursor.copy(command) as copy:
        copy.set_types([_POSTGRES_TYPES.get(kind, kind.split("(")[0]) for kind in types])
        for row in rows:
            copy.write_row(row)


_POSTGRES_TYPES = {
    "integer": "int4",
    "bigint": "int8",
    "double precision": "float8",
    "boolean": "bool",
    "float": "float8",
}


def _named(table: sa.FromClause) -> sa.Table:
    if not isinstance(table, sa.Table):
        raise TypeError(f"not a table: {table!r}")
    return table
