"""Columns of the lists in a COCO file, by the compiled scanner: window by window, in threads.

A window is read, cut where its last record begins, and its room in the columns is reserved by
counting keys; the scanner then fills that room while another thread reads the next window. The
scanner accepts a window only if it ends exactly where the next one begins, so together the windows
are the list, however they were cut. Whatever is refused anywhere, the whole file is: msgspec then
reads it (`evaluation.json_windows`).
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Final

from evaluation import kernels
from evaluation.scanned_columns import ROOMS, Part, ScannedColumns, Shape, allocated, joined

if TYPE_CHECKING:
    from io import FileIO
    from pathlib import Path
    from types import ModuleType

    import numpy as np
    from numpy.typing import NDArray

WINDOW: Final = 1 << 20
LONGEST: Final = 1 << 24  # a window without a cut grows up to here


class Refused(Exception):
    """The scanner does not know this file's shape; msgspec has to read it."""


def scanner() -> ModuleType | None:
    """Give the compiled scanner, or nothing where it is not built or the twins are chosen."""
    try:
        return kernels.kernel("json_kernel")
    except ModuleNotFoundError:
        return None


def scan_text(text: bytes | NDArray[np.uint8], shape: Shape) -> ScannedColumns:
    """Read one list of records that is in memory.

    Args:
        text: The bytes of the list, with white space around it at most.
        shape: What its records are.

    Raises:
        Refused: The scanner is not there, or the text is not of its shape.

    Example:
        >>> shape = Shape(wanted=("id", "name"), required=("id",))
        >>> try:
        ...     ids = scan_text(b'[{"id": 7, "name": "cat"}]', shape).id.tolist()
        ... except Refused:  # where it is not compiled
        ...     ids = [7]
        >>> ids
        [7]
    """
    kernel = scanner()
    if kernel is None:
        raise Refused
    columns = allocated(len(text), shape)
    rooms = [(0, len(getattr(columns, name))) for name in ROOMS]
    found = kernel.scan(text, columns, rooms, shape.bits, True)
    rows, after, points, parts = found
    if rows < 0 or after < 0 or not kernel.blank(text, after):
        raise Refused
    part = Part(slice(0, rows), slice(0, points), slice(0, parts), after)
    return joined(columns, [part])


def scan_list(path: Path, shape: Shape, *, window: int = WINDOW) -> ScannedColumns:
    """Read a file that is one list of records.

    Args:
        path: The file.
        shape: What its records are.
        window: Bytes read at once.

    Raises:
        Refused: The scanner is not there, or the file is not of its shape.
        OSError: The file cannot be read.
    """
    with _opened(path, window) as windows:
        columns, end = windows.records(0, shape)
        windows.check_end(end)
        return columns


def scan_lists(
    path: Path, shapes: dict[str, Shape], *, window: int = WINDOW
) -> dict[str, ScannedColumns]:
    """Read the lists of a file that is one object: "images", "annotations", "categories".

    Args:
        path: The file.
        shapes: What the records of each list are.
        window: Bytes read at once.

    Raises:
        Refused: The scanner is not there, or the file is not of its shape.
        OSError: The file cannot be read.
    """
    found: dict[str, ScannedColumns] = {}
    with _opened(path, window) as windows:
        position, first = 0, True
        while True:
            name, position = windows.member(position, first=first)
            if not name:
                break
            if name in found:
                raise Refused
            found[name], position = windows.records(position, shapes[name])
            first = False
    if found.keys() != shapes.keys():
        raise Refused
    return found


def _opened(path: Path, window: int) -> _Windows:
    kernel = scanner()
    if kernel is None:
        raise Refused
    stream = path.open("rb", buffering=0)
    return _Windows(kernel, stream, os.fstat(stream.fileno()).st_size, window)


class _Windows:
    """Reads windows of one file; its place is shared by the threads, so one reads at a time."""

    def __init__(self, kernel: ModuleType, stream: FileIO, size: int, window: int) -> None:
        self.kernel = kernel
        self.size = size
        self.window = window
        self._stream = stream
        self._buffer = bytearray(window)

    def __enter__(self) -> _Windows:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def fill(self, buffer: bytearray, position: int) -> memoryview:
        """Read into a buffer from a place in the file; give what was read."""
        view = memoryview(buffer)
        self._stream.seek(position)
        filled = 0
        while filled < len(view):
            count = self._stream.readinto(view[filled:])
            if not count:
                break
            filled += count
        return view[:filled]

    def member(self, position: int, *, first: bool) -> tuple[str, int]:
        """Find the next list of the object: its key ("" at the end) and place in the file."""
        length = self.window
        while True:
            buffer = self._buffer if length == self.window else bytearray(length)
            region = self.fill(buffer, position)
            whole = position + len(region) >= self.size
            name, place = self.kernel.member(region, 0, first)
            if name is not None and (name or whole):
                return name, position + place
            if whole or length >= LONGEST:
                raise Refused
            length *= 2

    def records(self, position: int, shape: Shape) -> tuple[ScannedColumns, int]:
        """Read the list that begins at a place; give its columns and the place after it."""
        return _Scan(self, position, shape).run()

    def check_end(self, position: int) -> None:
        """Refuse a file with more than white space after a place."""
        while position < self.size:
            region = self.fill(self._buffer, position)
            if not len(region) or not self.kernel.blank(region, 0):
                raise Refused
            position += len(region)


class _Scan:
    """One list: windows go to threads in turn, each with a room of its own in the columns."""

    def __init__(self, windows: _Windows, position: int, shape: Shape) -> None:
        self._windows = windows
        self._kernel = windows.kernel
        self._bits = shape.bits
        self._mark = shape.mark
        try:
            self._columns = allocated(windows.size - position, shape)
        except MemoryError:  # msgspec asks for what it needs only
            raise Refused from None
        self._masks = "segmentation" in shape.wanted
        self._position = position
        self._used = [0, 0, 0, 0]  # rows, text bytes, points, parts
        self._lock = threading.Lock()
        self._parts: list[Part | None] = []  # None: refused, or not read yet
        self._over = False

    def run(self) -> tuple[ScannedColumns, int]:
        """Read all windows; give the columns and the place in the file after the list."""
        self._step(bytearray(self._windows.window))
        if not self._over:
            left = -(-(self._windows.size - self._position) // self._windows.window)
            kernels.in_threads([self._work] * min(kernels.threads(), left))
        parts: list[Part] = []
        for part in self._parts:
            if part is None:
                raise Refused
            parts.append(part)
            if part.end is not None:  # what follows was read in advance and is no part of it
                return joined(self._columns, parts), part.end
        raise Refused

    def _work(self) -> None:
        buffer = bytearray(self._windows.window)
        while not self._over:
            self._step(buffer)

    def _step(self, buffer: bytearray) -> None:
        """Read one window and scan it."""
        with self._lock:
            start = self._position
            region = None if self._over else self._take(buffer)
            if region is None:
                self._over = True
                return
            rooms = self._reserve(region)
            place = len(self._parts)
            self._parts.append(None)
        found = self._kernel.scan(region, self._columns, rooms, self._bits, place == 0)
        rows, after, points, parts = found
        if rows < 0 or after >= 0:
            self._over = True
        if rows >= 0:
            first, _, first_point, first_part = (room[0] for room in rooms)
            self._parts[place] = Part(
                rows=slice(first, first + rows),
                points=slice(first_point, points),
                parts=slice(first_part, parts),
                end=start + after if after >= 0 else None,
            )

    def _take(self, buffer: bytearray) -> memoryview | None:
        """Read the next window up to where its last record begins."""
        while self._position < self._windows.size:
            region = self._windows.fill(buffer, self._position)
            if self._position + len(region) >= self._windows.size or not len(region):
                self._position = self._windows.size
                return region
            cut = self._kernel.cut(region)
            if cut:
                self._position += cut
                return region[:cut]
            if len(buffer) >= LONGEST:
                return None
            buffer = bytearray(2 * len(buffer))
        return None

    def _reserve(self, region: memoryview) -> list[tuple[int, int]]:
        """Give the window as much of the columns as its bytes can hold."""
        needs = [self._kernel.count(region, self._mark), len(region), 0, 0]
        if self._masks:
            lists = self._kernel.count(region, b"]")
            needs[2:] = [self._kernel.count(region, b",") + lists, lists]
        rooms = []
        for k, (column, need) in enumerate(zip(ROOMS, needs, strict=True)):
            stop = min(self._used[k] + need, len(getattr(self._columns, column)))
            rooms.append((self._used[k], stop))
            self._used[k] = stop
        return rooms
