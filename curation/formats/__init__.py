"""COCO and YOLO files to canonical records and back; no SQL."""

from __future__ import annotations
