"""The steps of an import: source, preview, confirm, progress, report."""

from __future__ import annotations
