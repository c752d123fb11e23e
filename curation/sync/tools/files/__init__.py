"""Annotation files that some other process refreshes, as a source."""

from __future__ import annotations
