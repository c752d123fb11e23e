"""How sure the deltas of a comparison are: intervals by paired bootstrap, made once and kept."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from curation.errors import InvalidSetting
from curation.evaluations.comparison import open_scope
from curation.store.comparison_records import ComparisonKey, find_comparison, save_comparison
from evaluation import significance

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from curation.evaluations.comparison import Scope
    from curation.evaluations.evaluated_sets import EvaluatedSet
    from curation.evaluations.request import EvaluationRequest
    from curation.store.database import Database


def find_intervals(
    database: Database,
    request: EvaluationRequest,
    resampling: significance.Resampling | None = None,
) -> dict[str, Any] | None:
    """Return the intervals of a comparison, None when they were never made.

    Raises:
        NotFound: If a set, split or class does not exist.
        InvalidSetting: If the request names no set to compare against.
        Conflict: If a set is not evaluated on the current revision yet.
    """
    return find_comparison(database, comparison_key(database, request, resampling))


def comparison_key(
    database: Database,
    request: EvaluationRequest,
    resampling: significance.Resampling | None = None,
) -> ComparisonKey:
    """Return the name under which the intervals of a comparison are kept.

    Raises:
        NotFound: If a set, split or class does not exist.
        InvalidSetting: If the request names no set to compare against.
        Conflict: If a set is not evaluated on the current revision yet.
    """
    scope = open_scope(database, request)
    return _key(scope, request, resampling or significance.Resampling())


def make_intervals(
    database: Database,
    request: EvaluationRequest,
    resampling: significance.Resampling | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Return the intervals of a comparison; resample and keep them when they were never made.

    Args:
        database: The store.
        request: The two sets, the scope and the operating point.
        resampling: Replicates, seed and level.
        progress: Called with replicates done and replicates asked; may raise to stop.

    Raises:
        NotFound: If a set, split or class does not exist.
        InvalidSetting: If the request names no set to compare against.
        Conflict: If a set is not evaluated on the current revision yet.
    """
    resampling = resampling or significance.Resampling()
    scope = open_scope(database, request)
    key = _key(scope, request, resampling)
    found = find_comparison(database, key)
    if found is not None:
        return found
    started = time.perf_counter()
    intervals = significance.bootstrap_delta(
        scope.set.truth.instances,
        _matched(scope.set),
        _matched(_against(scope)),
        class_names=scope.set.truth.class_names,
        images=scope.images,
        classes=scope.classes,
        score=request.score,
        iou=request.iou,
        resampling=resampling,
        progress=progress,
    ).to_dict()
    return save_comparison(database, key, intervals, seconds=time.perf_counter() - started)


def at_any_operating_point(intervals: Mapping[str, Any]) -> dict[str, Any]:
    """Return the intervals of the numbers that no score or IoU threshold moves: AP and AR.

    Args:
        intervals: Those of one operating point.

    Example:
        >>> row = {"name": "cell", "AP": {"value": 0.1}, "tp": {"value": 3}}
        >>> parts = {"classes": [row], "class_sizes": [], "sizes": {}, "operating_point": {"tp": 3}}
        >>> at_any_operating_point(parts)["classes"]
        [{'name': 'cell', 'AP': {'value': 0.1}}]
    """

    def kept(row: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in row.items() if name not in _MOVED}

    return {
        **intervals,
        "classes": [kept(row) for row in intervals["classes"]],
        "class_sizes": [kept(row) for row in intervals["class_sizes"]],
        "sizes": {size: kept(row) for size, row in intervals["sizes"].items()},
        "operating_point": {},
    }


_MOVED = frozenset({"precision", "recall", "f1", "tp", "fp", "fn"})


def _key(
    scope: Scope, request: EvaluationRequest, resampling: significance.Resampling
) -> ComparisonKey:
    """Name the intervals by what decides them: both evaluations, images, classes, thresholds."""
    images = hashlib.sha256(np.packbits(scope.images).tobytes()).hexdigest()
    return ComparisonKey(
        scope.set.evaluation_id,
        _against(scope).evaluation_id,
        {
            "images": images,
            "classes": None if scope.classes is None else list(scope.classes),
            "score": request.score,
            "iou": request.iou,
            "replicates": resampling.replicates,
            "seed": resampling.seed,
            "level": resampling.level,
            "min_images": resampling.min_images,
        },
    )


def _against(scope: Scope) -> EvaluatedSet:
    if scope.against is None:
        raise InvalidSetting("against", None, allowed="another prediction set")
    return scope.against


def _matched(side: EvaluatedSet) -> significance.MatchedSet:
    return significance.MatchedSet(side.predictions, side.matches)
