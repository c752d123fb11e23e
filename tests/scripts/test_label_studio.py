"""The Label Studio to try a sync with keeps its account where only its owner reads it."""

from __future__ import annotations

import stat
from pathlib import Path

from scripts.label_studio import account_in


def test_account_in__makes_an_account_once_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "account.json"
    made = account_in(file)
    assert account_in(file) == made
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (len(made.token), made.token in file.read_text()) == (40, True)
    assert account_in(tmp_path / "other.json").token != made.token
