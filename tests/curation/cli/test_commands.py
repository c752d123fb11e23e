"""The command line from import to comparison: JSON on stdout, the rest on stderr, exit codes."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from curation.cli.main import main
from tests.curation.cli.conftest import Command
from tests.curation.conftest import COCO, FIRST, SECOND, write_json


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small project with both sets, made by commands once."""
    folder = tmp_path_factory.mktemp("template")

    def run(*arguments: str) -> None:
        with pytest.raises(SystemExit) as stop:
            main(["--data-dir", str(folder / "data"), *arguments])
        assert not stop.value.code

    truth = write_json(folder / "truth.json", COCO)
    run("project", "import", "coco", "slides", "--annotations", str(truth))
    for name, rows in (("first", FIRST), ("second", SECOND)):
        file = write_json(folder / f"{name}.json", rows)
        run("predictions", "import", "slides", str(file), "--name", name, "--model", "m")
    return folder


@pytest.fixture
def project(curation: Command, template: Path, tmp_path: Path) -> Command:
    """A copy of the small project for this test alone, with its files beside it."""
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    return curation


def test_journey__import_evaluate_compare(project: Command) -> None:
    run = project("evaluation", "run", "slides", "second", "--json").json
    assert run["revision"] == 1
    assert run["operating_point"] == {
        "score": 0.3,
        "iou": 0.5,
        "precision": 2 / 3,
        "recall": 2 / 3,
        "f1": 2 / 3,
        "tp": 2,
        "fp": 1,
        "fn": 1,
    }
    assert run["metrics"]["APl"] is None
    compared = project("compare", "slides", "second", "--against", "first", "--json").json
    assert compared["set"]["metrics"] == run["metrics"]
    assert compared["delta"]["operating_point"]["tp"] == 1
    assert "delta" in project("compare", "slides", "second", "--against", "first").out


def test_compare__with_an_earlier_revision_splits_the_delta(project: Command) -> None:
    asked = ("compare", "slides", "second", "--against", "first", "--against-revision", "1")
    compared = project(*asked, "--json").json
    parts = compared["attribution"]
    assert parts["model"]["operating_point"]["tp"] == parts["total"]["operating_point"]["tp"] == 1
    assert parts["labels"]["operating_point"]["tp"] == 0
    assert "from label revision 1 to 1" in project(*asked).out
    assert project(*asked[:-1], "9").code == 3


def test_lists__projects_classes_sets_and_jobs(project: Command) -> None:
    assert [card["name"] for card in project("project", "list", "--json").json] == ["slides"]
    assert project("project", "show", "slides", "--json").json["labels"] == 3
    names = [row["name"] for row in project("class", "list", "slides", "--json").json]
    assert names == ["cell", "nucleus"]
    sets = project("predictions", "list", "slides", "--json").json
    assert [(row["name"], row["predictions"]) for row in sets] == [("second", 3), ("first", 2)]
    jobs = project("job", "list", "--json").json
    assert {job["status"] for job in jobs} == {"done"}
    assert len(jobs) == 5


def test_tables__are_for_people(project: Command) -> None:
    for command in (
        ("project", "list"),
        ("project", "show", "slides"),
        ("class", "list", "slides"),
        ("predictions", "list", "slides"),
        ("job", "list"),
        ("evaluation", "run", "slides", "first"),
        ("db", "check"),
    ):
        done = project(*command)
        assert done.code == 0
        assert done.out.strip()


def test_dry_run__writes_nothing(curation: Command, tmp_path: Path) -> None:
    truth = write_json(tmp_path / "truth.json", COCO)
    done = curation("project", "import", "coco", "p", "--annotations", truth, "--dry-run", "--json")
    assert done.json["counts"]["labels"] == 3
    assert curation("project", "list", "--json").json == []
    assert curation("job", "list", "--json").json == []


def test_dry_run__shows_the_class_map(project: Command, tmp_path: Path) -> None:
    file = write_json(tmp_path / "third.json", FIRST[:1])
    arguments = ("predictions", "import", "slides", file, "--name", "x", "--dry-run")
    assert project(*arguments, "--json").json["class_map"] == [
        {"key": "7", "count": 1, "class": "cell", "how": "remembered"}
    ]
    assert "cell" in project(*arguments).out


def test_dry_run__that_leaves_nothing_shows_the_class_map_and_is_exit_code_4(
    project: Command, tmp_path: Path
) -> None:
    file = write_json(tmp_path / "third.json", [{**FIRST[0], "category_id": 5}])
    done = project("predictions", "import", "slides", file, "--name", "x", "--dry-run")
    assert done.code == 4
    assert "(rejected)" in done.out
    assert "every prediction is rejected" in done.err


def test_same_file__is_recognised(project: Command, tmp_path: Path) -> None:
    done = project("predictions", "import", "slides", tmp_path / "first.json", "--name", "x")
    assert done.code == 0
    assert "Imported before, as first" in done.out


def test_class_map__from_a_file(project: Command, tmp_path: Path) -> None:
    file = write_json(tmp_path / "third.json", [{**FIRST[0], "category_id": 1}])
    mapping = write_json(tmp_path / "map.json", {"1": "nucleus"})
    arguments = ("predictions", "import", "slides", file, "--name", "third", "--class-map", mapping)
    assert project(*arguments, "--json").json["class_map"] == {"1": "nucleus"}


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("evaluation", "run", "nowhere", "x"), 3, "no project 'nowhere'"),
        (("evaluation", "run", "slides", "x"), 3, "no prediction set 'x'"),
        (("evaluation", "run", "slides", "first", "--iou", "0.52"), 2, "iou is 0.52"),
        (("evaluation", "run", "slides", "first", "--iou-type", "segm"), 5, "has boxes only"),
        (("evaluation", "run", "slides", "first", "--split", "val"), 3, "no split 'val'"),
        (("compare", "slides", "first"), 2, "--against"),
        (("serve", "--host", "0.0.0.0"), 2, "loopback"),
        (("job", "resume", "nothing"), 3, "no job"),
        (("nonsense",), 2, "No such command"),
    ],
)
def test_errors__one_line_and_their_exit_code(
    project: Command, arguments: tuple[str, ...], code: int, says: str
) -> None:
    done = project(*arguments)
    assert done.code == code
    assert says in done.err
    assert "Traceback" not in done.err


def test_errors__a_broken_file_is_exit_code_4(curation: Command, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    arguments = ("project", "import", "coco", "p", "--annotations", tmp_path / "broken.json")
    for command in (arguments, (*arguments, "--dry-run")):
        done = curation(*command)
        assert done.code == 4
        assert "Import rejected: " in done.err
        assert "broken.json" in done.err
        assert "Traceback" not in done.err
    assert curation("project", "list", "--json").json == []


def test_errors__the_same_project_file_twice_is_exit_code_5(project: Command, tmp_path) -> None:
    truth = tmp_path / "truth.json"
    done = project("project", "import", "coco", "slides", "--annotations", truth)
    assert done.code == 5
    assert "was imported into 'slides' before" in done.err


@pytest.mark.parametrize(
    ("url", "code", "says"),
    [
        ("postgresql://me:canary@127.0.0.1:1/x", 7, "No answer: The database did not answer"),
        ("postgresql://me:canary@127.0.0.1:port/x", 2, "CURATION_DATABASE_URL is 'not valid'"),
        ("oracle9://me:canary@127.0.0.1/x", 2, "CURATION_DATABASE_URL is 'not valid'"),
        ("mysql://me:canary@127.0.0.1/x", 2, "CURATION_DATABASE_URL is 'not valid'"),
        ("canary", 2, "CURATION_DATABASE_URL is 'not valid'"),
    ],
)
@pytest.mark.parametrize("command", [("project", "list"), ("db", "check"), ("db", "upgrade")])
def test_errors__of_the_database_are_told_without_its_password(
    curation: Command, monkeypatch, command, url, code, says
) -> None:
    monkeypatch.setenv("CURATION_DATABASE_URL", url)
    done = curation(*command)
    assert done.code == code
    assert says in done.err
    assert "canary" not in done.err + done.out
    assert "Traceback" not in done.err


@pytest.mark.parametrize("content", [None, "port = "])
def test_errors__of_the_settings_file_are_exit_code_2(
    curation: Command, monkeypatch, tmp_path: Path, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "curation.toml").write_text(content)
    monkeypatch.setenv("CURATION_SETTINGS_FILE", str(tmp_path / "curation.toml"))
    done = curation("project", "list")
    assert done.code == 2
    assert "CURATION_SETTINGS_FILE" in done.err


def test_project_show__without_any_image(curation: Command, tmp_path: Path) -> None:
    assert curation("db", "upgrade").code == 0
    store = sqlite3.connect(tmp_path / "data" / "curation.sqlite")
    with store:
        store.execute(
            "INSERT INTO project (name, description, status, revision, created)"
            " VALUES ('p', '', 'ready', 0, '2026-01-01 00:00:00')"
        )
    store.close()
    done = curation("project", "show", "p")
    assert (done.code, "prediction sets: none" in done.out) == (0, True)


def test_db_backup__into_a_missing_folder_is_exit_code_2(curation: Command, tmp_path) -> None:
    done = curation("db", "backup", tmp_path / "none" / "copy.sqlite")
    assert done.code == 2
    assert "There is no folder" in done.err


def test_db__upgrade_check_backup(curation: Command, tmp_path: Path) -> None:
    assert curation("db", "check").code == 5
    assert curation("db", "upgrade").code == 0
    assert curation("db", "check", "--json").json["drift"] == []
    assert curation("db", "backup", tmp_path / "copy.sqlite").code == 0
    assert (tmp_path / "copy.sqlite").stat().st_size > 0


def test_data_dir__may_stand_anywhere(tmp_path: Path) -> None:
    for arguments in (
        ["--data-dir", str(tmp_path / "a"), "project", "list", "--json"],
        ["project", "list", "--json", f"--data-dir={tmp_path / 'a'}"],
    ):
        command = [sys.executable, "-m", "curation.cli.main", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert json.loads(done.stdout) == []
    assert (tmp_path / "a" / "curation.sqlite").exists()


def test_help__lists_commands_without_loading_them(tmp_path: Path) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "curation.cli.main", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Compare two prediction sets" in done.stdout
    for heavy in ("sqlalchemy", "streamlit", "pandas", "dbos", "cv2"):
        assert f" {heavy}\n" not in done.stderr
