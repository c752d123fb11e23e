"""What lies on a slide: cells of three classes, and dirt that is nobody's label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from curation.demo.outlines import Outline

RED_CELL: Final = "red cell"
WHITE_CELL: Final = "white cell"
PLATELET: Final = "platelet"
CLASS_NAMES: Final = (RED_CELL, WHITE_CELL, PLATELET)


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell at its place on the slide.

    Attributes:
        class_name: one of `CLASS_NAMES`.
        form: its kind within the class, such as "neutrophil".
        x: column of the centre, pixels.
        y: row of the centre, pixels.
        outline: its rim.
        density: how strongly it took the stain, about 1.
        detail: a number per form, such as the depth of a red cell's central pallor.
        seed: seed of its own texture.
    """

    class_name: str
    form: str
    x: float
    y: float
    outline: Outline
    density: float
    detail: float
    seed: int


@dataclass(frozen=True, slots=True)
class Speck:
    """Stain precipitate or dust: visible, never labelled.

    Attributes:
        x: column of the centre, pixels.
        y: row of the centre, pixels.
        radius: size, pixels.
        depth: optical density at its centre.
        dust: whether it is grey dust out of focus and not purple precipitate.
    """

    x: float
    y: float
    radius: float
    depth: float
    dust: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """What one image shows, before light and camera.

    Attributes:
        width: of the image, pixels.
        height: of the image, pixels.
        cells: in drawing order: red cells, white cells, platelets.
        specks: dirt.
        eosin: optical density (red, green, blue) of a red cell at its thickest.
        basophilic: optical density (red, green, blue) of a nucleus.
    """

    width: int
    height: int
    cells: tuple[Cell, ...]
    specks: tuple[Speck, ...]
    eosin: tuple[float, float, float]
    basophilic: tuple[float, float, float]
