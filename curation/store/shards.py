"""Columns packed as Arrow files (zstd): the truth of predictions, the cache of labels."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa

from curation.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    Columns = Mapping[str, NDArray[Any] | list[bytes | None]]

MAX_BYTES = 32 * 2**20
"""Upper bound of one shard, far below both databases' limits for one value."""


def _array(values: NDArray[Any] | list[bytes | None]) -> pa.Array:
    if isinstance(values, list):
        return pa.array(values, type=pa.large_binary())
    return pa.array(np.ascontiguousarray(values))


def pack(columns: Columns) -> tuple[bytes, str]:
    """Encode parallel one-dimensional columns.

    Returns:
        The Arrow file and its SHA-256.
    """
    table = pa.table({name: _array(values) for name, values in columns.items()})
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    data = sink.getvalue().to_pybytes()
    return data, hashlib.sha256(data).hexdigest()


def unpack(data: bytes, sha256: str) -> pa.Table:
    """Decode one shard after checking that it is the one that was written.

    Raises:
        Unavailable: If the bytes are not what the store says.
    """
    if hashlib.sha256(data).hexdigest() != sha256:
        raise Unavailable("A stored shard", "its checksum does not match; restore a backup")
    return pa.ipc.open_file(pa.py_buffer(data)).read_all()


def joined(tables: Iterable[pa.Table], names: Iterable[str]) -> dict[str, NDArray[Any]]:
    """Return numeric columns of several shards, one after the other, as NumPy arrays."""
    whole = pa.concat_tables(list(tables))
    return {name: cast("NDArray[Any]", whole.column(name).to_numpy()) for name in names}


def binary(tables: Iterable[pa.Table], name: str) -> list[bytes | None]:
    """Return a binary column of several shards as Python bytes."""
    return [value for table in tables for value in table.column(name).to_pylist()]
