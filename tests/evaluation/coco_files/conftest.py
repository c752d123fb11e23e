"""Three ways by which the same records come in; all must give the same tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evaluation import json_scan
from evaluation.coco_files import (
    GroundTruthFile,
    PredictionsFile,
    ground_truth_from_dict,
    predictions_from_list,
    read_ground_truth,
    read_predictions,
)
from tests.evaluation.coco_files.documents import Document, ReadPredictions, ReadTruth


@pytest.fixture(params=["scanner", "msgspec", "memory"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How records come in: all three ways must give the same table."""
    if request.param == "msgspec":
        monkeypatch.setattr(json_scan, "scanner", lambda: None)
    return str(request.param)


@pytest.fixture
def read_truth(way: str, tmp_path: Path) -> ReadTruth:
    def read(document: Document, *, masks: bool = False) -> GroundTruthFile:
        if way == "memory":
            return ground_truth_from_dict(document, masks=masks)
        path = tmp_path / "truth.json"
        path.write_text(json.dumps(document))
        return read_ground_truth(path, masks=masks)

    return read


@pytest.fixture
def read_results(way: str, tmp_path: Path) -> ReadPredictions:
    def read(results: list[Any], truth: GroundTruthFile, *, masks: bool = False) -> PredictionsFile:
        if way == "memory":
            return predictions_from_list(results, truth, masks=masks)
        path = tmp_path / "results.json"
        path.write_text(json.dumps(results))
        return read_predictions(path, truth, masks=masks)

    return read
