"""The only SQL: engine, tables, label history, queries."""

from __future__ import annotations
