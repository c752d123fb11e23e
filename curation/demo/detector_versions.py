"""The two versions of the detector: which steps each takes, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from curation.demo.candidates import FEATURES, measure
from curation.demo.segmentation import (
    filled,
    fitted_light,
    flat_light,
    opened,
    optical_density,
    otsu,
    rim_level,
    split,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from curation.demo.candidates import Candidates

    Picture = NDArray[np.uint8]

_GREEN: Final = 1


@dataclass(frozen=True, slots=True)
class DetectorVersion:
    """One version of the detector.

    Attributes:
        name: of its prediction set.
        version: its number.
        find: picture (h, w, 3; blue, green, red) -> candidates.
        features: which columns of `FEATURES` its classifier sees.
        learned_quality: whether the contour's quality is a regression fitted on train, or
            simply the solidity of the region.
        notes: what it does, in a sentence for people.
    """

    name: str
    version: str
    find: Callable[[Picture], Candidates]
    features: tuple[str, ...]
    learned_quality: bool
    notes: str


def _green(density: NDArray[np.float32], blur: float) -> NDArray[np.float32]:
    plane = np.ascontiguousarray(density[..., _GREEN])
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), blur), dtype=np.float32)


def _find_globally(image: Picture) -> Candidates:
    """Return the connected regions above one threshold for the whole picture."""
    density = optical_density(image, flat_light(image))
    binary = opened(otsu(_green(density, 1.0)), 3)
    return measure(filled(binary, 1500), density, grow=False)


def _find_split(image: Picture) -> Candidates:
    """Return regions of an evenly lit picture, touching cells cut apart."""
    density = optical_density(image, fitted_light(image))
    binary = filled(rim_level(_green(density, 1.2)), 1500)
    # The wide opening cuts bridges between cells, and takes the smallest platelets with it.
    binary = opened(binary, 15)
    return measure(split(binary, density), density, grow=True)


GLOBAL_THRESHOLD: Final = DetectorVersion(
    name="smear-detector v1",
    version="1.0",
    find=_find_globally,
    features=("log_area", "circularity", "blue", "green", "red"),
    learned_quality=False,
    notes=(
        "One Otsu threshold for the whole picture, connected regions, five features. "
        "Touching cells stay in one piece; uneven light misleads it."
    ),
)
WATERSHED: Final = DetectorVersion(
    name="smear-detector v2",
    version="2.0",
    find=_find_split,
    features=FEATURES,
    learned_quality=True,
    notes=(
        "Illumination fitted and divided out, rim at half density, wide opening, touching cells "
        "cut apart by distance transform and watershed, twelve features. The wide opening loses "
        "the smallest platelets."
    ),
)
DETECTOR_VERSIONS: Final = (GLOBAL_THRESHOLD, WATERSHED)
