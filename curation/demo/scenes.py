"""Scenes: which cells lie where in one field of view."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from curation.demo.cells import PLATELET, RED_CELL, WHITE_CELL, Cell, Scene, Speck
from curation.demo.outlines import Outline

# Radius of a normal red cell at magnification 1, pixels.
RED_RADIUS: Final = 26.0


@dataclass(frozen=True, slots=True)
class SlideStyle:
    """What the fields of one slide have in common.

    Attributes:
        light: (red, green, blue) of the empty field, 0 to 255.
        eosin: optical density (red, green, blue) of a red cell.
        basophilic: optical density (red, green, blue) of a nucleus.
        forms: probability of each form of red cell, in the order of `RED_FORMS`.
        variation: relative deviation of red cell sizes.
        white_rate: mean number of white cells in a field at magnification 1.
        platelet_rate: mean number of platelets in a field at magnification 1.
    """

    light: tuple[float, float, float]
    eosin: tuple[float, float, float]
    basophilic: tuple[float, float, float]
    forms: tuple[float, ...]
    variation: float
    white_rate: float
    platelet_rate: float


@dataclass(frozen=True, slots=True)
class RedForm:
    """Ranges of one form of red cell.

    Attributes:
        size: radius relative to a normal cell.
        stretch: long axis divided by short axis.
        pallor: depth of the pale centre.
        waves: `(order, largest amplitude)` of the waves on its rim.
        share: how common the form is on an ordinary slide.
    """

    size: tuple[float, float]
    stretch: tuple[float, float]
    pallor: tuple[float, float]
    waves: tuple[tuple[int, float], ...]
    share: float


RED_FORMS: Final[dict[str, RedForm]] = {
    "disc": RedForm((0.92, 1.08), (1.0, 1.14), (0.34, 0.74), ((2, 0.02), (3, 0.025)), 0.78),
    "ellipse": RedForm((0.85, 1.05), (1.3, 1.9), (0.25, 0.5), ((3, 0.03),), 0.07),
    "sphere": RedForm((0.72, 0.88), (1.0, 1.06), (0.0, 0.08), ((3, 0.015),), 0.04),
    "target cell": RedForm((0.98, 1.15), (1.0, 1.1), (0.6, 0.7), ((3, 0.02),), 0.03),
    "fragment": RedForm((0.34, 0.60), (1.1, 1.7), (0.0, 0.1), ((2, 0.1), (3, 0.16)), 0.03),
    "teardrop": RedForm((0.85, 1.0), (1.15, 1.35), (0.2, 0.45), ((1, 0.14), (3, 0.06)), 0.02),
    "crenated": RedForm((0.85, 0.98), (1.0, 1.08), (0.15, 0.4), ((9, 0.05), (11, 0.03)), 0.03),
}

# Form of white cell: (probability, smallest and largest radius relative to a red cell's).
_WHITE_SIZES: Final[dict[str, tuple[float, float, float]]] = {
    "neutrophil": (0.48, 1.80, 2.25),
    "lymphocyte": (0.30, 1.30, 1.85),
    "monocyte": (0.13, 2.10, 2.70),
    "eosinophil": (0.09, 1.85, 2.35),
}


def draw_style(rng: np.random.Generator) -> SlideStyle:
    """Return the style of one slide."""
    strength = float(rng.uniform(0.82, 1.2))
    eosin = np.array((0.11, 0.41, 0.27)) * strength * (1 + rng.normal(0, 0.07, 3))
    basophilic = np.array((1.06, 1.34, 0.56)) * rng.uniform(0.85, 1.1)
    basophilic *= 1 + rng.normal(0, 0.05, 3)
    light = np.array((240.0, 231.0, 229.0)) * (1 + rng.normal(0, 0.012, 3))
    shares = np.array([form.share for form in RED_FORMS.values()])
    shares[1:] *= rng.gamma(0.8, 1.3, len(shares) - 1)
    return SlideStyle(
        light=_triple(light),
        eosin=_triple(eosin),
        basophilic=_triple(basophilic),
        forms=tuple((shares / shares.sum()).tolist()),
        variation=float(rng.uniform(0.03, 0.11)),
        white_rate=float(rng.uniform(1.0, 2.0)),
        platelet_rate=float(rng.uniform(3.5, 8.0)),
    )


def _triple(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, float, float]:
    first, second, third = values.tolist()
    return first, second, third


@dataclass(frozen=True, slots=True)
class Frame:
    """The field of view.

    Attributes:
        width: pixels.
        height: pixels.
        magnification: 1 shows a red cell with a radius of `RED_RADIUS`.
    """

    width: int
    height: int
    magnification: float

    @property
    def room(self) -> float:
        """Area relative to 640 × 480 at magnification 1."""
        return self.width * self.height / (640 * 480) / self.magnification**2


def compose(rng: np.random.Generator, frame: Frame, style: SlideStyle) -> Scene:
    """Return a field of view full of cells.

    Args:
        rng: source of randomness.
        frame: size and magnification.
        style: of the slide.
    """
    layout = _Layout(frame, rng)
    whites = _white_cells(layout, style)
    reds = _red_cells(layout, style)
    platelets = _platelets(layout, style)
    return replace(empty(rng, frame, style), cells=(*reds, *whites, *platelets))


def empty(rng: np.random.Generator, frame: Frame, style: SlideStyle) -> Scene:
    """Return a field of view without cells; there may be dirt."""
    return Scene(
        width=frame.width,
        height=frame.height,
        cells=(),
        specks=_specks(rng, frame),
        eosin=style.eosin,
        basophilic=style.basophilic,
    )


def shifted(scene: Scene, dx: float, dy: float) -> Scene:
    """Return the scene after the stage moved by `dx`, `dy` pixels."""
    return replace(
        scene,
        cells=tuple(replace(cell, x=cell.x + dx, y=cell.y + dy) for cell in scene.cells),
        specks=tuple(replace(speck, x=speck.x + dx, y=speck.y + dy) for speck in scene.specks),
    )


class _Layout:
    """Finds free places: keeps the centres and radii of what lies on the slide already."""

    def __init__(self, frame: Frame, rng: np.random.Generator) -> None:
        self.frame = frame
        self.rng = rng
        self._taken = np.empty((0, 3))

    def anywhere(self, radius: float) -> tuple[float, float]:
        """Return a random centre; at most a third of the radius lies outside the frame."""
        x = self.rng.uniform(-0.3 * radius, self.frame.width + 0.3 * radius)
        y = self.rng.uniform(-0.3 * radius, self.frame.height + 0.3 * radius)
        return float(x), float(y)

    def beside(self, radius: float) -> tuple[float, float]:
        """Return a centre where a cell touches or overlaps one that lies there already."""
        if not len(self._taken):
            return self.anywhere(radius)
        x, y, other = self._taken[self.rng.integers(len(self._taken))]
        angle = self.rng.uniform(0, 2 * np.pi)
        distance = (radius + other) * self.rng.uniform(0.80, 1.02)
        x, y = x + distance * np.cos(angle), y + distance * np.sin(angle)
        low, high = -0.3 * radius, 0.3 * radius
        x = np.clip(x, low, self.frame.width + high)
        y = np.clip(y, low, self.frame.height + high)
        return float(x), float(y)

    def fits(self, x: float, y: float, radius: float, *, spacing: float) -> bool:
        """Say whether all centres are at least `spacing` times the sum of radii away."""
        distance = np.hypot(self._taken[:, 0] - x, self._taken[:, 1] - y)
        return bool((distance >= spacing * (self._taken[:, 2] + radius)).all())

    def take(self, x: float, y: float, radius: float) -> None:
        """Remember a cell."""
        self._taken = np.vstack([self._taken, (x, y, radius)])


def _white_cells(layout: _Layout, style: SlideStyle) -> list[Cell]:
    rng = layout.rng
    rate = style.white_rate * np.sqrt(layout.frame.room)
    names = list(_WHITE_SIZES)
    chances = [share for share, _, _ in _WHITE_SIZES.values()]
    cells = []
    for _ in range(min(int(rng.poisson(rate)), 5)):
        form = names[int(rng.choice(len(names), p=chances))]
        _, low, high = _WHITE_SIZES[form]
        radius = RED_RADIUS * layout.frame.magnification * float(rng.uniform(low, high))
        x, y = layout.anywhere(radius)
        if not layout.fits(x, y, radius, spacing=1.0):
            continue
        layout.take(x, y, radius)
        waves = ((2, 0.05), (3, 0.035), (5, 0.018))
        outline = _outline(rng, radius, (1.0, 1.14), waves)
        density = float(rng.uniform(0.9, 1.1))
        cells.append(Cell(WHITE_CELL, form, x, y, outline, density, 0.0, _seed(rng)))
    return cells


def _red_cells(layout: _Layout, style: SlideStyle) -> list[Cell]:
    rng, magnification = layout.rng, layout.frame.magnification
    spacing = float(rng.uniform(0.80, 1.02))
    cover = float(rng.uniform(0.07, 0.38))
    clumping = float(rng.beta(1.2, 3.0))
    normal = RED_RADIUS * magnification
    target = int(cover * layout.frame.width * layout.frame.height / (np.pi * normal**2))
    names = list(RED_FORMS)
    cells: list[Cell] = []
    for _ in range(target * 4):
        if len(cells) >= target:
            break
        name = names[int(rng.choice(len(names), p=style.forms))]
        form = RED_FORMS[name]
        scale = float(rng.uniform(*form.size) * (1 + rng.normal(0, style.variation)))
        radius = normal * max(scale, 0.3)
        place = layout.beside if rng.random() < clumping else layout.anywhere
        x, y = place(radius)
        if not layout.fits(x, y, radius, spacing=spacing):
            continue
        layout.take(x, y, radius)
        outline = _outline(rng, radius, form.stretch, form.waves)
        density, pallor = float(rng.uniform(0.86, 1.12)), float(rng.uniform(*form.pallor))
        cells.append(Cell(RED_CELL, name, x, y, outline, density, pallor, _seed(rng)))
    return cells


def _platelets(layout: _Layout, style: SlideStyle) -> list[Cell]:
    rng = layout.rng
    count = min(int(rng.poisson(style.platelet_rate * np.sqrt(layout.frame.room))), 24)
    clumping = 0.30 if rng.random() < 0.25 else 0.0
    cells: list[Cell] = []
    for _ in range(count * 5):
        if len(cells) >= count:
            break
        giant = rng.random() < 0.05
        relative = rng.uniform(0.55, 0.85) if giant else rng.lognormal(-1.14, 0.24)
        radius = RED_RADIUS * layout.frame.magnification * float(np.clip(relative, 0.18, 0.9))
        x, y = layout.anywhere(radius)
        if cells and rng.random() < clumping:
            x = cells[-1].x + float(rng.normal(0, 2.6)) * radius
            y = cells[-1].y + float(rng.normal(0, 2.6)) * radius
        inside = 0 < x < layout.frame.width and 0 < y < layout.frame.height
        if not inside or not layout.fits(x, y, radius, spacing=1.06):
            continue
        layout.take(x, y, radius)
        waves = ((2, 0.10), (3, 0.10), (5, 0.06))
        outline = _outline(rng, radius, (1.0, 1.45), waves)
        density = float(rng.uniform(0.7, 1.1))
        detail = float(rng.uniform(0.30, 0.62))
        cells.append(Cell(PLATELET, "platelet", x, y, outline, density, detail, _seed(rng)))
    return cells


def _outline(
    rng: np.random.Generator,
    radius: float,
    stretch: tuple[float, float],
    waves: tuple[tuple[int, float], ...],
) -> Outline:
    return Outline(
        radius=radius,
        stretch=float(rng.uniform(*stretch)),
        angle=float(rng.uniform(0, 2 * np.pi)),
        waves=tuple(
            (order, float(rng.uniform(0.3, 1.0)) * top, float(rng.uniform(0, 2 * np.pi)))
            for order, top in waves
        ),
    )


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**32))


def _specks(rng: np.random.Generator, frame: Frame) -> tuple[Speck, ...]:
    """Return dirt: precipitate in clusters on every third field, dust on every fourth."""
    specks = []
    if rng.random() < 0.34:
        x, y = rng.uniform(0, frame.width), rng.uniform(0, frame.height)
        reach = rng.uniform(8, 90)
        for _ in range(int(rng.integers(2, 16))):
            dx, dy = rng.normal(0, reach, 2)
            radius, depth = rng.uniform(1.2, 3.4), rng.uniform(0.5, 1.3)
            specks.append(Speck(float(x + dx), float(y + dy), float(radius), float(depth), False))
    if rng.random() < 0.25:
        for _ in range(int(rng.integers(1, 4))):
            x, y = rng.uniform(0, frame.width), rng.uniform(0, frame.height)
            radius, depth = rng.uniform(7, 26), rng.uniform(0.04, 0.13)
            specks.append(Speck(float(x), float(y), float(radius), float(depth), True))
    return tuple(specks)
