"""Import and describe projects."""

from __future__ import annotations
