"""Matching, metrics and comparison of detections: arrays in, frozen dataclasses out."""

from __future__ import annotations
