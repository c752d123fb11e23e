"""Label Studio over its own HTTP interface."""

from __future__ import annotations
