"""How each class takes the stain: optical density of a cell on its patch.

Light through a stained slide follows Beer and Lambert: what arrives is `exp(-density)`, and
densities of overlapping cells add. This is why overlaps look right without any special case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from curation.demo.cells import PLATELET, RED_CELL, WHITE_CELL
from curation.demo.noise import cloud, speckles

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from curation.demo.cells import Cell, Scene
    from curation.demo.outlines import Patch

    Plane = NDArray[np.float32]


def stain(cell: Cell, patch: Patch, scene: Scene) -> NDArray[np.float32]:
    """Return the optical density of a cell on its patch: (h, w, 3) red, green, blue."""
    density = _PAINTERS[cell.class_name](cell, patch, scene)
    return np.asarray(density * np.float32(cell.density), dtype=np.float32)


def _bell(distance: Plane, width: float) -> Plane:
    """Return a bell curve of height 1."""
    bell: Plane = np.exp(-np.square(distance / np.float32(width)))
    return bell


def _tinted(plane: Plane, colour: tuple[float, float, float]) -> NDArray[np.float32]:
    """Return a plane times a colour: (h, w, 3)."""
    # Merging planes is several times faster than broadcasting over three channels.
    merged = cv2.merge([plane * np.float32(part) for part in colour])
    return np.asarray(merged, dtype=np.float32)


def _paint_red_cell(cell: Cell, patch: Patch, scene: Scene) -> NDArray[np.float32]:
    rng = np.random.default_rng(cell.seed)
    off_centre = rng.normal(0, 0.06, 2).astype(np.float32)
    centre = np.hypot(patch.u - off_centre[0], patch.v - off_centre[1])
    # A biconcave disc: thickest at two thirds of the radius, thin in the middle.
    thickness = 0.80 + 0.24 * _bell(patch.rho - np.float32(0.74), 0.27)
    thickness -= np.float32(cell.detail) * _bell(np.asarray(centre), 0.47)
    if cell.form == "target cell":
        thickness += 0.45 * _bell(np.asarray(centre), 0.24)
    thickness *= 1 + np.float32(0.035) * cloud(rng, patch.rho.shape, grain=3 + patch.radius / 6)
    plane = patch.alpha * thickness
    from_rim = (patch.rho - 1) * np.float32(patch.radius)
    plane += np.float32(0.16) * _bell(from_rim + np.float32(1.4), 1.3) * patch.alpha
    plane -= np.float32(0.07) * _bell(from_rim - np.float32(2.0), 1.6)  # refraction
    return _tinted(plane, scene.eosin)


@dataclass(frozen=True, slots=True)
class _WhiteForm:
    """How one form of white cell looks.

    Attributes:
        lobes: fewest and most lobes of its nucleus.
        lobe_size: radius of a lobe relative to the cell's.
        spread: distance of the lobes from the centre, relative.
        arc: angle over which the lobes are spread, radians.
        cytoplasm: optical density (red, green, blue).
        granule: optical density (red, green, blue) of its granules.
        granule_share: part of the cytoplasm under granules.
        granule_size: relative to the cell's radius.
    """

    lobes: tuple[int, int]
    lobe_size: float
    spread: float
    arc: float
    cytoplasm: tuple[float, float, float]
    granule: tuple[float, float, float]
    granule_share: float
    granule_size: float


WHITE_FORMS: Final[dict[str, _WhiteForm]] = {
    "neutrophil": _WhiteForm(
        (3, 5), 0.29, 0.44, 4.6, (0.12, 0.26, 0.14), (0.16, 0.28, 0.11), 0.24, 0.034
    ),
    "lymphocyte": _WhiteForm(
        (1, 1), 0.76, 0.10, 0.0, (0.34, 0.30, 0.07), (0.20, 0.22, 0.04), 0.06, 0.050
    ),
    "monocyte": _WhiteForm(
        (4, 5), 0.38, 0.40, 2.9, (0.24, 0.27, 0.12), (0.07, 0.10, 0.03), 0.25, 0.045
    ),
    "eosinophil": _WhiteForm(
        (2, 2), 0.38, 0.43, 2.2, (0.08, 0.27, 0.22), (0.10, 0.42, 0.46), 0.38, 0.062
    ),
}


def _nucleus(form: _WhiteForm, patch: Patch, rng: np.random.Generator) -> Plane:
    """Return the share (0 to 1) of each pixel inside the nucleus: blobs that melt together."""
    count = int(rng.integers(form.lobes[0], form.lobes[1] + 1))
    angles = rng.uniform(0, 2 * np.pi) + np.linspace(-0.5, 0.5, count) * form.arc
    angles += rng.normal(0, 0.14, count)
    distances = form.spread * rng.uniform(0.82, 1.12, count)
    sizes = form.lobe_size * rng.uniform(0.86, 1.12, count)
    field = np.zeros_like(patch.rho)
    for angle, distance, size in zip(angles, distances, sizes, strict=True):
        du = patch.u - np.float32(distance * np.cos(angle))
        dv = patch.v - np.float32(distance * np.sin(angle))
        field += np.exp(np.float32(1.2) - np.float32(1.2 / size**2) * (du * du + dv * dv))
    wobble = np.float32(0.10) * cloud(rng, field.shape, grain=patch.radius / 4)
    sharpness = np.float32(patch.radius * form.lobe_size / 2.4)
    nucleus: Plane = np.clip((field + wobble - 1) * sharpness + np.float32(0.5), 0, 1)
    nucleus *= np.clip((np.float32(0.96) - patch.rho) * np.float32(patch.radius), 0, 1)
    return nucleus


def _paint_white_cell(cell: Cell, patch: Patch, scene: Scene) -> NDArray[np.float32]:
    rng = np.random.default_rng(cell.seed)
    form = WHITE_FORMS[cell.form]
    nucleus = _nucleus(form, patch, rng)
    shape = patch.rho.shape
    veil = 1 + np.float32(0.10) * cloud(rng, shape, grain=patch.radius / 5)
    veil += np.float32(0.55) * _bell((patch.rho - 1) * np.float32(patch.radius) + 1, 1.6)
    if cell.form == "monocyte":
        veil -= np.float32(0.8) * speckles(rng, shape, grain=patch.radius / 9, share=0.07)
    granules = speckles(
        rng, shape, grain=max(1.6, patch.radius * form.granule_size), share=form.granule_share
    )
    body = _tinted(veil, form.cytoplasm) + _tinted(granules, form.granule)
    clumps = np.clip(cloud(rng, shape, grain=patch.radius / 9), -1.6, 1.6)
    chromatin = 1 + np.float32(0.11) * clumps + np.float32(0.05) * cloud(rng, shape, grain=2.5)
    core = _tinted(chromatin, scene.basophilic)
    mixed = body * (1 - nucleus[..., None]) + core * nucleus[..., None]
    return np.asarray(mixed * patch.alpha[..., None], dtype=np.float32)


def _paint_platelet(cell: Cell, patch: Patch, scene: Scene) -> NDArray[np.float32]:
    rng = np.random.default_rng(cell.seed)
    grain = max(1.7, patch.radius * 0.22)
    granules = speckles(rng, patch.rho.shape, grain=grain, share=0.55)
    hyalomere = np.float32(0.26) + np.float32(0.16) * _bell(patch.rho, 0.8)
    heart = (np.float32(0.16) + np.float32(cell.detail) * granules) * _bell(patch.rho, 0.82)
    violet = (scene.basophilic[0] * 0.78, scene.basophilic[1] * 0.72, scene.basophilic[2] * 0.55)
    return _tinted((hyalomere + heart) * patch.alpha, violet)


_PAINTERS: Final[dict[str, Callable[[Cell, Patch, Scene], NDArray[np.float32]]]] = {
    RED_CELL: _paint_red_cell,
    WHITE_CELL: _paint_white_cell,
    PLATELET: _paint_platelet,
}
