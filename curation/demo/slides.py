"""Slides: which fields of view are taken of which slide, and in which split they are.

Splits are made by slide, as a careful laboratory would; the deliberate near-duplicates break
that on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from curation.demo.captures import draw_capture, retaken
from curation.demo.rendering import render
from curation.demo.scenes import Frame, compose, draw_style, empty, shifted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from curation.demo.shapes import Shape

SPLITS: Final = ("train", "val", "test")
_SPLIT_OF_SLIDE: Final = ("train", "train", "val", "train", "test")
_FIELDS_PER_SLIDE: Final = 15
_BACKGROUND_SHARE: Final = 0.04
_DUPLICATE_SHARE: Final = 0.04

# Frames: (probability, width, height, magnification).
_FRAMES: Final = (
    (0.34, 640, 480, 1.0),
    (0.17, 640, 480, 0.8),
    (0.08, 640, 480, 0.6),
    (0.18, 640, 480, 1.3),
    (0.08, 512, 512, 1.0),
    (0.06, 800, 600, 1.25),
    (0.09, 960, 720, 2.2),
)

# What a random stream is for: part of its seed, so that streams never depend on each other.
_STYLE, _SCENE, _CAPTURE, _RETAKE, _PLAN = range(5)


@dataclass(frozen=True, slots=True)
class Field:
    """One picture to be taken.

    Attributes:
        image_id: its id in the COCO files, from 1.
        slide: number of its slide, from 0.
        split: one of `SPLITS`.
        file_name: below the image root, with forward slashes.
        background: whether it shows no cell.
        copy_of: image id of the picture that it nearly repeats, or None.
    """

    image_id: int
    slide: int
    split: str
    file_name: str
    background: bool
    copy_of: int | None


def plan_fields(images: int, seed: int) -> list[Field]:
    """Return all pictures of the demo in the order of their ids.

    Args:
        images: how many, at least 5: one slide for each fifth.
        seed: of the whole demo.
    """
    slides = max(5, round(images / _FIELDS_PER_SLIDE / 5) * 5)
    slide_of = [index * slides // images for index in range(images)]
    rng = _stream(seed, _PLAN, 0)
    shuffled = (rng.permutation(images - 1) + 1).tolist()
    backgrounds = set(shuffled[: max(1, round(images * _BACKGROUND_SHARE))])
    copies = _plan_copies(slide_of, shuffled[len(backgrounds) :], images)
    fields = []
    for index, slide in enumerate(slide_of):
        split = _SPLIT_OF_SLIDE[slide % 5]
        number = index - slide_of.index(slide) + 1
        original = copies.get(index)
        fields.append(
            Field(
                image_id=index + 1,
                slide=slide,
                split=split,
                file_name=f"{split}/slide-{slide + 1:02d}_field-{number:02d}.jpg",
                background=index in backgrounds,
                copy_of=None if original is None else original + 1,
            )
        )
    return fields


def _plan_copies(slide_of: list[int], free: list[int], images: int) -> dict[int, int]:
    """Return copy -> original: every second one on the same slide, the others across splits."""
    wanted = max(2, round(images * _DUPLICATE_SHARE))
    copies: dict[int, int] = {}
    used: set[int] = set()
    for copy in free:
        if len(copies) == wanted:
            break
        across = len(copies) % 2 == 0
        for original in free:
            same_slide = slide_of[original] == slide_of[copy]
            same_split = (
                _SPLIT_OF_SLIDE[slide_of[original] % 5] == _SPLIT_OF_SLIDE[slide_of[copy] % 5]
            )
            suits = not same_split if across else same_slide
            if suits and original != copy and not {original, copy} & used:
                copies[copy] = original
                used |= {original, copy}
                break
    return copies


def take(field: Field, *, slide: int, seed: int) -> tuple[NDArray[np.uint8], list[Shape], int]:
    """Return the picture of a field, the shapes on it, and the quality of its JPEG file.

    Args:
        field: what to take.
        slide: number of the slide that is really under the lens: of the original for a copy.
        seed: of the whole demo.
    """
    style = draw_style(_stream(seed, _STYLE, slide))
    source = field.image_id if field.copy_of is None else field.copy_of
    rng = _stream(seed, _SCENE, source)
    frame = _draw_frame(rng)
    scene = (empty if field.background else compose)(rng, frame, style)
    capture = draw_capture(_stream(seed, _CAPTURE, source), style.light)
    if field.copy_of is not None:
        again = _stream(seed, _RETAKE, field.image_id)
        dx, dy = again.uniform(-5, 5, 2).tolist()
        scene, capture = shifted(scene, dx, dy), retaken(capture, again)
    picture, shapes = render(scene, capture)
    return picture, shapes, capture.quality


def _draw_frame(rng: np.random.Generator) -> Frame:
    chances = [share for share, _, _, _ in _FRAMES]
    _, width, height, magnification = _FRAMES[int(rng.choice(len(_FRAMES), p=chances))]
    return Frame(width, height, magnification * float(rng.uniform(0.94, 1.06)))


def _stream(seed: int, purpose: int, number: int) -> np.random.Generator:
    """Return the random stream of one purpose and number: the same wherever it is drawn."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(purpose, number)))
