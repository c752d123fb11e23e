"""Outlines of cells: closed curves around a centre, sampled on a small patch of pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[np.float32]

# Room around an outline for soft edges and the bright refraction ring, in pixels.
_MARGIN = 6


@dataclass(frozen=True, slots=True)
class Outline:
    """A stretched circle with waves on its rim.

    Attributes:
        radius: mean radius, pixels.
        stretch: long axis divided by short axis, 1 for a circle.
        angle: direction of the long axis, radians.
        waves: `(order, amplitude, phase)` of each wave; amplitude relative to the radius.
    """

    radius: float
    stretch: float = 1.0
    angle: float = 0.0
    waves: tuple[tuple[int, float, float], ...] = ()

    @property
    def reach(self) -> float:
        """The largest distance of the rim from the centre, pixels."""
        height = 1 + sum(abs(amplitude) for _, amplitude, _ in self.waves)
        return self.radius * float(np.sqrt(self.stretch)) * height


@dataclass(frozen=True, slots=True)
class Patch:
    """The pixels around one cell, in the cell's own coordinates.

    Attributes:
        left: column of the first pixel in the image (may be negative).
        top: row of the first pixel in the image (may be negative).
        u: (h, w) coordinate along the long axis, 1 at the mean rim.
        v: (h, w) coordinate along the short axis, 1 at the mean rim.
        rho: (h, w) distance from the centre relative to the rim: 1 on the outline.
        alpha: (h, w) share of each pixel inside the outline, 0 to 1.
        radius: mean radius, pixels.
    """

    left: int
    top: int
    u: Plane
    v: Plane
    rho: Plane
    alpha: Plane
    radius: float


def sample(outline: Outline, x: float, y: float) -> Patch:
    """Return the patch of an outline whose centre lies at `x`, `y` (pixels, edges at integers)."""
    half = int(np.ceil(outline.reach)) + _MARGIN
    left, top = int(np.floor(x)) - half, int(np.floor(y)) - half
    steps = np.arange(2 * half + 1, dtype=np.float32) + np.float32(0.5)
    dx = (steps + np.float32(left - x))[None, :]
    dy = (steps + np.float32(top - y))[:, None]
    cosine, sine = np.float32(np.cos(outline.angle)), np.float32(np.sin(outline.angle))
    long_axis = np.float32(outline.radius * np.sqrt(outline.stretch))
    short_axis = np.float32(outline.radius / np.sqrt(outline.stretch))
    u = np.asarray((cosine * dx + sine * dy) / long_axis, dtype=np.float32)
    v = np.asarray((cosine * dy - sine * dx) / short_axis, dtype=np.float32)
    rho = _relative_distance(u, v, outline)
    # (1 - rho) · radius is the distance to the rim in pixels, exact for a circle.
    alpha = np.clip((1 - rho) * np.float32(outline.radius) + np.float32(0.5), 0, 1)
    return Patch(left=left, top=top, u=u, v=v, rho=rho, alpha=alpha, radius=outline.radius)


def _relative_distance(u: Plane, v: Plane, outline: Outline) -> Plane:
    """Return the (h, w) distance from the centre divided by the rim's in the same direction."""
    distance, direction = cv2.cartToPolar(u, v)
    rim = np.ones_like(u)
    for order, amplitude, phase in outline.waves:
        rim += np.float32(amplitude) * np.cos(order * direction + np.float32(phase))
    relative: Plane = np.asarray(distance, dtype=np.float32) / rim
    return relative
