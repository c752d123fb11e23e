"""Columns packed as Arrow files (zstd): the truth of predictions, the cache of labels."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from curation.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Columns = Mapping[str, NDArray[Any] | list[bytes | None]]


def _array(values: NDArray[Any] | list[bytes | None]) -> pa.Array:
    if isinstance(values, list):
        return pa.array(values, type=pa.large_binary())
    if values.dtype == np.bool_:
        bits = np.packbits(values, bitorder="little")
        return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(bits)])
    values = np.ascontiguousarray(values)
    # pa.array would import pandas only to find that this is no pandas object.
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


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


def unpack_all(packed: Sequence[tuple[bytes, str]]) -> list[pa.Table]:
    """Decode several shards side by side: checksums and decompression leave Python alone.

    Raises:
        Unavailable: If the bytes of one are not what the store says.
    """
    if len(packed) < 2:
        return [unpack(*shard) for shard in packed]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda shard: unpack(*shard), packed))


def join_into(tables: Iterable[pa.Table], name: str, target: NDArray[Any]) -> None:
    """Write a numeric column of several shards, one after the other, into an array."""
    start = 0
    for table in tables:
        for chunk in _chunks(table, name):
            values = _numbers(chunk)
            target[start : start + len(values)] = values
            start += len(values)


def joined(tables: Iterable[pa.Table], names: Iterable[str]) -> dict[str, NDArray[Any]]:
    """Return numeric columns of several shards, one after the other, as NumPy arrays."""
    whole = list(tables)
    return {
        name: np.concatenate([_numbers(chunk) for table in whole for chunk in _chunks(table, name)])
        for name in names
    }


def _chunks(table: pa.Table, name: str) -> list[pa.Array]:
    """Return a column's chunks; an empty column still has its type."""
    column = table.column(name)
    return list(column.chunks) or [pa.array([], type=column.type)]


def _numbers(array: pa.Array) -> NDArray[Any]:
    """View a column without nulls as NumPy; Arrow's own way would import pandas (0.9 s)."""
    if pa.types.is_boolean(array.type):
        return _flags(array)
    dtype = np.dtype(array.type.to_pandas_dtype())
    if not len(array):
        return np.zeros(0, dtype)
    data = array.buffers()[1]
    return np.frombuffer(data, dtype, count=len(array), offset=array.offset * dtype.itemsize)


def _flags(array: pa.Array) -> NDArray[np.bool_]:
    """Unpack a column of bits; Arrow's own cast would import its functions (0.03 s)."""
    if not len(array):
        return np.zeros(0, np.bool_)
    packed = np.frombuffer(array.buffers()[1], np.uint8)
    bits = np.unpackbits(packed, bitorder="little")[array.offset : array.offset + len(array)]
    return bits.view(np.bool_)


def binary(tables: Iterable[pa.Table], name: str) -> list[bytes | None]:
    """Return a binary column of several shards as Python bytes."""
    return [value for table in tables for value in table.column(name).to_pylist()]
