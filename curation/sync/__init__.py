"""Sync with annotation tools: pull labels, push curated work, lose nothing."""

from __future__ import annotations
