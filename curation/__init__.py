"""The store and the cycle: projects, prediction sets, evaluations."""

from __future__ import annotations
