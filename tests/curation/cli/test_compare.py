"""`curation compare`: deltas with their intervals, as JSON and as tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.curation.cli.conftest import Command, Outcome
from tests.curation.conftest import write_json
from tests.curation.many_images import FORTY, NEW, OLD

Compare = Any


@pytest.fixture
def compare(curation: Command, tmp_path: Path) -> Compare:
    """Compare the two sets of the project of forty images, with 100 replicates."""
    truth = write_json(tmp_path / "truth.json", FORTY)
    curation("project", "import", "coco", "forty", "--annotations", truth)
    for name, rows in (("old", OLD), ("new", NEW)):
        file = write_json(tmp_path / f"{name}.json", rows)
        curation("predictions", "import", "forty", file, "--name", name)

    def run(*options: str, replicates: int = 100) -> Outcome:
        arguments = ("compare", "forty", "new", "--against", "old", *options)
        return curation(*arguments, "--replicates", str(replicates))

    return run


def test_compare__json_has_the_interval_beside_the_delta(compare: Compare) -> None:
    compared = compare("--json", replicates=1000).json
    ap = compared["delta"]["AP"]
    assert ap.keys() == {"value", "low", "high", "p", "support"}
    assert ap["value"] == compared["delta"]["metrics"]["AP"]
    assert ap["support"] == 80
    cell, nucleus = compared["intervals"]["classes"]
    assert (cell["name"], nucleus["name"]) == ("cell", "nucleus")
    assert cell["AP"]["low"] > 0
    assert cell["AP"]["q"] <= 0.05 < nucleus["AP"]["q"]
    assert compared["intervals"]["operating_point"]["tp"]["value"] == 18
    assert compared["intervals"]["resampling"] == {
        "replicates": 1000,
        "seed": 0,
        "level": 0.95,
        "min_images": 20,
    }


def test_compare__seed_and_level_are_options(compare: Compare) -> None:
    resampling = compare("--json", "--seed", "7", "--level", "0.9").json["intervals"]["resampling"]
    assert (resampling["seed"], resampling["level"]) == (7, 0.9)


def test_compare__without_replicates_there_are_plain_deltas(compare: Compare) -> None:
    compared = compare("--json", replicates=0).json
    assert compared["intervals"] is None
    assert "AP" not in compared["delta"]
    assert compared["delta"]["operating_point"]["tp"] == 18
    assert "interval" not in compare(replicates=0).out


def test_compare__tables_tell_how_sure_each_delta_is(compare: Compare) -> None:
    lines = [line.split() for line in compare(replicates=1000).out.splitlines()]
    assert lines[0] == ["new", "old", "delta", "95%", "interval", "p"]
    rows = {line[0]: line[1:] for line in lines if line}
    assert rows["tp"][:3] == ["66", "48", "+18"]
    # Counts have whole ends.
    assert [end.lstrip("+-").isdigit() for end in (rows["tp"][3], rows["tp"][5])] == [True, True]
    assert rows["APl"][3:] == ["n/a", "n/a"]
    header = "AP, delta, AP, 95%, interval, q, delta, AP50, delta, F1, support"
    assert rows["class"] == header.split(", ")
    assert float(rows["cell"][5]) <= 0.05 < float(rows["nucleus"][5])
