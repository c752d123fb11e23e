"""Polygons that waited for their image's size become masks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from curation.formats.problems import MASK_MALFORMED, MASK_PENDING
from evaluation.errors import MalformedMask
from evaluation.polygons import rasterise

if TYPE_CHECKING:
    from curation.formats.records import ProjectRecords


def draw(records: ProjectRecords) -> ProjectRecords:
    """Return the records with masks for all polygons whose image has a size now.

    Labels whose polygons turn out malformed are rejected, and the log's warning of waiting masks
    is lowered to those that still wait.

    Args:
        records: What a reader gave, with sizes filled in since; its log is written to.
    """
    labels = records.labels
    log = records.problems
    if MASK_PENDING.name not in log.counts():
        return records
    counts = list(labels.counts)
    good = np.ones(len(labels), dtype=np.bool_)
    waiting = 0
    for row, (polygons, text) in enumerate(zip(labels.polygons, labels.counts, strict=True)):
        if polygons is None or text is not None:
            continue
        image = records.images[labels.image[row]]
        if not (image.width and image.height):
            waiting += 1
            continue
        shape = msgspec.json.decode(polygons, type=list[list[float]])
        try:
            counts[row] = rasterise(shape, (image.height, image.width))
        except MalformedMask as error:
            good[row] = False
            record = f"label {row} of image {image.source_id}"
            log.add(MASK_MALFORMED, file=image.file_name, record=record, reason=error.reason)
    log.resolve(MASK_PENDING, left=waiting)
    drawn = replace(labels, counts=counts)
    return replace(records, labels=drawn if good.all() else drawn.take(good))
