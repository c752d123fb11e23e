"""What can be wrong with a mask or a polygon, and the limits of sound ones.

Every mask and polygon is held against these before its pixels are counted: COCO's own C code
loops for ever on the IoU of masks whose run totals differ from their size, and crashes on NaN or
huge coordinates and on sizes it cannot allocate.
"""

from __future__ import annotations

from typing import Final

MAX_PIXELS: Final = 1 << 28
MAX_COORDINATE: Final = 1 << 24  # five times this still fits COCO's 32-bit integers
MAX_OUTLINE: Final = 1 << 24  # points of an outline on COCO's grid, five for each pixel
REACH: Final = 10  # a polygon may leave its image by so many image sides

FAULTS: Final = (
    "",
    "the size is not positive or above 2**28 pixels",
    "the text has a character that no run-length mask has",
    "the text ends within a run",
    "a run is longer than any image",
    "a run is negative",
    "the runs do not add up to height x width",
    "a run is not a whole number",
    "it has no polygon",
    "a polygon has fewer than three points",
    "a polygon ends with half a point",
    "a coordinate is not finite or beyond any image",
    f"a coordinate is more than {REACH} image sides away",
    "the outline is too long to draw",
)
(
    OK,
    SIZE,
    CHARACTER,
    CUT,
    LONG,
    NEGATIVE,
    TOTAL,
    FRACTION,
    NO_PART,
    FEW_POINTS,
    HALF_POINT,
    NOT_FINITE,
    FAR,
    LONG_OUTLINE,
) = range(len(FAULTS))
