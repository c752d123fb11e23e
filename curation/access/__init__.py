"""Who may do what: tokens with roles."""

from __future__ import annotations
