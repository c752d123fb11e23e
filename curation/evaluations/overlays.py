"""What is drawn over an image: labels and both sets' predictions, with outlines and outcomes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from curation.evaluations.comparison import Scope, open_scope
from curation.evaluations.evaluated_sets import Recent
from curation.evaluations.images import CountedImages, count_images
from curation.projects.catalog import class_color
from evaluation import PredictionOutcome, TruthOutcome
from evaluation.run_lengths import decode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from curation.evaluations.evaluated_sets import EvaluatedSet
    from curation.evaluations.request import EvaluationRequest
    from curation.store.database import Database
    from evaluation import EvaluationResult, Instances, Masks

OVERLAY_FLOOR: Final = 0.05
"""Lowest score that is drawn, unless the operating point is lower still."""
SIMPLIFIED_PIXELS: Final = 0.75
"""How far a drawn outline may be from the mask's."""

_PREDICTION_WORDS: Final = {
    PredictionOutcome.TRUE_POSITIVE: "tp",
    PredictionOutcome.FALSE_POSITIVE: "fp",
    PredictionOutcome.IGNORED: "ignored",
    PredictionOutcome.BELOW_SCORE: "below",
}
_TRUTH_WORDS: Final = {
    TruthOutcome.FOUND: "found",
    TruthOutcome.MISSED: "missed",
    TruthOutcome.IGNORED: "ignored",
}
_outlines = Recent["list[str | None]"](2_000)


@dataclass(frozen=True, slots=True)
class OverlayObject:
    """One drawn object, in image pixels; `row` is its place in the evaluated table."""

    row: int
    box: tuple[float, float, float, float]
    outline: str | None
    class_name: str
    color: str
    score: float | None
    outcome: str
    crowd: bool
    change: str | None
    iou: float | None


@dataclass(frozen=True, slots=True)
class ImageOverlay:
    """One image with everything that can be drawn over it."""

    image_id: int
    version: str
    file_name: str
    width: int
    height: int
    has_pixels: bool
    truth: tuple[OverlayObject, ...]
    predictions: tuple[OverlayObject, ...]
    against: tuple[OverlayObject, ...]


@dataclass(frozen=True)
class _Layers:
    """Row places of each table by image, and the rows that changed."""

    scope: Scope
    counted: CountedImages
    floor: float
    changed: dict[str, dict[int, str]] = field(default_factory=dict)


def image_overlays(
    database: Database, request: EvaluationRequest, image_ids: Sequence[int]
) -> dict[int, ImageOverlay]:
    """Return what is drawn over some images.

    Args:
        database: The store.
        request: The request; objects of other classes are left out.
        image_ids: Images of the request's project.

    Raises:
        NotFound: If a set, split or class does not exist.
        Conflict: If a set is not evaluated on the current revision yet.
    """
    scope = open_scope(database, request)
    counted = count_images(scope, request)
    layers = _Layers(scope, counted, min(OVERLAY_FLOOR, request.score), _changed_rows(counted))
    images = scope.set.truth.images
    known = set(images.id.tolist())
    places = images.positions(np.array([i for i in image_ids if i in known], dtype=np.int64))
    return {int(images.id[place]): _overlay(layers, int(place)) for place in places}


def _changed_rows(counted: CountedImages) -> dict[str, dict[int, str]]:
    changes = counted.changes
    if changes is None:
        return {"truth": {}, "set": {}, "against": {}}
    truth = dict.fromkeys(changes.gained.tolist(), "gained")
    truth |= dict.fromkeys(changes.lost.tolist(), "lost")
    return {
        "truth": truth,
        "set": dict.fromkeys(changes.newly_wrong.tolist(), "new"),
        "against": dict.fromkeys(changes.fixed.tolist(), "fixed"),
    }


def _overlay(layers: _Layers, place: int) -> ImageOverlay:
    scope = layers.scope
    images = scope.set.truth.images
    return ImageOverlay(
        image_id=int(images.id[place]),
        version=(images.sha256[place] or "")[:16],
        file_name=images.file_name[place],
        width=int(images.width[place]),
        height=int(images.height[place]),
        has_pixels=images.sha256[place] is not None,
        truth=_truth_objects(layers, place),
        predictions=_predicted_objects(layers, scope.set, layers.counted.set_result, place, "set"),
        against=(
            _predicted_objects(
                layers, scope.against, layers.counted.against_result, place, "against"
            )
            if scope.against is not None
            else ()
        ),
    )


def rows_that_count(scope: Scope, table: Instances, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Keep the rows of a table that are of a class that counts."""
    return rows[scope.class_mask()[table.class_[rows]]]


def _truth_objects(layers: _Layers, place: int) -> tuple[OverlayObject, ...]:
    scope, at = layers.scope, layers.counted.set_result.outcomes
    table = scope.set.truth.instances
    rows = rows_that_count(scope, table, scope.set.truth.rows.of(place))
    outlines = _outlines_of(("truth", *_origin(scope)), table.masks, rows)
    return tuple(
        OverlayObject(
            row=row,
            box=_box(table, row),
            outline=outline,
            class_name=scope.set.truth.class_names[table.class_[row]],
            color=class_color(int(table.class_[row])),
            score=None,
            outcome=_TRUTH_WORDS[TruthOutcome(at.truth[row])],
            crowd=bool(table.crowd[row]),
            change=layers.changed["truth"].get(row),
            iou=None,
        )
        for row, outline in zip(rows.tolist(), outlines, strict=True)
    )


def _predicted_objects(
    layers: _Layers,
    side: EvaluatedSet,
    result: EvaluationResult | None,
    place: int,
    layer: str,
) -> tuple[OverlayObject, ...]:
    if result is None:
        return ()
    table, at = side.predictions, result.outcomes
    rows = rows_that_count(layers.scope, table, side.rows.of(place))
    rows = rows[table.score[rows] >= layers.floor]
    rows = rows[np.argsort(-table.score[rows], kind="stable")]
    outlines = _outlines_of((side.store, side.evaluation_id), table.masks, rows)
    return tuple(
        OverlayObject(
            row=row,
            box=_box(table, row),
            outline=outline,
            class_name=side.truth.class_names[table.class_[row]],
            color=side.prediction_set.color,
            score=float(table.score[row]),
            outcome=_PREDICTION_WORDS[PredictionOutcome(at.prediction[row])],
            crowd=False,
            change=layers.changed[layer].get(row),
            iou=None if np.isnan(at.iou[row]) else float(at.iou[row]),
        )
        for row, outline in zip(rows.tolist(), outlines, strict=True)
    )


def _origin(scope: Scope) -> tuple[str, int, int]:
    truth = scope.set.truth
    return (scope.set.store, truth.project_id, truth.revision)


def _box(table: Instances, row: int) -> tuple[float, float, float, float]:
    x, y, width, height = table.boxes[row].tolist()
    return (x, y, width, height)


def _outlines_of(
    key: tuple[object, ...], masks: Masks | None, rows: NDArray[np.int64]
) -> list[str | None]:
    """Return the outlines of one image's objects, drawn once."""
    if masks is None or not len(rows):
        return [None] * len(rows)
    return _outlines.get((*key, rows.tobytes()), lambda: outline_paths(masks, rows))


def outline_paths(masks: Masks, rows: NDArray[np.int64]) -> list[str | None]:
    """Return outlines as SVG paths in image pixels, None for an empty mask.

    Args:
        masks: Checked masks.
        rows: Which of them.
    """
    return [
        _outline(masks.runs(row), (height, width))
        for row, (height, width) in zip(rows.tolist(), masks.sizes[rows].tolist(), strict=True)
    ]


def _outline(runs: NDArray[np.int64], size: tuple[int, int]) -> str | None:
    if not runs[1::2].any():
        return None
    # Only the columns that hold pixels are drawn: runs go down the columns, left to right.
    height = size[0]
    ends = np.cumsum(runs)
    filled = runs[1::2] > 0
    left = int(ends[0::2][: len(filled)][filled][0]) // height
    right = (int(ends[1::2][filled][-1]) - 1) // height + 1
    edges = np.concatenate([[left * height], np.clip(ends, left * height, right * height)])
    strip = edges[1:] - edges[:-1]
    picture = decode(strip, (height, right - left))
    inside = np.flatnonzero(picture.any(axis=1))
    top, bottom = int(inside[0]), int(inside[-1]) + 1
    crop = np.ascontiguousarray(picture[top:bottom])
    contours, _ = cv2.findContours(crop, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    parts = []
    for contour in contours:
        points = cv2.approxPolyDP(contour, SIMPLIFIED_PIXELS, closed=True)[:, 0, :]
        # A pixel is an area: its centre is half a pixel in.
        flat = (points + np.array([left + 0.5, top + 0.5])).ravel().tolist()
        parts.append(f"M{' '.join(map(str, flat))}Z")
    return "".join(parts)
