"""Browser components: image grid and viewer."""

from __future__ import annotations
