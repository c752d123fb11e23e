"""Adapters as processes on a tiny data set: ours and pycocotools, which is in our environment."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.peers.cases import Case, Files, prepare
from benchmarks.peers.contestants import ADAPTERS, CONTESTANTS, Contestant, environment, refusal
from benchmarks.peers.dataset_files import write_dataset
from benchmarks.peers.generator import Shape
from benchmarks.peers.measuring import Failed, Measured, measure, run_process

TINY = Shape(images=40, classes=3, truth=120, predictions=200, masks=True)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("peers") / "tiny"
    write_dataset(folder, TINY)
    return Files(folder / "truth.json", folder / "truth_rle.json", folder / "predictions.json")


def _run(script: str, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, str(ADAPTERS / f"with_{script}.py"), *arguments]
    found: dict[str, Any] = json.loads(run_process(command, environment(), cap=60)["printed"])
    return found


def test_a_data_set__is_written_once(files: Files) -> None:
    before = files.truth.stat().st_mtime_ns
    write_dataset(files.truth.parent, TINY)
    assert files.truth.stat().st_mtime_ns == before


def test_ground_truth__has_polygons_and_crowd_runs_and_the_same_as_run_lengths(
    files: Files,
) -> None:
    documents = [json.loads(path.read_bytes()) for path in (files.truth, files.truth_in_memory)]
    as_written, runs = (document["annotations"] for document in documents)
    assert len(as_written) == 120
    assert [row["area"] for row in as_written] == [row["area"] for row in runs]
    for row in as_written:
        shape = dict if row["iscrowd"] else list
        assert isinstance(row["segmentation"], shape)
    assert all(isinstance(row["segmentation"]["counts"], str) for row in runs)


@pytest.mark.parametrize("iou_type", ["bbox", "segm"])
@pytest.mark.parametrize("script", ["curation", "curation_incremental"])
def test_our_adapters__give_the_numbers_of_pycocotools(
    files: Files, iou_type: str, script: str
) -> None:
    ours = _run(script, "arrays", str(files.truth_in_memory), str(files.predictions), iou_type, "0")
    assert len(ours["calls"]) == 3
    assert {"truth", "predictions", "first"} <= ours["seconds"].keys()
    if script == "curation":
        theirs = _run("pycocotools", "files", str(files.truth), str(files.predictions), iou_type)
        assert theirs["seconds"].keys() == {
            *("import", "truth", "predictions", "evaluate", "summary")
        }
        assert ours["numbers"] == theirs["numbers"]


def test_our_adapter_with_masks_as_text__gives_the_same_numbers(files: Files) -> None:
    arguments = ("arrays", str(files.truth_in_memory), str(files.predictions), "segm", "0")
    assert _run("curation_texts", *arguments)["numbers"] == _run("curation", *arguments)["numbers"]


def test_processes__are_measured_as_a_whole() -> None:
    code = "b = bytearray(80_000_000)\nwhile __import__('time').process_time() < 0.2: pass"
    run = run_process([sys.executable, "-c", code], environment(), cap=60)
    assert run["wall"] >= 0.1
    assert run["cpu"] >= 0.2
    assert run["mb"] > 80


@pytest.mark.parametrize(
    ("code", "cap", "words"),
    [
        ("raise SystemExit('no such file')", 60, "no such file"),
        ("import time; time.sleep(60)", 0.3, "over 0 s"),
    ],
    ids=["it fails", "it takes too long"],
)
def test_processes__that_do_not_end_well_say_why(code: str, cap: float, words: str) -> None:
    with pytest.raises(Failed, match=words):
        run_process([sys.executable, "-c", code], environment(), cap=cap)


def _contestant(row: str, code: str, *, slow: bool = False) -> Contestant:
    return Contestant(
        row=row,
        kind="files",
        command=lambda _case, _files: [sys.executable, "-c", code],
        read=json.loads,
        slow=slow,
        refuses={"segm": "no masks"},
    )


def test_contestants__take_turns_and_drop_out_with_a_reason(files: Files) -> None:
    answer = "print('{\"numbers\": [1.0]}')"
    turns: list[str] = []
    entries = measure(
        Case("tiny", "tiny"),
        files,
        [
            _contestant("fast", answer),
            _contestant("slow", answer, slow=True),
            _contestant("broken", "raise SystemExit('out of order')"),
        ],
        rounds=(2, 1),
        cap=60,
        say=lambda words: turns.append(words.split(", ")[1]),
    )
    assert turns == ["fast", "slow", "broken", "fast"]
    assert [len(entry.runs) for entry in entries] == [2, 1, 0]
    assert entries[2].skipped == "out of order"
    assert entries[0].runs[0]["numbers"] == [1.0]


def test_contestants__refuse_cases_by_name() -> None:
    contestant = _contestant("fast", "")
    assert refusal(contestant, Case("tiny", "tiny")) is None
    assert refusal(contestant, Case("tiny", "tiny", "segm")) == "no masks"


def test_contestants__each_have_their_adapter() -> None:
    tiny = Case("tiny", "tiny")
    nowhere = Files(Path("truth"), Path("truth"), Path("predictions"))
    scripts = {
        part for each in CONTESTANTS for part in each.command(tiny, nowhere) if part.endswith(".py")
    }
    assert len(scripts) >= 8
    assert [script for script in scripts if not Path(script).exists()] == []


def test_real_cases__are_left_out_where_their_data_is_not(tmp_path: Path) -> None:
    case = Case("real", "real", real=("truth.json", "predictions.json"))
    assert prepare(case, shared_data=tmp_path) is None


def test_measured_entries__begin_without_runs() -> None:
    assert Measured("ours", "files", None) == Measured("ours", "files", None, [], None)
