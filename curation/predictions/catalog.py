"""Prediction sets as the screens and the command line list them."""

from __future__ import annotations

from curation.store.prediction_sets import (
    PredictionSetRow,
    baseline_of,
    find_prediction_set,
    get_prediction_set,
    list_prediction_sets,
    set_baseline,
)

__all__ = [
    "PredictionSetRow",
    "baseline_of",
    "find_prediction_set",
    "get_prediction_set",
    "list_prediction_sets",
    "set_baseline",
]
