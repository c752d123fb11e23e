"""The rendered demo project and its classical detector."""

from __future__ import annotations
