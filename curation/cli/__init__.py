"""The `curation` command."""

from __future__ import annotations
