"""Segmentation of a stained smear by classical means: light, threshold, opening, splitting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[np.float32]
    Binary = NDArray[np.uint8]
    Picture = NDArray[np.uint8]

# A surface of second order has six coefficients; the light is fitted on a thinned picture.
_THINNING: Final = 16
_FIT_ROUNDS: Final = 4
_RIDGE: Final = 1e-6 * np.eye(6)
# Nothing fainter than this is a cell, whatever Otsu finds on an empty field.
_FAINTEST: Final = 0.07
_PALER_THAN_NUCLEI: Final = 0.5
# Red light is absorbed by nuclei alone: red cells stay below 0.3 even where two overlap.
_NUCLEUS_DENSITY: Final = 0.48
_BLUE, _GREEN, _RED = range(3)


def flat_light(image: Picture) -> Plane:
    """Return one light for the whole field: the bright end of each channel, (1, 1, 3)."""
    light = np.percentile(image[::4, ::4].reshape(-1, 3), 92, axis=0)
    return light.astype(np.float32)[None, None, :]


def fitted_light(image: Picture) -> Plane:
    """Return the light of the empty field at every pixel, (h, w, 3).

    A surface of second order is fitted to each channel, again and again to those pixels that
    are not much darker than the last fit: cells drop out, the background stays.

    Args:
        image: (h, w, 3) blue, green, red.
    """
    height, width = image.shape[:2]
    thin = cv2.resize(
        image, (width // _THINNING, height // _THINNING), interpolation=cv2.INTER_AREA
    ).astype(np.float32)
    terms = _second_order(thin.shape[0], thin.shape[1])
    values = thin.reshape(-1, 3).astype(np.float64)
    green = values[:, _GREEN]
    kept = green >= np.percentile(green, 40)
    for _ in range(_FIT_ROUNDS):
        some = terms[kept]
        coefficients = np.linalg.solve(some.T @ some + _RIDGE, some.T @ values[kept])
        rest = green - terms @ coefficients[:, _GREEN]
        kept = (rest > -6) & (rest < 12)
        if kept.sum() < 40:
            break
    surface = (terms @ coefficients).reshape(thin.shape).astype(np.float32)
    full = cv2.resize(surface, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.maximum(np.asarray(full, dtype=np.float32), 20)


def _second_order(height: int, width: int) -> NDArray[np.float64]:
    """Return the terms 1, x, y, x², xy, y² at each pixel: (height × width, 6)."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
    return terms.reshape(-1, 6)


def optical_density(image: Picture, light: Plane) -> Plane:
    """Return `-log(image / light)`: (h, w, 3) blue, green, red, what the stain absorbed."""
    relative = (image.astype(np.float32) + 1) / (light + 1)
    density = np.asarray(cv2.log(relative), dtype=np.float32)
    return -density


def otsu(plane: Plane) -> Binary:
    """Return where a density is above Otsu's threshold: (h, w), 0 or 1.

    Densities are capped first: otherwise Otsu would part nuclei from all the rest where white
    cells are many.
    """
    scale = 255 / _PALER_THAN_NUCLEI
    scaled = np.clip(plane * np.float32(scale), 0, 255).astype(np.uint8)
    level, _ = cv2.threshold(scaled, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return np.asarray(plane > max(level / scale, _FAINTEST), dtype=np.uint8)


def rim_level(plane: Plane) -> Binary:
    """Return where a density is above half the density of a typical cell: (h, w), 0 or 1.

    Otsu lies between the classes of pixels; the rim of a blurred disc lies where its density has
    fallen to about one half. The median of what Otsu finds is the typical cell.

    Args:
        plane: (h, w) optical density of the green light, which every stain absorbs.
    """
    rough = otsu(plane)
    if not rough.any():
        return rough
    typical = float(np.median(plane[rough > 0]))
    return np.asarray(plane > max(0.42 * typical, _FAINTEST), dtype=np.uint8)


def opened(binary: Binary, width: int) -> Binary:
    """Return a mask without parts narrower than `width` pixels."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    return np.asarray(cv2.morphologyEx(binary, cv2.MORPH_OPEN, disc), dtype=np.uint8)


def filled(binary: Binary, largest: float) -> Binary:
    """Return a mask with its holes up to `largest` px² filled: pale centres of red cells."""
    contours, families = cv2.findContours(binary, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return binary
    parents = np.asarray(families).reshape(-1, 4)[:, 3]
    holes = [
        contour
        for contour, parent in zip(contours, parents, strict=True)
        if parent >= 0 and cv2.contourArea(contour) <= largest
    ]
    whole = binary.copy()
    cv2.drawContours(whole, holes, -1, color=1, thickness=cv2.FILLED)
    return whole


def split(binary: Binary, density: Plane) -> Binary:
    """Return a mask whose touching cells are cut apart, by distance transform and watershed.

    Args:
        binary: (h, w) cells, 0 or 1.
        density: (h, w, 3) optical density; nuclei in it keep a white cell in one piece.
    """
    # The edge of the picture counts as background, or a cell that it cuts has several summits.
    framed = cv2.copyMakeBorder(binary, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    depth = np.asarray(cv2.distanceTransform(framed, cv2.DIST_L2, 5), dtype=np.float32)[1:-1, 1:-1]
    radius = _typical_radius(binary, depth)
    nuclei = _nuclei(density, binary, radius)
    markers = _markers(depth, nuclei, radius)
    depth = np.where(nuclei > 0, depth.max(), depth)
    markers[binary == 0] = 1
    relief = _woven(1 - depth / np.float32(max(float(depth.max()), 1)))
    flooded = cv2.watershed(cv2.merge([relief, relief, relief]), markers)
    return ((flooded > 1) & (binary > 0)).astype(np.uint8)


def _woven(relief: Plane) -> Binary:
    """Return a picture in which OpenCV's watershed floods by height: (h, w), 0 to 255.

    `cv2.watershed` takes the pixels in the order of the *difference* to their neighbours, not of
    their height. On a chequerboard of plus and minus half the height, the difference between two
    neighbours is their mean height.

    Args:
        relief: (h, w) heights, 0 to 1.
    """
    half = relief * np.float32(127)
    half[::2, ::2] *= -1
    half[1::2, 1::2] *= -1
    return (half + np.float32(127.5)).astype(np.uint8)


def _typical_radius(binary: Binary, depth: Plane) -> float:
    """Return the radius of a typical cell, pixels: the median over deep components."""
    count, found = cv2.connectedComponents(binary, connectivity=4)
    labels = np.asarray(found, dtype=np.intp)[::2, ::2].ravel()
    deepest = np.zeros(count, dtype=np.float32)
    np.maximum.at(deepest, labels, depth[::2, ::2].ravel())
    cells = deepest[1:][deepest[1:] > 9]
    return float(np.median(cells)) if len(cells) else 20.0


def _nuclei(density: Plane, binary: Binary, radius: float) -> Binary:
    """Return nuclei with their lobes closed to one piece: (h, w), 0 or 1."""
    red = cv2.GaussianBlur(np.ascontiguousarray(density[..., _RED]), (0, 0), 1.5)
    dark = (np.asarray(red) > _NUCLEUS_DENSITY).astype(np.uint8)
    if not dark.any():
        return dark
    reach = int(radius * 0.9) | 1
    square = np.ones((reach, reach), np.uint8)  # separable: a disc of this size is slow
    closed = np.asarray(cv2.morphologyEx(dark, cv2.MORPH_CLOSE, square), dtype=np.uint8) & binary
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    large = stats[:, cv2.CC_STAT_AREA] > 0.45 * np.pi * radius**2
    large[0] = False
    if count < 2:
        return closed
    return np.asarray(large[labels], dtype=np.uint8)


def _markers(depth: Plane, nuclei: Binary, radius: float) -> NDArray[np.int32]:
    """Return one label from 2 up per cell: nuclei, and summits of the depth away from them."""
    smooth = np.asarray(cv2.GaussianBlur(depth, (0, 0), max(1.0, radius / 14)), dtype=np.float32)
    reach = int(radius * 0.9) | 1
    highest = cv2.dilate(smooth, np.ones((reach, reach), np.uint8))
    summit = ((smooth >= np.asarray(highest)) & (depth > 2)).astype(np.uint8)
    near = int(radius * 1.2) | 1
    zone = cv2.dilate(nuclei, np.ones((near, near), np.uint8))
    summit[np.asarray(zone) > 0] = 0
    summit = np.asarray(cv2.dilate(summit, np.ones((3, 3), np.uint8)), dtype=np.uint8)
    _, labels = cv2.connectedComponents(summit | nuclei, connectivity=8)
    seeds = np.asarray(labels, dtype=np.int32)
    return np.where(seeds > 0, seeds + 1, 0).astype(np.int32)
