"""A third prediction set of the small project, which makes every kind of mistake once."""

from __future__ import annotations

from typing import Any

import pytest

from curation.evaluations.request import EvaluationRequest

CONFUSED: list[dict[str, Any]] = [
    # A nucleus where the small cell is: classification.
    {"image_id": 1, "category_id": 9, "bbox": [0, 0, 10, 10], "score": 0.9},
    # The large cell, but only its upper 40 %: localisation.
    {"image_id": 1, "category_id": 7, "bbox": [40, 20, 40, 16], "score": 0.8},
    # The nucleus, and the nucleus again: found, duplicate.
    {"image_id": 2, "category_id": 9, "bbox": [5, 5, 20, 20], "score": 0.7},
    {"image_id": 2, "category_id": 9, "bbox": [5, 5, 20, 19], "score": 0.65},
    # Nothing there: background.
    {"image_id": 2, "category_id": 7, "bbox": [60, 40, 20, 20], "score": 0.45},
]


@pytest.fixture
def confused(two_sets: tuple[int, int, int], import_predictions: Any) -> EvaluationRequest:
    """The set that confuses classes, compared with the one that found the small cell."""
    project_id, first, _ = two_sets
    set_id = import_predictions(project_id, "confused", CONFUSED)["set_id"]
    return EvaluationRequest(project_id, set_id, first)
