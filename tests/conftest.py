"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED_DATA = Path(
    os.environ.get("CURATION_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data")
)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real ground truth and detector outputs, where the machine has it."""
    if not SHARED_DATA.is_dir():
        pytest.skip("no shared data on this machine")
    return SHARED_DATA
