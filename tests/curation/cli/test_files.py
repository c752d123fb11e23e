"""`evaluate` and `compare-files`: COCO files in, numbers, gates and reports out, no project."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from curation.cli import files
from curation.evaluations import request
from tests.curation.cli.conftest import Command
from tests.curation.cli.test_real_sets import oracle
from tests.evaluation.inputs.detector_files import write_files

# What takes longer to import than a small evaluation takes.
SLOW = {"pandas", "altair", "sqlalchemy", "pydantic", "dbos", "streamlit", "importlib.metadata"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ground truth, a detector that finds most and one that finds half."""
    place = tmp_path_factory.mktemp("files")
    write_files(place, good=0.9, poor=0.5)
    return place


def test_evaluate__prints_the_numbers_of_pycocotools(curation: Command, folder: Path) -> None:
    truth, good = folder / "val.json", folder / "good.json"
    numbers = curation("evaluate", truth, good, "--json").json
    assert numbers["metrics"] == oracle(truth, good, "bbox")
    assert (numbers["truth"], numbers["predictions"]) == (str(truth), str(good))
    assert (numbers["images"], numbers["iou_type"], numbers["strict"]) == (60, "bbox", False)
    assert [row["name"] for row in numbers["classes"]] == ["cell", "nucleus"]


def test_evaluate__prints_a_table_for_people(curation: Command, folder: Path) -> None:
    out = curation("evaluate", folder / "val.json", folder / "good.json").out.splitlines()
    assert out[0].startswith("boxes · 2 classes · 240 labels · ")
    assert out[2].split()[:3] == ["AP", "AP50", "AP75"]
    assert out[-3].split()[:3] == ["class", "AP", "AP50"]
    assert out[-1].startswith("nucleus")


def test_evaluate__thresholds_move_the_operating_point(curation: Command, folder: Path) -> None:
    numbers = curation(
        "evaluate", folder / "val.json", folder / "good.json", "--score", "0.9", "--iou", "0.75",
        "--class-agnostic", "--strict", "--json",
    ).json  # fmt: skip
    assert numbers["operating_point"]["score"] == 0.9
    assert numbers["operating_point"]["iou"] == 0.75
    assert numbers["strict"]
    assert [row["name"] for row in numbers["classes"]] == ["any class"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--iou", "0.42"], "Use one of 0.50, 0.55"),
        (["--score", "nan"], "Use a finite number"),
        (["--iou-type", "points"], "'points' is not one of"),
    ],
)
def test_evaluate__a_wrong_option_is_exit_code_2(
    curation: Command, folder: Path, arguments: list[str], message: str
) -> None:
    outcome = curation("evaluate", folder / "val.json", folder / "good.json", *arguments)
    assert outcome.code == 2
    assert message in outcome.err


def test_evaluate__files_that_are_not_there_or_not_json(
    curation: Command, folder: Path, tmp_path: Path
) -> None:
    assert curation("evaluate", folder / "val.json", folder / "none.json").code == 2
    broken = tmp_path / "broken.json"
    broken.write_text("[{", encoding="utf-8")
    outcome = curation("evaluate", folder / "val.json", broken)
    assert outcome.code == 4
    assert "broken.json is not valid JSON" in outcome.err


def test_evaluate__masks_that_are_not_there(curation: Command, folder: Path) -> None:
    files_given = (folder / "val.json", folder / "good.json")
    assert curation("evaluate", *files_given, "--iou-type", "segm").code == 4


def test_compare_files__the_first_set_is_compared_against_the_second(
    curation: Command, folder: Path
) -> None:
    given = (folder / "val.json", folder / "good.json", folder / "poor.json")
    numbers = curation("compare-files", *given, "--replicates", "200", "--json").json
    good, poor = (curation("evaluate", given[0], file, "--json").json for file in given[1:])
    assert numbers["set"]["prediction_set"] == "good.json"
    assert numbers["against"]["prediction_set"] == "poor.json"
    assert numbers["set"]["metrics"] == good["metrics"]
    change = numbers["delta"]
    assert change["metrics"]["AP"] == good["metrics"]["AP"] - poor["metrics"]["AP"] > 0
    assert list(change["AP"]) == ["value", "low", "high", "p", "support"]
    assert change["AP"]["low"] < change["AP"]["value"] < change["AP"]["high"]
    assert numbers["gates"] == []
    assert numbers["truth"] == str(given[0])


def test_compare_files__names_the_baseline_in_its_table(curation: Command, folder: Path) -> None:
    out = curation(
        "compare-files", folder / "val.json", folder / "good.json", folder / "poor.json",
        "--replicates", "100",
    ).out.splitlines()  # fmt: skip
    assert out[:3] == [
        "set       good.json",
        "baseline  poor.json",
        "delta     set − baseline",
    ]


@pytest.mark.parametrize(
    ("sets", "gate", "state"),
    [
        (("poor.json", "good.json"), "AP<-0.005", "failed"),
        (("good.json", "poor.json"), "AP<-0.005", "passed"),
        (("poor.json", "good.json"), "class:nucleus:recall<-0.1", "failed"),
        (("good.json", "good.json"), "AP<=0", "not significant"),
        (("poor.json", "good.json"), "AP<-0.999", "passed"),
    ],
)
def test_compare_files__exit_code_1_when_a_gate_fails(
    curation: Command, folder: Path, sets: tuple[str, str], gate: str, state: str
) -> None:
    outcome = curation(
        "compare-files", folder / "val.json", *(folder / name for name in sets),
        "--fail-if", gate, "--replicates", "200", "--json",
    )  # fmt: skip
    assert outcome.code == (1 if state == "failed" else 0)
    (judged,) = json.loads(outcome.out)["gates"]
    assert (judged["gate"], judged["state"]) == (gate, state)
    assert outcome.err.startswith(f"{gate}: ")


def test_compare_files__one_failing_gate_is_enough(curation: Command, folder: Path) -> None:
    outcome = curation(
        "compare-files", folder / "val.json", folder / "poor.json", folder / "good.json",
        "--fail-if", "AP50>0.5", "--fail-if", "recall<0", "--replicates", "100",
    )  # fmt: skip
    assert outcome.code == 1
    assert [line.split(" (")[0] for line in outcome.err.splitlines()] == [
        "AP50>0.5: passed",
        "recall<0: failed",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--fail-if", "mAP<-0.005"], "has no number 'mAP'. Use AP, AP50, AP75"),
        (["--fail-if", "AP"], "is no NAME OPERATOR NUMBER"),
        (["--fail-if", "class:cel:AP<0"], "one of the classes: cell, nucleus"),
        (["--fail-if", "AP<0", "--replicates", "0"], "give --replicates at least 1"),
        (["--json", "--markdown", "-"], "both want stdout"),
        (["--level", "1"], "is not in the range 0<x<1"),
        (["--markdown", "no such folder/report.md"], "report.md is no place for a file"),
    ],
)
def test_compare_files__a_wrong_option_is_exit_code_2(
    curation: Command, folder: Path, arguments: list[str], message: str
) -> None:
    given = (folder / "val.json", folder / "good.json", folder / "poor.json")
    outcome = curation("compare-files", *given, "--replicates", "20", *arguments)
    assert outcome.code == 2
    assert message in " ".join(outcome.err.split())


def test_compare_files__writes_a_report(curation: Command, folder: Path, tmp_path: Path) -> None:
    given = (folder / "val.json", folder / "good.json", folder / "poor.json")
    options = ("--replicates", "100", "--fail-if", "AP<0")
    report = tmp_path / "report.md"
    curation("compare-files", *given, *options, "--markdown", report)
    text = report.read_text(encoding="utf-8")
    assert text.startswith("## `good.json` compared against the baseline `poor.json`\n")
    assert "### Gates: none failed" in text
    assert curation("compare-files", *given, *options, "--markdown", "-").out == text


def test_defaults__are_those_of_the_project_commands() -> None:
    assert (files.SCORE, files.IOU) == (request.DEFAULT_SCORE, request.DEFAULT_IOU)


@pytest.mark.parametrize("command", ["evaluate", "compare-files"])
def test_commands__start_without_what_they_do_not_need(folder: Path, command: str) -> None:
    given = ["val.json", "good.json", *(["poor.json"] if command == "compare-files" else [])]
    arguments = [command, *(str(folder / name) for name in given), "--json"]
    script = (
        "import sys\nfrom curation.cli.main import main\n"
        f"try:\n    main({arguments!r})\nfinally:\n    print(*sys.modules, file=sys.stderr)"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert SLOW & set(run.stderr.split()) == set()


def test_real_sets__by_files_are_those_of_pycocotools(curation: Command, shared_data: Path) -> None:
    place = shared_data / "coco_val2014_100"
    truth = place / "instances_val2014_100.json"
    for iou_type in ("bbox", "segm"):
        found = place / f"instances_val2014_fake{iou_type}100_results.json"
        numbers = curation("evaluate", truth, found, "--iou-type", iou_type, "--json").json
        assert numbers["metrics"] == oracle(truth, found, iou_type)


def test_compare_files__a_model_that_predicts_nothing_fails_the_gate(
    curation: Command, folder: Path, tmp_path: Path
) -> None:
    nothing = tmp_path / "nothing.json"
    nothing.write_text("[]", encoding="utf-8")
    outcome = curation(
        "compare-files", folder / "val.json", nothing, folder / "good.json",
        "--fail-if", "precision<-0.1", "--replicates", "20", "--json",
    )  # fmt: skip
    assert outcome.code == 1
    assert "the set has no precision, the baseline has: failed" in outcome.err
    assert json.loads(outcome.out)["gates"][0]["state"] == "missing"


def test_compare_files__a_report_that_cannot_be_written_is_no_failed_gate(
    curation: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_text", refuse)
    given = (folder / "val.json", folder / "good.json", folder / "poor.json")
    outcome = curation("compare-files", *given, "--replicates", "0", "--markdown", "report.md")
    assert outcome.code == 2
    assert "report.md cannot be written: Permission denied" in " ".join(outcome.err.split())


def test_compare_files__an_unexpected_error_is_no_failed_gate(
    curation: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("evaluation.compare", broken)
    given = (folder / "val.json", folder / "good.json", folder / "poor.json")
    outcome = curation("compare-files", *given)
    assert outcome.code == 70
    assert outcome.err.splitlines()[-1].startswith("Unexpected error ")


def test_evaluate__class_agnostic_leaves_out_classes_that_the_truth_lacks(
    curation: Command, folder: Path, tmp_path: Path
) -> None:
    rows = json.loads((folder / "good.json").read_text(encoding="utf-8"))
    more = tmp_path / "more.json"
    more.write_text(json.dumps([*rows, rows[0] | {"category_id": 77}]), encoding="utf-8")
    plain, extra = (
        curation("evaluate", folder / "val.json", path, "--class-agnostic", "--json").json
        for path in (folder / "good.json", more)
    )
    assert extra["metrics"] == plain["metrics"]
    assert extra["notices"][-1].startswith("class-agnostic: 1 predictions of 1 class ")
