"""Compressed masks one at a time or checked in bulk, as files hold them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evaluation.mask_faults import OK
from evaluation.masks import Masks, decode_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from evaluation.masks import Runs


@dataclass(frozen=True, slots=True)
class RunCheck:
    """What a look at compressed masks found.

    `fault`: (N,) index into `FAULTS`, 0 for a sound mask. `area`: (N,) pixels set, 0 where faulty.
    """

    fault: NDArray[np.int8]
    area: NDArray[np.int64]

    @property
    def sound(self) -> NDArray[np.bool_]:
        """(N,) which masks may go on to native code."""
        return np.asarray(self.fault == OK)


def check_runs(counts: Sequence[bytes], sizes: ArrayLike) -> RunCheck:
    """Check compressed masks: characters, signs, and runs that add up to height x width.

    Args:
        counts: N compressed run-length texts.
        sizes: (N, 2) height and width, pixels.

    Raises:
        MismatchedColumns: If there are not N sizes.

    Example:
        >>> check_runs([b"03", b"04"], [(1, 3), (1, 3)]).fault.tolist()
        [0, 6]
    """
    masks, fault = decode_texts(counts, sizes)
    return RunCheck(fault, masks.areas)


def compress(runs: Runs, size: tuple[int, int]) -> bytes:
    """Return the compressed text of a mask given as a list of runs.

    Args:
        runs: Lengths of the runs of zeros and ones by turns, zeros first.
        size: Height and width, pixels.

    Raises:
        MalformedMask: The runs are not whole, not positive, or do not fill the image.

    Example:
        >>> compress([0, 3], (1, 3))
        b'03'
    """
    return Masks.from_runs([runs], [size]).texts()[0]


def decode(runs: NDArray[np.int64], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a mask as (height, width) zeros and ones.

    Args:
        runs: (R,) run lengths of a checked mask, zeros first.
        size: Height and width, pixels.

    Example:
        >>> decode(np.array([1, 2]), (1, 3)).tolist()
        [[0, 1, 1]]
    """
    values = np.arange(len(runs), dtype=np.uint8) & 1
    height, width = size
    return np.repeat(values, runs).reshape(width, height).T


def bounding_boxes(counts: Sequence[bytes], sizes: ArrayLike) -> NDArray[np.float64]:
    """Return the box around each mask: (N, 4) xywh, pixels; zeros for an empty or faulty mask.

    Args:
        counts: N compressed run-length texts.
        sizes: (N, 2) height and width, pixels.

    Example:
        >>> bounding_boxes([b"12"], [(1, 3)]).tolist()
        [[1.0, 0.0, 2.0, 1.0]]
    """
    return decode_texts(counts, sizes)[0].boxes()
