"""Rendering: a scene and a capture become a picture and the exact shapes on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from curation.demo.captures import expose
from curation.demo.cells import WHITE_CELL
from curation.demo.outlines import Patch, sample
from curation.demo.shapes import Shape, trace
from curation.demo.staining import stain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from curation.demo.captures import Capture
    from curation.demo.cells import Cell, Scene, Speck

_PRECIPITATE = np.array((0.9, 1.0, 0.55), dtype=np.float32)
_DUST = np.array((1.0, 1.0, 1.05), dtype=np.float32)


def render(scene: Scene, capture: Capture) -> tuple[NDArray[np.uint8], list[Shape]]:
    """Return the picture (h, w, 3; blue, green, red) and the visible shape of every cell.

    Overlapping red cells are translucent and both keep their whole shape; a white cell hides
    what lies under it.

    Args:
        scene: what lies on the slide.
        capture: light and camera.
    """
    density = np.zeros((scene.height, scene.width, 3), dtype=np.float32)
    hidden = np.zeros((scene.height, scene.width), dtype=np.float32)
    patches = [(cell, sample(cell.outline, cell.x, cell.y)) for cell in scene.cells]
    for cell, patch in patches:
        _lay(density, hidden, (cell, patch), scene)
    for speck in scene.specks:
        _drop(density, speck)
    shapes = [_shape(cell, patch, hidden) for cell, patch in patches]
    return expose(density, capture), [shape for shape in shapes if shape is not None]


def _windows(
    patch: Patch, height: int, width: int
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Return where a patch lies in the image, and which part of the patch that is."""
    rows, columns = patch.rho.shape
    top, left = max(patch.top, 0), max(patch.left, 0)
    bottom = max(min(patch.top + rows, height), top)
    right = max(min(patch.left + columns, width), left)
    inside = (slice(top, bottom), slice(left, right))
    own = (
        slice(top - patch.top, bottom - patch.top),
        slice(left - patch.left, right - patch.left),
    )
    return inside, own


def _lay(
    density: NDArray[np.float32],
    hidden: NDArray[np.float32],
    placed: tuple[Cell, Patch],
    scene: Scene,
) -> None:
    """Add one cell to the optical density, in place."""
    cell, patch = placed
    inside, own = _windows(patch, scene.height, scene.width)
    stained = stain(cell, patch, scene)[own]
    if cell.class_name == WHITE_CELL:
        cover = patch.alpha[own]
        density[inside] *= 1 - cover[..., None]
        hidden[inside] = np.maximum(hidden[inside], cover)
    density[inside] += stained


def _shape(cell: Cell, patch: Patch, hidden: NDArray[np.float32]) -> Shape | None:
    inside, own = _windows(patch, *hidden.shape)
    visible = patch.alpha[own]
    if cell.class_name != WHITE_CELL:
        visible = visible * (1 - hidden[inside])
    return trace(cell.class_name, visible, left=inside[1].start, top=inside[0].start)


def _drop(density: NDArray[np.float32], speck: Speck) -> None:
    """Add dirt to the optical density, in place."""
    height, width = density.shape[:2]
    reach = int(np.ceil(speck.radius * 2)) + 1
    top, bottom = max(int(speck.y) - reach, 0), min(int(speck.y) + reach + 1, height)
    left, right = max(int(speck.x) - reach, 0), min(int(speck.x) + reach + 1, width)
    if top >= bottom or left >= right:
        return
    y = np.arange(top, bottom, dtype=np.float32)[:, None] + np.float32(0.5 - speck.y)
    x = np.arange(left, right, dtype=np.float32)[None, :] + np.float32(0.5 - speck.x)
    distance = np.hypot(x, y) / np.float32(speck.radius)
    # Dust far out of focus shows a darker ring; precipitate is a plain dark dot.
    profile = np.exp(-(distance**4))
    if speck.dust:
        profile = profile * (0.55 + 0.45 * distance**2)
    colour = _DUST if speck.dust else _PRECIPITATE
    density[top:bottom, left:right] += np.float32(speck.depth) * profile[..., None] * colour
