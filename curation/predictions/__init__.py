"""Import and describe prediction sets."""

from __future__ import annotations
