"""`curation project import cvat`: the question, the import, and the shapes in the store."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.curation.cli.conftest import Command

XML = """<annotations><version>1.1</version>
  <meta><task><labels><label><name>cell</name></label></labels></task></meta>
  <image id="0" name="a.png" width="40" height="20" subset="Validation">
    <box label="cell" xtl="10" ytl="8" xbr="30" ybr="12" rotation="90"/>
    <polyline label="cell" points="1,1;2,2"/>
  </image>
  <image id="1" name="b.png" width="40" height="20"></image>
</annotations>"""


@pytest.fixture
def xml_file(tmp_path: Path) -> Path:
    file = tmp_path / "annotations.xml"
    file.write_text(XML)
    return file


def test_import_cvat__asks_what_empty_images_are(curation: Command, xml_file: Path) -> None:
    command = ("project", "import", "cvat", "slides", "--annotations", str(xml_file))
    dry = curation(*command, "--dry-run", "--json").json
    assert [(one["option"], one["count"]) for one in dry["questions"]] == [("missing_label", 1)]
    refused = curation(*command)
    assert (refused.code, "--missing-label background or unlabelled" in refused.err) == (5, True)


def test_import_cvat__keeps_the_exact_shape(
    curation: Command, xml_file: Path, tmp_path: Path
) -> None:
    done = curation(
        "project", "import", "cvat", "slides", "--annotations", str(xml_file),
        "--missing-label", "background", "--split", "train", "--json",
    ).json  # fmt: skip
    assert (done["images"], done["labels"], done["rejected"]) == (2, 1, 1)
    assert [group["kind"] for group in done["report"]["rejects"]] == ["shape-without-area"]
    shown = curation("project", "show", "slides", "--json").json
    assert {row["split"]: row["labels"] for row in shown["splits"]} == {"val": 1, "train": 0}
    with closing(sqlite3.connect(tmp_path / "data" / "curation.sqlite")) as store:
        box = store.execute("SELECT x, y, width, height, area FROM label").fetchone()
        polygons, exact = store.execute("SELECT polygons, exact FROM label_geometry").fetchone()
    assert box == (18, 0, 4, 20, 80)
    assert json.loads(polygons) == [[22, 0, 22, 20, 18, 20, 18, 0]]
    assert json.loads(exact) == {"center": [20, 10], "size": [20, 4], "angle": 90}
