"""Durable jobs: kinds of work, their rows, and the engine that runs them."""

from __future__ import annotations
