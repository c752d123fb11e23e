"""Which images and labels were chosen, and for what."""

from __future__ import annotations
