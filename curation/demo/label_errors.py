"""Label errors made on purpose, so that a reviewer has something to find.

At most one in an image; every one is recorded with what the label ought to be.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from curation.demo.cells import CLASS_NAMES
from curation.demo.shapes import Shape, outlined
from curation.demo.slides import SPLITS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from curation.demo.slides import Field

_SHARE_OF_IMAGES: Final = {"missed": 35, "wrong class": 35, "shifted box": 45, "duplicate": 45}
_SMALLEST_AREA: Final = 80


@dataclass(frozen=True, slots=True)
class Label:
    """One ground-truth object of one image.

    Attributes:
        annotation_id: its id in the COCO files, unique over all of them.
        image_id: of its image.
        shape: what is labelled.
    """

    annotation_id: int
    image_id: int
    shape: Shape


@dataclass(frozen=True, slots=True)
class LabelError:
    """One error made on purpose.

    Attributes:
        kind: "missed", "wrong class", "shifted box" or "duplicate".
        truth: the label as it ought to be.
        written: the wrong label in the file; None for a missed object.
    """

    kind: str
    truth: Label
    written: Label | None


def plant(
    labels: Sequence[Label],
    fields: Sequence[Field],
    sizes: Mapping[int, tuple[int, int]],
    rng: np.random.Generator,
) -> tuple[list[Label], list[LabelError]]:
    """Return the labels with errors in them, and the record of the errors.

    Args:
        labels: all labels of all images, correct.
        fields: all images; near-duplicates and their originals are left alone.
        sizes: image id -> width, height, pixels.
        rng: source of randomness.
    """
    split_of = {field.image_id: field.split for field in fields}
    spared = {field.copy_of for field in fields}
    spared |= {field.image_id for field in fields if field.copy_of is not None}
    order = [labels[index] for index in rng.permutation(len(labels))]
    pool = [
        label
        for label in order
        if label.image_id not in spared and _is_plain(label.shape, sizes[label.image_id])
    ]
    errors: list[LabelError] = []
    next_id = max((label.annotation_id for label in labels), default=0) + 1
    for kind, one_in in _SHARE_OF_IMAGES.items():
        for turn in range(max(1, round(len(fields) / one_in))):
            wanted = (SPLITS[turn % 3], CLASS_NAMES[(turn // 3 + turn) % 3])
            victim = _victim(pool, split_of, wanted)
            if victim is None:
                break
            pool = [label for label in pool if label.image_id != victim.image_id]
            written = _SPOILERS[kind](victim, sizes[victim.image_id], rng)
            if kind == "duplicate" and written is not None:
                written = replace(written, annotation_id=next_id)
                next_id += 1
            errors.append(LabelError(kind, victim, written))
    return _spoiled(labels, errors), errors


def _is_plain(shape: Shape, size: tuple[int, int]) -> bool:
    """Say whether a shape is whole, inside the image and not tiny."""
    x, y, width, height = shape.box
    inside = x > 1 and y > 1 and x + width < size[0] - 1 and y + height < size[1] - 1
    return inside and shape.area >= _SMALLEST_AREA and len(shape.polygons) == 1


def _victim(
    pool: Sequence[Label], split_of: Mapping[int, str], wanted: tuple[str, str]
) -> Label | None:
    """Return a label of the wanted split and class, or else any."""
    for label in pool:
        if (split_of[label.image_id], label.shape.class_name) == wanted:
            return label
    return pool[0] if pool else None


def _spoiled(labels: Sequence[Label], errors: Sequence[LabelError]) -> list[Label]:
    """Return the labels after the errors, in the order of their images and ids."""
    changed = {error.truth.annotation_id: error for error in errors if error.kind != "duplicate"}
    kept = []
    for label in labels:
        error = changed.get(label.annotation_id)
        written = label if error is None else error.written
        if written is not None:
            kept.append(written)
    kept += [e.written for e in errors if e.kind == "duplicate" and e.written is not None]
    return sorted(kept, key=lambda label: (label.image_id, label.annotation_id))


def _missed(label: Label, size: tuple[int, int], rng: np.random.Generator) -> Label | None:
    del label, size, rng
    return None


def _wrong_class(label: Label, size: tuple[int, int], rng: np.random.Generator) -> Label:
    del size
    others = [name for name in CLASS_NAMES if name != label.shape.class_name]
    name = others[int(rng.integers(len(others)))]
    return replace(label, shape=replace(label.shape, class_name=name))


def _shifted_box(label: Label, size: tuple[int, int], rng: np.random.Generator) -> Label:
    """Move a label by a third to a half of its extent, into the image."""
    x, y, width, height = label.shape.box
    step_x, step_y = rng.uniform(0.30, 0.50, 2)
    dx = float(step_x * width) * (1 if x + width / 2 < size[0] / 2 else -1)
    dy = float(step_y * height) * (1 if y + height / 2 < size[1] / 2 else -1)
    return replace(label, shape=_moved(label.shape, dx, dy))


def _duplicate(label: Label, size: tuple[int, int], rng: np.random.Generator) -> Label:
    """Label an object a second time, a pixel beside the first."""
    del size
    dx, dy = rng.uniform(0.3, 0.9, 2) * rng.choice([-1, 1], 2)
    return replace(label, shape=_moved(label.shape, float(dx), float(dy)))


def _moved(shape: Shape, dx: float, dy: float) -> Shape:
    moved = tuple(
        tuple(np.round(np.reshape(polygon, (-1, 2)) + np.array((dx, dy)), 2).ravel().tolist())
        for polygon in shape.polygons
    )
    return outlined(shape.class_name, moved)


_SPOILERS: Final[
    dict[str, Callable[[Label, tuple[int, int], np.random.Generator], Label | None]]
] = {
    "missed": _missed,
    "wrong class": _wrong_class,
    "shifted box": _shifted_box,
    "duplicate": _duplicate,
}
