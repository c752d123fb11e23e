"""`curation push`, from the look to what came back."""

from __future__ import annotations

from pathlib import Path

import pytest

from curation.settings import Settings
from curation.store.collections import CollectionDraft, Item, add_collection
from curation.store.database import Database
from curation.sync.sources import SourceDraft, keep_source
from tests.curation.cli.conftest import Command
from tests.curation.conftest import COCO, SECOND, write_json
from tests.curation.sync.recording_tool import RecordingServer, offer_recording_tool


@pytest.fixture
def recording(
    curation: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> RecordingServer:
    """The small project with a prediction set, a collection, and a source that takes work."""
    server = offer_recording_tool(monkeypatch)
    truth = write_json(tmp_path / "truth.json", COCO)
    results = write_json(tmp_path / "second.json", SECOND)
    assert curation("project", "import", "coco", "slides", "--annotations", truth).code == 0
    assert curation("predictions", "import", "slides", results, "--name", "yolo").code == 0
    settings = Settings(data_dir=tmp_path / "data")
    database = Database.from_settings(settings)
    draft = CollectionDraft(1, "misses", "images", (Item(1, note="dark"), Item(2)), {}, 1, "me")
    add_collection(database, draft)
    options = {"image_address": "/files/?d={file_name}"}
    keep_source(database, settings, SourceDraft(1, "labels", "recording", "there", options=options))
    database.close()
    return server


def test_push__from_preview_to_status(curation: Command, recording: RecordingServer) -> None:
    recording.add(1, "/x/b.png", image_key="image-2")
    recording.annotate(1)
    asked = ["labels", "misses", "--set", "yolo", "--score-floor", "0.5", "--priority", "0.8"]
    found = curation("push", "preview", *asked, "--json").json
    assert found["counts"] == {"create": 1, "change": 1}
    assert found["images"][1] == {
        "file_name": "b.png",
        "action": "change",
        "address": "/x/b.png",
        "note": "",
        "predictions": 1,
        "task": "1",
        "now": {"status": "submitted", "by": "ann", "at": recording.tasks[1].status_at},
        "overwrites": {
            "priority": {"before": None, "after": 0.8},
            "predictions": {"before": 0, "after": 1},
        },
        "problems": [],
    }
    assert recording.sent == []
    shown = curation("push", "preview", *asked)
    assert "misses to labels: 1 create, 1 change" in shown.out
    assert "priority: None → 0.8, predictions: 0 → 1" in shown.out

    started = curation("push", "start", *asked, "--json")
    assert started.json["items"] == {"done": 2}
    assert started.json["not_sent"] == []
    assert "misses to labels: 1 create, 1 change" in started.err
    assert [item.image_key for item in recording.sent[0]] == ["image-1", "image-2"]
    [listed] = curation("push", "list", "labels", "--json").json
    assert (listed["prediction_set"], listed["score_floor"], listed["status"]) == (
        "yolo", 0.5, "done",
    )  # fmt: skip
    recording.annotate(2)
    assert curation("sync", "run", "labels").code == 0
    status = curation("push", "status", "1", "--json").json
    assert status["statuses"] == {"submitted": 2}
    assert [(each["file_name"], each["task"], each["by"]) for each in status["images"]] == [
        ("a.png", "2", "ann"),
        ("b.png", "1", "ann"),
    ]
    assert "2 submitted" in curation("push", "status", "1").out
    assert curation("push", "list", "labels").out.splitlines()[1].split()[-2:] == ["2", "done"]


def test_push__says_what_was_not_sent(curation: Command, recording: RecordingServer) -> None:
    recording.refuses = {"image-2"}
    started = curation("push", "start", "labels", "misses")
    assert started.code == 5
    assert started.out.splitlines() == [
        "push 1: 1 done, 1 failed",
        "  b.png: failed: the tool refused it: too blue",
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["preview", "elsewhere", "misses"], 3, "no source"),
        (["preview", "labels", "hits"], 3, "Known: misses"),
        (["start", "labels", "misses", "--set", "detr"], 3, "Known: yolo"),
        (["start", "labels", "misses", "--priority", "7"], 2, "a number from 0 to 1"),
        (["status", "9"], 3, "no push"),
    ],
)
def test_push__that_cannot_be_meant_says_why(
    curation: Command, recording: RecordingServer, arguments: list[str], code: int, words: str
) -> None:
    outcome = curation("push", *arguments)
    assert (outcome.code, recording.sent) == (code, [])
    assert words in outcome.err
