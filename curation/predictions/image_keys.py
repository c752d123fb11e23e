"""Which image of the project a prediction file means by its image ids."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from curation.store.images import ImageTable

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


def resolve(
    keys: Sequence[str], names: Sequence[str | None], images: ImageTable
) -> NDArray[np.int64]:
    """Find the image of every key: by source id, then file name, then stem, then number.

    The first way that knows a key decides. A key that fits several images is not guessed.

    Args:
        keys: K image ids of a prediction file, as text.
        names: K file names given with them, None where there is none; may be empty.
        images: The project's images.

    Returns:
        (K,) positions in `images`; `UNKNOWN` or `AMBIGUOUS` where there is none.
    """
    ways: list[tuple[dict[str, int], Callable[[str], str | None]]] = [
        (_index(images.source_id), lambda key: key),
        (_index(images.file_name), lambda key: key),
        (_index(PurePosixPath(name).name for name in images.file_name), lambda key: key),
        (_index(_stem(name) for name in images.file_name), _stem),
        (_index(_number(name) for name in images.file_name), _number),
    ]
    found = np.full(len(keys), UNKNOWN, dtype=np.int64)
    for place, key in enumerate(keys):
        name = names[place] if place < len(names) else None
        for known, spelling in ways:
            spelled = (spelling(key), spelling(name) if name else None)
            hits = [known[text] for text in spelled if text is not None and text in known]
            if hits:
                found[place] = hits[0]
                break
    return found
