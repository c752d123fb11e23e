"""Mounting of the two image components."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast, get_args

import streamlit as st

from ui.components.payload import Payload, Sides, has_outlines, signature

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Move: TypeAlias = Literal["previous", "next", "close"]
MOVES: Final = get_args(Move)
FOLDER: Final = Path(__file__).parent
LAYERS_PARAMETER: Final = "layers"
CELL_WIDTH: Final = 190
NO_SIDES: Final[Payload] = {"set": None, "against": None}
FRAME: Final = """
<div class="images">
  <div class="toolbar" role="toolbar" aria-label="Overlays"></div>
  <div class="legend"></div>
  {body}
</div>
"""


def _source(*names: str) -> str:
    """Return the text of source files beside this module, one after the other."""
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names)


_GRID = st.components.v2.component(
    "curation_image_grid",
    html=FRAME.format(body='<div class="grid"></div>'),
    css=_source("overlays.css", "image_grid.css"),
    js=_source("overlays.js", "image_grid.js"),
)
_VIEWER = st.components.v2.component(
    "curation_image_viewer",
    html=FRAME.format(body='<div class="panes"></div>\n<div class="tip" hidden></div>'),
    css=_source("overlays.css", "image_viewer.css"),
    js=_source("overlays.js", "image_viewer.js"),
)


@dataclass(frozen=True, slots=True)
class Canvas:
    """What both components need: where pictures come from and how overlays are drawn.

    `sides` is None where there are only labels: then nothing can be switched. `score` is the
    operating point's threshold, the lowest score drawn at first; `layers` the layers shown at
    first.
    """

    project_id: int
    sides: Sides | None
    score: float
    layers: str

    @classmethod
    def of_labels(cls, project_id: int) -> Canvas:
        """Return the canvas of images without predictions."""
        return cls(project_id, None, 0.0, "t")


def image_grid(
    cells: Sequence[Payload], canvas: Canvas, *, key: str, on_open: Callable[[int], None]
) -> None:
    """Show a page of images.

    Args:
        cells: Cells by `ui.components.payload.cell_payload`.
        canvas: Project, sides and layers.
        key: Key of the component.
        on_open: Called with the id of an image that was opened, before the next run.
    """
    data = {
        **_shared_data(canvas, key=key),
        "cells": list(cells),
        "signature": signature(list(cells)),
        "cell_width": CELL_WIDTH,
        "outlines": any(has_outlines(cell) for cell in cells),
        "pairable": False,
    }
    callback = _on_trigger(key, "opened", lambda value: on_open(int(value)))
    _mount(_GRID, data, key=key, default=canvas.layers, on_opened_change=callback)


def image_viewer(
    image: Payload,
    canvas: Canvas,
    *,
    chosen: Sequence[int] = (),
    key: str,
    on_move: Callable[[Move], None],
) -> None:
    """Show one image large.

    Args:
        image: The image by `ui.components.payload.image_payload`.
        canvas: Project, sides and layers.
        chosen: Places of the objects to highlight in the image's list.
        key: Key of the component.
        on_move: Called with the move that a key asked for, before the next run.
    """
    data = {
        **_shared_data(canvas, key=key),
        "image": image,
        "signature": signature(image),
        "chosen": list(chosen),
        "outlines": has_outlines(image),
        "pairable": True,
    }

    def move(value: object) -> None:
        if value in MOVES:
            on_move(cast("Move", value))

    callback = _on_trigger(key, "move", move)
    _mount(_VIEWER, data, key=key, default=canvas.layers, on_move_change=callback)


def _on_trigger(key: str, name: str, act: Callable[[Any], None]) -> Callable[[], None]:
    """Return the callback that hands a trigger's value on."""

    def callback() -> None:
        value = st.session_state[key].get(name)
        if value is not None:
            act(value)

    return callback


def _shared_data(canvas: Canvas, *, key: str) -> Payload:
    """Return the data of both components; the layers are those in the address."""
    view = (st.session_state.get(key) or {}).get("view") or {}
    layers = canvas.layers
    if canvas.sides is not None:
        layers = st.query_params.get(LAYERS_PARAMETER, layers)
    return {
        "project": canvas.project_id,
        "sides": NO_SIDES if canvas.sides is None else canvas.sides.to_payload(),
        "score": canvas.score,
        "layers": layers,
        "seq": int(view.get("seq", 0)),
    }


def _mount(
    component: Any, data: Payload, *, key: str, default: str, **callbacks: Callable[[], None]
) -> None:
    """Mount a component; its layers go into the address unless they are the default."""

    def write_address() -> None:
        layers = str(st.session_state[key]["view"]["layers"])
        if layers == default:
            st.query_params.pop(LAYERS_PARAMETER, None)
        else:
            st.query_params[LAYERS_PARAMETER] = layers

    view = {"layers": data["layers"], "seq": 0}
    component(key=key, data=data, default={"view": view}, on_view_change=write_address, **callbacks)
