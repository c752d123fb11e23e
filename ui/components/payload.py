"""What is sent to the image components: ids, numbers and short names, as plain JSON values."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from ui import numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.evaluations.images import ImageRow
    from curation.evaluations.overlays import ImageOverlay, OverlayObject

Payload: TypeAlias = dict[str, Any]
Tone: TypeAlias = Literal["better", "worse", "plain"]
TRUTH: Final = 0
SET: Final = 1
AGAINST: Final = 2
# Pictures are drawn at most this large, so a tenth of a pixel is finer than any screen.
DECIMALS: Final = 1


@dataclass(frozen=True, slots=True)
class SideStyle:
    """Name and colour (`#rrggbb`) of a prediction set."""

    name: str
    color: str


@dataclass(frozen=True, slots=True)
class Sides:
    """The prediction set and, in comparison mode, the baseline."""

    set: SideStyle
    against: SideStyle | None = None

    def to_payload(self) -> Payload:
        """Return the names and colours as JSON values."""
        against = self.against and {"name": self.against.name, "color": self.against.color}
        return {"set": {"name": self.set.name, "color": self.set.color}, "against": against}


def default_layers(*, compared: bool, masks: bool, large: bool) -> str:
    """Return the layers shown at first.

    Without a baseline these are ground truth and set. With one, small pictures show what changed,
    and a large picture both sets side by side.

    >>> default_layers(compared=True, masks=False, large=False)
    'tsbd'
    >>> default_layers(compared=True, masks=True, large=True)
    'tsbmp'
    """
    shape = "m" if masks else ""
    if not compared:
        return f"ts{shape}"
    return f"tsb{shape}{'p' if large else 'd'}"


def object_payload(item: OverlayObject, *, side: int) -> Payload:
    """Return one object of an overlay; absent values are left out."""
    payload: Payload = {
        "s": side,
        "b": [round(float(number), DECIMALS) for number in item.box],
        "c": item.class_name,
        "k": item.outcome,
    }
    optional = {
        "o": item.outline,
        "p": None if side == TRUTH else item.score,
        "r": item.crowd or None,
        "d": item.change,
        "i": item.iou,
    }
    return payload | {key: value for key, value in optional.items() if value is not None}


def image_payload(overlay: ImageOverlay) -> Payload:
    """Return an image with its objects in the order truth, set, baseline."""
    objects = [
        object_payload(item, side=side)
        for side, items in (
            (TRUTH, overlay.truth),
            (SET, overlay.predictions),
            (AGAINST, overlay.against),
        )
        for item in items
    ]
    return {
        "id": overlay.image_id,
        "v": overlay.version,
        "w": overlay.width,
        "h": overlay.height,
        "px": overlay.has_pixels,
        "name": overlay.file_name,
        "alt": f"Image {overlay.file_name}, {numbers.counted(len(overlay.truth), 'label')}",
        "o": objects,
    }


def cell_payload(overlay: ImageOverlay, row: ImageRow, *, compared: bool) -> Payload:
    """Return a cell of the grid: the image and its caption."""
    return image_payload(overlay) | {"cap": caption(row, compared=compared)}


def caption(row: ImageRow, *, compared: bool) -> list[tuple[str, Tone]]:
    """Return what an image's caption says, each part with its tone.

    Compared with a baseline it says what changed, otherwise what is right and wrong.
    """
    if not compared:
        parts: list[tuple[str, int, Tone]] = [
            ("{} TP", row.tp, "plain"),
            ("{} FP", row.fp, "plain"),
            ("{} FN", row.fn, "plain"),
        ]
        return [(text.format(numbers.count(value)), tone) for text, value, tone in parts]
    parts = [
        ("+{} gained", row.gained, "better"),
        (numbers.MINUS + "{} lost", row.lost, "worse"),
        ("{} new FP", row.new_false_positives, "worse"),
        ("{} fixed", row.fixed_false_positives, "better"),
    ]
    changed = [(text.format(numbers.count(value)), tone) for text, value, tone in parts if value]
    return changed or [("no change", "plain")]


def has_outlines(image: Payload) -> bool:
    """Tell whether any object of an image can be drawn as a mask."""
    return any("o" in item for item in image["o"])


def signature(value: Sequence[Payload] | Payload) -> str:
    """Return a short text that changes whenever the drawn content does."""
    encoded = json.dumps(value, separators=(",", ":"), sort_keys=True).encode()
    return hashlib.blake2b(encoded, digest_size=12).hexdigest()
