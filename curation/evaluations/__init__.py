"""Pin, evaluate and compare prediction sets."""

from __future__ import annotations
