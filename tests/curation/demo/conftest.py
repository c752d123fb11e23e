"""Small demos, built once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from curation.demo.captures import Capture
from curation.demo.cells import RED_CELL, Cell, Scene, Speck
from curation.demo.dataset import build
from curation.demo.outlines import Outline

if TYPE_CHECKING:
    from collections.abc import Callable

    from curation.demo.dataset import DemoFiles


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    """Twelve images."""
    return build(tmp_path_factory.mktemp("demo") / "blood-smear", images=12, seed=7, workers=1)


@pytest.fixture
def capture() -> Capture:
    """Even light, sharp, hardly any noise."""
    return Capture(
        light=(236.0, 228.0, 226.0),
        gradient=0.0,
        direction=0.0,
        vignette=0.0,
        centre=(0.0, 0.0),
        blur=0.6,
        noise=1.0,
        quality=92,
        seed=3,
    )


@pytest.fixture
def slide() -> Callable[..., Scene]:
    """A maker of scenes of 320 × 240 pixels."""

    def make(*cells: Cell, specks: tuple[Speck, ...] = ()) -> Scene:
        return Scene(
            width=320,
            height=240,
            cells=cells,
            specks=specks,
            eosin=(0.11, 0.41, 0.27),
            basophilic=(1.06, 1.34, 0.56),
        )

    return make


@pytest.fixture
def disc() -> Callable[..., Cell]:
    """A maker of round cells of radius 26 pixels."""

    def make(
        x: float, y: float, *, radius: float = 26.0, kind: tuple[str, str] = (RED_CELL, "disc")
    ) -> Cell:
        return Cell(kind[0], kind[1], x, y, Outline(radius), 1.0, 0.4, seed=5)

    return make
