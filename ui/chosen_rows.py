"""What a choice of rows is called on the screen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from curation.evaluations.background import BACKGROUND_IMAGES, PREDICTED_ONLY
from curation.evaluations.calibration import CALIBRATION
from curation.evaluations.confusion import CONFUSION, NO_CLASS, OTHER_CLASSES
from curation.evaluations.error_types import ERROR
from ui import definitions
from ui.markdown import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from curation.evaluations.images import ObjectFilter
    from curation.evaluations.overlays import ImageOverlay, OverlayObject
    from curation.evaluations.row_choice import ChosenRows, RowChoice
    from ui.components.payload import Sides

BACKGROUND_LABEL: Final = "background"
OTHER_LABEL: Final = "other classes"


def class_label(name: str) -> str:
    """Return how a row or column of a confusion matrix is called.

    >>> class_label("cat"), class_label("")
    ('cat', 'background')
    """
    return {NO_CLASS: BACKGROUND_LABEL, OTHER_CLASSES: OTHER_LABEL}.get(name, name)


def describe(choice: RowChoice, sides: Sides) -> str:
    """Say in Markdown what a choice shows; unknown choices are refused by the service.

    >>> from curation.evaluations.row_choice import RowChoice
    >>> from ui.components.payload import Sides, SideStyle
    >>> sides = Sides(SideStyle("v2", "#000000"))
    >>> describe(RowChoice("confusion", "set", ("cat", "dog")), sides)
    '*cat* taken for *dog* by **v2**'
    """
    side = sides.against if choice.side == "against" and sides.against else sides.set
    say = DESCRIPTIONS.get(choice.kind)
    what = "Rows" if say is None else say([*choice.parts, *[""] * 4])
    return f"{what} by **{plain(side.name)}**"


def outcome_in_words(outcome: ObjectFilter | None, sides: Sides) -> str:
    """Say in Markdown which objects a filter leaves, empty for all.

    >>> from ui.components.payload import Sides, SideStyle
    >>> outcome_in_words("lost", Sides(SideStyle("v2", "#000000"), SideStyle("v1", "#000000")))
    'found by **v1**, not by **v2**'
    """
    ours = f"**{plain(sides.set.name)}**"
    theirs = f"**{plain(sides.against.name)}**" if sides.against else ""
    words: dict[ObjectFilter, str] = {
        "tp": f"found by {ours}",
        "fp": f"false positives of {ours}",
        "fn": f"missed by {ours}",
        "gained": f"found by {ours}, not by {theirs}",
        "lost": f"found by {theirs}, not by {ours}",
        "new": f"false positives of {ours}, not of {theirs}",
        "fixed": f"false positives of {theirs}, not of {ours}",
    }
    return "" if outcome is None else words[outcome]


def only_chosen(overlay: ImageOverlay, chosen: ChosenRows | None) -> ImageOverlay:
    """Return an overlay with the chosen objects alone, all where nothing was chosen."""
    if chosen is None:
        return overlay
    layers = layers_of(chosen)

    def kept(layer: str) -> tuple[OverlayObject, ...]:
        return tuple(item for item in getattr(overlay, layer) if item.row in layers[layer])

    return replace(
        overlay,
        truth=kept("truth"),
        predictions=kept("predictions"),
        against=kept("against"),
    )


def places_of_chosen(overlay: ImageOverlay, chosen: ChosenRows | None) -> list[int]:
    """Return the places of the chosen objects in the list truth, set, baseline."""
    if chosen is None:
        return []
    layers = layers_of(chosen)
    items = [(item.row, layers[layer]) for layer in layers for item in getattr(overlay, layer)]
    return [place for place, (row, rows) in enumerate(items) if row in rows]


def layers_of(chosen: ChosenRows) -> dict[str, set[int]]:
    """Return the chosen rows of each layer of an overlay, in the order of its list."""
    side = {"set": "predictions", "against": "against"}[chosen.side]
    layers: dict[str, set[int]] = {"truth": set(), "predictions": set(), "against": set()}
    layers["truth"] = set(chosen.truth.tolist())
    layers[side] = set(chosen.prediction.tolist())
    return layers


def _confusion(parts: Sequence[str]) -> str:
    truth, prediction = parts[0], parts[1]
    ours, theirs = (f"*{plain(class_label(name))}*" for name in (truth, prediction))
    if truth == NO_CLASS:
        return f"{theirs} predicted where no label is left"
    if prediction == NO_CLASS:
        return f"{ours} not found"
    return f"{ours} found" if truth == prediction else f"{ours} taken for {theirs}"


def _error(parts: Sequence[str]) -> str:
    error, class_name, size = parts[:3]
    known = definitions.DEFINITIONS.get(error)
    words = [f"*{known.label if known else plain(error)}*"]
    words += [f"*{plain(class_name)}*"] if class_name else []
    words += [f"*{plain(size)}*"] if size else []
    return " · ".join(words)


def _predicted_only(parts: Sequence[str]) -> str:
    return (
        f"*{plain(parts[0])}*, which has no label in scope,"
        if parts[0]
        else ("Classes without labels, predicted")
    )


def _calibration(parts: Sequence[str]) -> str:
    rule, n, position, class_name = parts[:4]
    place = int(position) + 1 if position.isdecimal() else position
    words = f"Score bin {place} of {plain(n)} ({plain(rule)})"
    return f"{words} · *{plain(class_name)}*" if class_name else words


DESCRIPTIONS: Final[Mapping[str, Callable[[Sequence[str]], str]]] = {
    CONFUSION: _confusion,
    ERROR: _error,
    BACKGROUND_IMAGES: lambda _: "Predictions on background images",
    PREDICTED_ONLY: _predicted_only,
    CALIBRATION: _calibration,
}
