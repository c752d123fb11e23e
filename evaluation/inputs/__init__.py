"""What `evaluate` and `compare` accept, turned into tables: arrays, COCO, supervision's lists."""

from __future__ import annotations

from evaluation.inputs.registry import KINDS, open_tables
from evaluation.inputs.tables import Source, Tables

__all__ = ["KINDS", "Source", "Tables", "open_tables"]
