"""Annotation tools, one module or package each; `registry` lists them."""

from __future__ import annotations
