"""`curation collection`: made from names, files, splits; listed, shown, exported, deleted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.curation.cli.conftest import Command
from tests.curation.conftest import COCO, write_json


@pytest.fixture
def slides(curation: Command, tmp_path: Path) -> Command:
    """A project with images 1 (labels 1 and 2) and 2 (label 3), all in the split `val`."""
    truth = write_json(tmp_path / "truth.json", COCO)
    arguments = ("project", "import", "coco", "slides", "--annotations", truth, "--split", "val")
    assert curation(*arguments).code == 0
    return curation


def create(slides: Command, name: str, *arguments: str | Path) -> dict[str, object]:
    row: dict[str, object] = slides(
        "collection", "create", "slides", name, *arguments, "--json"
    ).json
    return row


def items(slides: Command, name: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = slides("collection", "show", "slides", name, "--json").json[
        "items"
    ]
    return found


def test_create__from_names_and_ids(slides: Command) -> None:
    row = create(slides, "picks", "b.png", "1", "b.png", "--note", "dark", "--description", "d")
    assert {key: row[key] for key in ("name", "kind", "size", "images", "revision")} == {
        "name": "picks",
        "kind": "images",
        "size": 2,
        "images": 2,
        "revision": 1,
    }
    assert (row["origin"], row["description"], row["left_out"]) == ({"from": "names"}, "d", [])
    assert items(slides, "picks") == [
        {"image": 2, "file_name": "b.png", "note": "dark"},
        {"image": 1, "file_name": "a.png", "note": "dark"},
    ]


def test_create__from_labels(slides: Command) -> None:
    assert create(slides, "cells", "--label", "2", "--label", "1")["kind"] == "labels"
    assert items(slides, "cells")[0] == {
        "image": 1,
        "file_name": "a.png",
        "label_id": 2,
        "class": "cell",
        "box": [40.0, 20.0, 40.0, 40.0],
        "note": "",
    }


def test_create__from_a_file_with_notes_of_its_own(slides: Command, tmp_path: Path) -> None:
    file = tmp_path / "picks.csv"
    file.write_text("file_name,note\na.png,blurred\nb.png,\n")
    row = create(slides, "picks", "--file", file, "--note", "see mail")
    assert row["origin"] == {"from": "file", "file": "picks.csv"}
    assert [item["note"] for item in items(slides, "picks")] == ["blurred", "see mail"]


def test_create__from_a_split_or_the_whole_project(slides: Command) -> None:
    assert create(slides, "split", "--split", "val")["size"] == 2
    assert create(slides, "all", "--all")["size"] == 2
    missing = slides("collection", "create", "slides", "x", "--split", "moon")
    assert (missing.code, "Known: val." in missing.err) == (3, True)
    nothing = slides("collection", "create", "slides", "x", "--unlabelled")
    assert (nothing.code, "would be empty" in nothing.err) == (2, True)


def test_create__names_every_unknown_entry_and_makes_nothing(
    slides: Command, tmp_path: Path
) -> None:
    file = tmp_path / "picks.txt"
    file.write_text("a.png\nx.png\n\ny.png\n")
    refused = slides("collection", "create", "slides", "picks", "--file", file)
    assert refused.code == 4
    assert "not taken: line 2: there is no image 'x.png'" in refused.err
    assert "not taken: line 4: there is no image 'y.png'" in refused.err
    assert slides("collection", "list", "slides", "--json").json == []
    row = create(slides, "picks", "--file", file, "--skip-unknown")
    assert row["size"] == 1
    assert row["left_out"] == [
        "line 2: there is no image 'x.png'",
        "line 4: there is no image 'y.png'",
    ]
    assert row["origin"] == {"from": "file", "file": "picks.txt", "skipped": 2}


@pytest.mark.parametrize(
    "arguments", [(), ("a.png", "--all"), ("a.png", "--label", "1"), ("--all", "--split", "val")]
)
def test_create__wants_exactly_one_origin(slides: Command, arguments: tuple[str, ...]) -> None:
    assert slides("collection", "create", "slides", "x", *arguments).code == 2


def test_create__a_taken_name_is_refused(slides: Command) -> None:
    create(slides, "picks", "a.png")
    taken = slides("collection", "create", "slides", "picks", "b.png")
    assert (taken.code, "exists already" in taken.err) == (2, True)


def test_list_and_show__are_for_people(slides: Command) -> None:
    create(slides, "cells", "--label", "1", "--label", "2", "--description", "look again")
    line = slides("collection", "list", "slides").out.splitlines()[1]
    assert line.startswith("cells       2 labels on 1 image  names on the command line  1 ")
    shown = slides("collection", "show", "slides", "cells").out.splitlines()
    assert shown[:2] == [
        "cells: 2 labels on 1 image (names on the command line), label revision 1",
        "look again",
    ]
    assert len(shown) == 5


def test_export__is_read_back(slides: Command, tmp_path: Path) -> None:
    create(slides, "cells", "--label", "2", "--label", "3", "--note", "=why")
    for suffix in ("csv", "json"):
        file = tmp_path / f"cells.{suffix}"
        exported = ("collection", "export", "slides", "cells", "--format", suffix)
        assert slides(*exported, "--output", file).code == 0
        assert file.read_bytes().decode() == slides(*exported).out
        create(slides, suffix, "--file", file)
        assert items(slides, suffix) == items(slides, "cells")
    assert slides("collection", "export", "slides", "cells", "--format", "txt").out == (
        "a.png\nb.png\n"
    )
    nowhere = slides("collection", "export", "slides", "cells", "--output", tmp_path / "no" / "x")
    assert (nowhere.code, "cannot be written" in nowhere.err) == (2, True)


def test_delete__and_what_is_gone(slides: Command) -> None:
    create(slides, "picks", "a.png")
    assert slides("collection", "delete", "slides", "picks").code == 0
    gone = slides("collection", "show", "slides", "picks")
    assert (gone.code, "There is no collection 'picks'" in gone.err) == (3, True)


def test_json__is_exact(slides: Command) -> None:
    create(slides, "日本 =x", "a.png")
    rows = slides("collection", "list", "slides", "--json").json
    assert json.dumps([row["name"] for row in rows], ensure_ascii=False) == '["日本 =x"]'
