"""Predictions as Label Studio keeps them: one row a task and set, recognised by its regions' ids.

The ids follow from what a region shows. So the same objects are recognised whoever wrote the row
and whenever, whatever the server does to numbers on the way, and nothing is ever written twice.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any, Final

from curation.formats.label_studio_controls import brush_control, rectangle_control
from curation.formats.label_studio_predictions import RegionLabel, write_mask, write_rectangle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.formats.label_studio_controls import Control
    from curation.formats.label_studio_predictions import Region
    from curation.sync.annotation_tool import PreAnnotation, PushItem
    from curation.sync.tools.label_studio.client import PredictionRecord

_OURS: Final = " (Curation)"
"""Ends the name of our sets' rows: those of other models are never touched."""
_ID_LENGTH: Final = 10


class NotOffered(Exception):
    """No control of the project takes a class; the text says so."""


@dataclass(frozen=True, slots=True)
class PredictionRow:
    """What the annotator of a task starts from, of one set; `score` is the mean of its regions."""

    model_version: str
    result: list[Region]
    score: float

    @property
    def ids(self) -> frozenset[str]:
        """The ids of its regions."""
        return frozenset(region["id"] for region in self.result)

    def payload(self) -> dict[str, Any]:
        """Return it as the tool takes it."""
        return {
            "model_version": self.model_version,
            "result": self.result,
            "score": self.score,
        }


def prediction_row(item: PushItem, label_config: Any) -> PredictionRow | None:
    """Return the row of an item, None where it has no predictions.

    Args:
        item: The item.
        label_config: The project's `parsed_label_config`.

    Raises:
        NotOffered: If no control takes a class: such a row would later block any change of the
            labelling screen.
    """
    result: list[Region] = []
    seen: Counter[str] = Counter()
    for prediction in item.predictions or ():
        name = _content(item.model, prediction)
        region_id = _digest(f"{name}|{seen[name]}")
        seen[name] += 1
        result += _regions(prediction, item.size, region_id, label_config)
    if not result:
        return None
    score = fmean(prediction.score for prediction in item.predictions or ())
    return PredictionRow(f"{item.model}{_OURS}", result, score)


def control_of(label_config: Any, class_name: str, *, mask: bool) -> tuple[Control | None, bool]:
    """Return the control that takes a class, and whether it takes it as a mask.

    A mask goes as its box where no brush has the class.
    """
    brush = brush_control(label_config, class_name) if mask else None
    if brush is not None:
        return brush, True
    return rectangle_control(label_config, class_name), False


def _regions(
    prediction: PreAnnotation, size: tuple[int, int], region_id: str, label_config: Any
) -> list[Region]:
    counts = prediction.counts
    control, as_mask = control_of(label_config, prediction.class_name, mask=counts is not None)
    if control is None:
        raise NotOffered(
            f"no control of the tool takes {prediction.class_name!r}; look at the preview again"
        )
    label = RegionLabel(region_id, prediction.class_name, control, prediction.score)
    if counts is not None and as_mask:
        return write_mask(counts, size, label)
    return write_rectangle(prediction.box, size, label)


def _content(model: str, prediction: PreAnnotation) -> str:
    box = " ".join(map(repr, prediction.box))
    mask = (prediction.counts or b"").hex()
    return f"{model}|{prediction.class_name}|{box}|{prediction.score!r}|{mask}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_ID_LENGTH]


def ours(predictions: Sequence[PredictionRecord]) -> list[PredictionRecord]:
    """Return the rows that pushes wrote, in order of id."""
    own = [each for each in predictions if (each.model_version or "").endswith(_OURS)]
    return sorted(own, key=lambda each: each.id)


def set_name(record: PredictionRecord) -> str:
    """Return the prediction set of a row of ours."""
    return (record.model_version or "").removesuffix(_OURS)


def shows(record: PredictionRecord, row: PredictionRow) -> bool:
    """Tell whether a row in the tool is just this one."""
    return record.model_version == row.model_version and region_ids(record) == row.ids


def region_ids(record: PredictionRecord) -> frozenset[str]:
    """Return the ids of the regions of a row in the tool."""
    entries = record.result if isinstance(record.result, list) else []
    return frozenset(str(entry["id"]) for entry in entries if isinstance(entry, dict))
