"""Run the command line as a person does, in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from curation.cli.main import main


@dataclass(frozen=True)
class Outcome:
    """What a command printed and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


Command = Callable[..., Outcome]


@pytest.fixture
def curation(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    def run(*arguments: str | Path) -> Outcome:
        capsys.readouterr()
        data_dir = ["--data-dir", str(tmp_path / "data")]
        with pytest.raises(SystemExit) as stop:
            main([*data_dir, *(str(argument) for argument in arguments)])
        printed = capsys.readouterr()
        return Outcome(int(stop.value.code or 0), printed.out, printed.err)

    return run
