"""Predicted objects as Label Studio's regions, for annotators to start from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from curation.formats.label_studio_brush import encode_brush
from evaluation.masks import Masks

if TYPE_CHECKING:
    from curation.formats.label_studio_controls import Control

Region = dict[str, Any]
Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class RegionLabel:
    """How a region is called: its id, unique in its task, its class, score and control."""

    region_id: str
    class_name: str
    control: Control
    score: float | None = None


def write_rectangle(
    box: tuple[float, float, float, float], size: Size, label: RegionLabel
) -> list[Region]:
    """Return a rectangle as the entries of a result.

    What lies outside the image is cut, for annotators cannot draw there. There is no entry where
    nothing is left, and a second one where another control names what this one draws.

    Args:
        box: (x, y, width, height), pixels.
        size: Height and width of the image, pixels.
        label: Its id, class, score and control.

    Example:
        >>> from curation.formats.label_studio_controls import Control
        >>> label = RegionLabel("r1", "car", Control("box", "image", "RectangleLabels", ("car",)))
        >>> write_rectangle((64, 96, 192, 120), (480, 640), label)[0]["value"]["x"]
        10.0
    """
    if not all(map(math.isfinite, box)):
        return []
    x, width = _within(box[0], box[2], size[1])
    y, height = _within(box[1], box[3], size[0])
    if width <= 0 or height <= 0:
        return []
    value = {
        "x": 100 * x / size[1],
        "y": 100 * y / size[0],
        "width": 100 * width / size[1],
        "height": 100 * height / size[0],
        "rotation": 0,
    }
    return _entries(value, size, label)


def write_mask(counts: bytes, size: Size, label: RegionLabel) -> list[Region]:
    """Return a mask as the entries of a result; none where no pixel is set.

    Args:
        counts: COCO's compressed run-length mask.
        size: Height and width of the image, pixels.
        label: Its id, class, score and control.

    Raises:
        MalformedMask: If the text is none of a mask of this size.
    """
    if not Masks.from_texts([counts], [size]).areas[0]:
        return []
    return _entries({"format": "rle", "rle": encode_brush(counts, size)}, size, label)


def _within(start: float, extent: float, side: int) -> tuple[float, float]:
    """Return start and extent of what lies between 0 and a side; untouched where all does."""
    if start >= 0 and start + extent <= side:
        return start, extent
    low = max(start, 0.0)
    return low, min(start + extent, float(side)) - low


def _entries(value: dict[str, Any], size: Size, label: RegionLabel) -> list[Region]:
    """Return the entry of the drawing control, and that of the one that names it."""
    control = label.control
    if control.labels_from is None:
        return [_entry(value, size, label, control.from_name, control.type)]
    return [
        _entry(value, size, label, control.from_name, control.type),
        _entry(value, size, label, control.labels_from, "Labels"),
    ]


def _entry(
    value: dict[str, Any], size: Size, label: RegionLabel, from_name: str, tag: str
) -> Region:
    type_ = tag.lower()
    named = {type_: [label.class_name]} if type_.endswith("labels") else {}
    entry: Region = {
        "id": label.region_id,
        "type": type_,
        "from_name": from_name,
        "to_name": label.control.to_name,
        "original_width": size[1],
        "original_height": size[0],
        "image_rotation": 0,
        "value": value | named,
    }
    return entry if label.score is None else entry | {"score": label.score}
