"""Which image of the project a prediction file means by its image ids."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from curation.store.images import ImageTable

LookUp: TypeAlias = Callable[[Sequence[str], Sequence[str | None]], NDArray[np.int64]]

UNKNOWN: Final = -1
AMBIGUOUS: Final = -2


def _stem(name: str) -> str:
    return PurePosixPath(name).stem


def _number(name: str) -> str | None:
    """Return a numeric stem as Ultralytics writes it: without leading zeros."""
    stem = _stem(name)
    return str(int(stem)) if stem.isdecimal() and stem.isascii() else None


def _index(names: Iterable[str | None]) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        if name is not None:
            places[name] = AMBIGUOUS if name in places else place
    return places


@dataclass(frozen=True, slots=True)
class Resolution:
    """What the image ids of a file mean.

    Args:
        positions: (K,) positions in the images; `UNKNOWN` or `AMBIGUOUS` where there is none.
        way: How most ids were understood.
        disputed: (K,) ids that another way would have given to another image.
    """

    positions: NDArray[np.int64]
    way: str
    disputed: NDArray[np.bool_]


def resolve(keys: Sequence[str], names: Sequence[str | None], images: ImageTable) -> Resolution:
    """Find the image of every id of a file.

    Ids can be understood as file names given beside them, source ids, file names, stems, or
    stems as numbers. One file means one of these by all its ids, so the way that knows most of
    them decides (of equal ones the first); the others serve only ids that it does not know. An id
    that fits several images is not guessed.

    Args:
        keys: K image ids of a prediction file, as text.
        names: K file names given with them, None where there is none; may be empty.
        images: The images that can be meant.
    """
    names = names or [None] * len(keys)
    found = {way: look_up(keys, names) for way, look_up in _ways(images)}
    order = sorted(found, key=lambda way: -int((found[way] >= 0).sum()))
    positions = np.full(len(keys), UNKNOWN, dtype=np.int64)
    for way in order:
        open_keys = positions == UNKNOWN
        positions[open_keys] = found[way][open_keys]
    others = np.stack(list(found.values())) if len(keys) else np.zeros((1, 0), np.int64)
    disputed = ((others >= 0) & (others != positions) & (positions >= 0)).any(axis=0)
    return Resolution(positions, order[0], disputed)


def _ways(images: ImageTable) -> Iterator[tuple[str, LookUp]]:
    """Yield each way to understand an id, by name."""
    files = images.file_name
    given = {**_index(PurePosixPath(name).name for name in files), **_index(files)}
    yield "file name given beside it", lambda _, names: _find(given, names)
    ways: tuple[tuple[str, dict[str, int], Callable[[str], str | None]], ...] = (
        ("source id", _index(images.source_id), str),
        ("file name", _index(files), str),
        ("last part of the file name", _index(PurePosixPath(name).name for name in files), str),
        ("stem of the file name", _index(map(_stem, files)), _stem),
        ("stem as a number", _index(map(_number, files)), _number),
    )
    for way, known, spelling in ways:
        yield way, _spelled(known, spelling)


def _spelled(known: dict[str, int], spelling: Callable[[str], str | None]) -> LookUp:
    return lambda keys, _: _find(known, [spelling(key) for key in keys])


def _find(known: dict[str, int], names: Sequence[str | None]) -> NDArray[np.int64]:
    places = [UNKNOWN if name is None else known.get(name, UNKNOWN) for name in names]
    return np.array(places, dtype=np.int64)
