"""The page on Python shows what the package returns: its examples run on the files it names."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from evaluation.frames import COMPARISON_TABLES, RESULT_TABLES
from evaluation.plots import COMPARISON_PLOTS, RESULT_PLOTS
from tests.evaluation.inputs.detector_files import write_files

PAGE = (Path(__file__).parents[1] / "docs" / "python.md").read_text(encoding="utf-8")


def test_examples__run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path, new=0.85, old=0.7)
    monkeypatch.chdir(tmp_path)
    blocks = "".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
    example = doctest.DocTestParser().get_doctest(blocks, {}, "python.md", "python.md", 0)
    runner = doctest.DocTestRunner(verbose=False)
    runner.run(example)
    assert runner.summarize(verbose=False).failed == 0


def test_page__names_every_table_and_chart() -> None:
    kinds = {*RESULT_TABLES, *COMPARISON_TABLES, *RESULT_PLOTS, *COMPARISON_PLOTS}
    assert {kind for kind in kinds if f'"{kind}"' not in PAGE} == set()
