"""Folders of YOLO predictions: a text file an image, each line a shape and its confidence.

The image key is the file's name below the folder without suffix. An empty file is an image
without predictions; its key is there all the same. Coordinates stay shares of the image until
`placement.place` knows the images' sizes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from curation.errors import NotFound, UnknownFormat, UnsafePath
from curation.formats.problems import (
    BOX_WITHOUT_EXTENT,
    CLASS_UNKNOWN,
    FILE_NAME_UNSAFE,
    ProblemKind,
    ProblemLog,
)
from curation.formats.records import PredictionColumns
from curation.formats.yolo_rows import BadRow, Row, lines_of, prediction_row
from curation.media.paths import resolve_inside

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOT_PREDICTIONS: Final = frozenset({"classes.txt"})


def read(folder: Path) -> tuple[PredictionColumns, ProblemLog]:
    """Read a folder of prediction files, or the `labels` folder in it.

    Raises:
        NotFound: There is no such folder.
        UnknownFormat: It holds no text files.
    """
    if not folder.is_dir():
        raise NotFound("folder", str(folder))
    root = folder.resolve()
    names = list(_text_files(root))
    if not names:
        raise UnknownFormat(str(folder), expected="a folder of YOLO prediction files")
    reader = _Reader(root)
    for name in names:
        reader.take(name)
    return reader.columns(), reader.log


def sniff(path: Path) -> bool:
    """Tell whether a path is a folder of text files without pictures' folders beside them."""
    if not path.is_dir() or (path / "images").is_dir():
        return False
    return next(_text_files(path), None) is not None


@dataclass(slots=True)
class _Reader:
    """Collects the files of one folder."""

    root: Path
    log: ProblemLog = field(default_factory=ProblemLog)
    _keys: list[str] = field(default_factory=list)
    _rows: list[Row] = field(default_factory=list)
    _image: list[int] = field(default_factory=list)
    _ordinals: list[int] = field(default_factory=list)
    _lines: int = 0

    def take(self, name: str) -> None:
        """Read the predictions of one image."""
        try:
            lines = lines_of(resolve_inside(self.root, name))
        except UnsafePath as error:
            return self._problem(FILE_NAME_UNSAFE, name, 0, error.what)
        except BadRow as error:
            return self._problem(error.kind, name, 0, error.reason)
        self._keys.append(name.removesuffix(".txt"))
        for line, words in lines:
            self._lines += 1
            try:
                row = prediction_row(line, words)
            except BadRow as error:
                self._problem(error.kind, name, line, error.reason)
                continue
            if row.class_ < 0:
                self._problem(CLASS_UNKNOWN, name, line, f"there is no class {row.class_}")
                continue
            if 0 in row.box[2:]:
                self._problem(BOX_WITHOUT_EXTENT, name, line, "width or height is 0")
            self._rows.append(row)
            self._image.append(len(self._keys) - 1)
            self._ordinals.append(self._lines - 1)
        return None

    def columns(self) -> PredictionColumns:
        """Return what was read, file by file in the order of their names."""
        boxes = np.array([row.box for row in self._rows], dtype=np.float64).reshape(-1, 4)
        numbers = sorted({row.class_ for row in self._rows})
        place = {number: place for place, number in enumerate(numbers)}
        drawn = any(row.polygon is not None for row in self._rows)
        return PredictionColumns(
            ordinal=np.array(self._ordinals, dtype=np.int64),
            image_key=np.array(self._image, dtype=np.int32),
            image_keys=self._keys,
            class_key=np.array([place[row.class_] for row in self._rows], dtype=np.int32),
            class_keys=[str(number) for number in numbers],
            boxes=boxes,
            score=np.array([row.score for row in self._rows], dtype=np.float64),
            area=boxes[:, 2] * boxes[:, 3],
            polygons=[_json(row) for row in self._rows] if drawn else None,
            normalised=True,
        )

    def _problem(self, kind: ProblemKind, name: str, line: int, reason: str) -> None:
        self.log.add(kind, file=name, record=f"line {line}" if line else name, reason=reason)


def _json(row: Row) -> bytes | None:
    return None if row.polygon is None else msgspec.json.encode([row.polygon])


def _text_files(root: Path) -> Iterator[str]:
    for base, folders, files in os.walk(root, followlinks=False):
        folders.sort()
        for file in sorted(files):
            if file.endswith(".txt") and file not in _NOT_PREDICTIONS:
                name = Path(base, file).relative_to(root).as_posix()
                yield name
