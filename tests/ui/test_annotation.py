"""The Annotation page: sources and how they stand, runs, classes, work, settings, connecting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from curation.errors import CurationError, TooManyVanished
from curation.store.jobs import cancel_job, finish_job, list_jobs
from curation.store.projects import reevaluates
from curation.store.sources import change_source, get_source, list_sources
from curation.sync.class_questions import class_questions, list_source_classes
from curation.sync.tools.registry import TOOLS
from tests.curation.sync.conftest import project_id, server, source_id
from tests.curation.sync.conftest import sync as unfinished_sync
from tests.curation.sync.memory_tool import SERVERS, MemoryServer, box
from tests.ui.test_screens import metrics, texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from curation.store.database import Database

    OpenScreen = Callable[..., AppTest]

# The fixtures of the services' tests.
__all__ = ["project_id", "server", "source_id", "unfinished_sync"]
SOURCES, RUNS, COUNTS = range(3)


@pytest.fixture
def sync(unfinished_sync: Any, database: Database) -> Any:
    """Run a sync and close its job, as the engine would, which these tests do without."""

    def run(**request: Any) -> Any:
        try:
            done = unfinished_sync(**request)
        except CurationError as error:
            finish_job(database, list_jobs(database)[0].id, "failed", error=str(error))
            raise
        finish_job(database, done.job_id, "done")
        return done

    return run


def frame(app: AppTest, place: int) -> Any:
    return app.main.dataframe[place].value


def warnings(app: AppTest) -> str:
    return " ".join(element.value.replace("\\", "") for element in app.main.warning)


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.main.button if button.label == label).click().run()


def test_annotation__without_a_project_names_the_missing_step(open_screen: OpenScreen) -> None:
    app = open_screen("annotation")
    assert "no project yet" in texts(app)


def test_annotation__without_a_source_shows_the_command(
    project_id: int, open_screen: OpenScreen
) -> None:
    app = open_screen("annotation")
    assert app.main.code[0].value.startswith("curation source add slides labels --location URL")
    press(app, "Connect a source")
    assert app.query_params["connect"] == "new"
    assert "Connect a source" in texts(app)
    press(app, "Cancel")
    assert "connect" not in app.query_params


def test_sources__a_new_one_was_never_synced(source_id: int, open_screen: OpenScreen) -> None:
    app = open_screen("annotation")
    row = frame(app, SOURCES).iloc[0]
    assert (row["Source"], row["Status"], row["Next run"]) == ("tool", "never synced", "by hand")
    assert app.query_params["source"] == "tool"
    assert "curation sync run tool --dry-run" in app.main.code[0].value


def test_sources__after_a_sync_they_are_up_to_date_and_say_what_changed(
    source_id: int, sync: Any, server: MemoryServer, open_screen: OpenScreen
) -> None:
    server.add(1, "a.png", box("cell", 0, 0, 10, 10), box("nucleus", 70, 60, 5, 5))
    sync()
    app = open_screen("annotation")
    row = frame(app, SOURCES).iloc[0]
    # The same box stays; the large cell went, a nucleus came.
    assert (row["Status"], row["Labels"], row["Revision"]) == ("up to date", "+1 −1", "2")
    run = frame(app, RUNS).iloc[0]
    assert (run["Kind"], run["Ended"], run["Images"]) == ("sync, all", "done", "~1")
    assert (run["Labels"], run["Waiting"], run["By"]) == ("+1 −1", 0, "tester")
    assert "images ~1, labels +1 −1, revision 2" in texts(app)


def test_sources__a_dry_run_is_told_in_brackets_and_sync_is_offered(
    source_id: int, sync: Any, server: MemoryServer, open_screen: OpenScreen
) -> None:
    server.add(1, "a.png", box("cell", 0, 0, 10, 10), box("nucleus", 70, 60, 5, 5))
    sync(dry_run=True)
    app = open_screen("annotation")
    row = frame(app, SOURCES).iloc[0]
    assert (row["Status"], row["Labels"], row["Revision"]) == ("ready to sync", "(+1 −1)", "")
    assert "would change: images ~1, labels +1 −1. Nothing was changed." in texts(app)


def test_sources__an_address_that_names_none_is_said(
    source_id: int, open_screen: OpenScreen
) -> None:
    app = open_screen("annotation", source="gone")
    assert "There is no source 'gone'" in app.main.error[0].value.replace("\\", "")


def test_run__the_picked_one_shows_counts_with_their_meaning(
    source_id: int, sync: Any, server: MemoryServer, open_screen: OpenScreen
) -> None:
    server.add(1, "a.png", box("cell", 0, 0, 10, 10), box("lorry", 70, 60, 5, 5))
    run = sync()
    app = open_screen("annotation", source="tool", run=str(run.id))
    counts = frame(app, COUNTS).set_index("Count")
    assert counts.loc["waiting", "Number"] == 1
    assert counts.loc["tasks added", "Number"] == 1
    assert counts.loc["waiting", "Means"].startswith("Tasks whose labels wait")
    assert "from the beginning" in texts(app)
    labels = [each.label.replace("\\", "") for each in app.main.expander]
    assert labels == ["1 × a class waits for an answer"]
    assert app.main.text[0].value == "a.png: lorry"


@pytest.mark.parametrize("asked", ["99", "x", "9" * 30])
def test_run__an_address_that_names_none_is_said(
    source_id: int, sync: Any, open_screen: OpenScreen, asked: str
) -> None:
    sync()
    app = open_screen("annotation", source="tool", run=asked)
    assert f"There is no sync run '{asked}'".replace("'99'", "99") in app.main.error[
        0
    ].value.replace("\\", "")


def test_sync_now__starts_one_run_and_shows_its_progress(
    source_id: int, database: Database, open_screen: OpenScreen
) -> None:
    app = press(open_screen("annotation"), "Sync now")
    job = list_jobs(database)[0]
    assert (job.kind, job.status, job.payload["dry_run"]) == ("sync", "queued", False)
    assert frame(app, SOURCES).iloc[0]["Status"] == "syncing"
    assert next(each for each in app.main.button if each.label == "Sync now").disabled
    cancel_job(database, job.id)


@pytest.mark.parametrize(
    ("label", "asked"),
    [("Dry run", {"dry_run": True}), ("Compare everything", {"reconcile": True})],
)
def test_buttons__ask_for_what_they_say(
    source_id: int,
    database: Database,
    open_screen: OpenScreen,
    label: str,
    asked: dict[str, bool],
) -> None:
    press(open_screen("annotation"), label)
    payload = list_jobs(database)[0].payload
    plain = {"dry_run": False, "reconcile": False, "allow_removals": False}
    assert {name: payload[name] for name in plain} == plain | asked


def test_vanished__is_counted_and_only_then_allowed(
    source_id: int, sync: Any, server: MemoryServer, database: Database, open_screen: OpenScreen
) -> None:
    for number in range(1, 11):
        server.add(number, f"image-{number}.png", box("cell"))
    sync()
    for number in range(1, 4):
        server.tasks.pop(number)
    with pytest.raises(TooManyVanished):
        sync(reconcile=True)
    app = open_screen("annotation")
    assert frame(app, SOURCES).iloc[0]["Status"] == "needs attention"
    assert "3 of the 10 tasks" in warnings(app)
    press(app, "Yes, 3 may go")
    payload = list_jobs(database)[0].payload
    assert (payload["reconcile"], payload["allow_removals"]) == (True, True)


def test_classes__questions_are_answered_and_the_source_is_ready_then(
    source_id: int, sync: Any, server: MemoryServer, database: Database, open_screen: OpenScreen
) -> None:
    server.add(1, "a.png", box("Nuclei"))
    server.add(2, "b.png", box("junk"))
    sync()
    app = open_screen("annotation", source="tool", view="Classes")
    assert "2 classes of the tool wait for an answer." in texts(app)
    nuclei = app.selectbox(key="meaning-Nuclei")
    assert "similar: nucleus" in texts(app)
    assert nuclei.options[0] == "nucleus"
    nuclei.set_value(("class", "nucleus"))
    app.selectbox(key="meaning-junk").set_value(("ignore", ""))
    press(app, "Save")
    answers = {row.name: row.answer for row in list_source_classes(database, source_id)}
    assert answers == {"Nuclei": "class", "cell": "class", "junk": "ignore", "nucleus": "class"}
    assert frame(app, SOURCES).iloc[0]["Status"] == "ready to sync"
    assert "Every class of the tool has an answer." in texts(app)


def test_classes__a_button_leads_to_the_questions(
    source_id: int, sync: Any, server: MemoryServer, open_screen: OpenScreen
) -> None:
    server.add(1, "a.png", box("lorry"))
    sync()
    app = press(open_screen("annotation"), "Answer 1 class")
    assert "1 class of the tool waits for an answer." in texts(app)


def test_classes__all_can_be_taken_as_new(
    source_id: int, sync: Any, server: MemoryServer, database: Database, open_screen: OpenScreen
) -> None:
    server.add(1, "a.png", box("lorry"), box("van"))
    sync()
    press(open_screen("annotation", view="Classes"), "Take all 2 as new classes")
    assert class_questions(database, get_source(database, source_id)) == ()


def test_classes__an_answer_can_be_changed(
    source_id: int, database: Database, open_screen: OpenScreen
) -> None:
    app = open_screen("annotation", view="Classes")
    app.selectbox(key="changed-class").set_value("cell")
    app.selectbox(key="changed-meaning").set_value(("ignore", "")).run()
    press(app, "Change")
    assert list_source_classes(database, source_id)[0].answer == "ignore"


def test_classes__names_of_the_tool_are_only_text(
    source_id: int, sync: Any, server: MemoryServer, open_screen: OpenScreen
) -> None:
    server.add(1, "a.png", box("[x](http://evil) **b**"))
    sync()
    app = open_screen("annotation", view="Classes")
    assert r"\[x\]\(http\://evil\) \*\*b\*\*" in texts(app)
    assert "[x](" not in texts(app) + app.main.warning[0].value


def test_work__counts_where_tasks_stand_and_why_they_wait(
    source_id: int, sync: Any, server: MemoryServer, open_screen: OpenScreen
) -> None:
    server.add(1, "a.png", box("lorry"))
    server.add(2, "b.png")
    server.add(3, "c.png", status="skipped", status_by="ann")
    sync()
    app = open_screen("annotation", view="Work")
    shown = {name: value for name, (value, _) in metrics(app).items()}
    assert shown == {
        "Tasks": "3",
        "Waiting": "1",
        "In progress": "0",
        "Submitted": "1",
        "Accepted": "0",
        "Skipped": "1",
    }
    held, tasks = (element.value for element in app.main.dataframe[1:])
    assert held.to_dict("records") == [{"Why": "a class waits for an answer", "Tasks": 1}]
    assert tasks["Status"].tolist() == ["submitted", "waiting", "skipped"]
    assert tasks["By"].tolist() == ["ann", "", "ann"]
    only = open_screen("annotation", view="Work", status="skipped")
    assert only.main.dataframe[2].value["Image"].tolist() == ["c.png"]


def test_settings__schedule_and_options_are_kept_and_the_next_times_shown(
    source_id: int, database: Database, open_screen: OpenScreen
) -> None:
    app = open_screen("annotation", view="Settings")
    app.text_input(key=f"source-{source_id}-schedule").set_value("30 2 * * *").run()
    assert texts(app).count("02:30") == 3
    app.selectbox(key=f"source-{source_id}-work-state").set_value("accepted")
    app.text_input(key=f"source-{source_id}-split").set_value("train").run()
    press(app, "Save")
    source = get_source(database, source_id)
    assert (source.schedule, source.options) == (
        "30 2 * * *",
        {"work_state": "accepted", "split": "train"},
    )
    assert source.due is not None
    assert (source.due.hour, source.due.minute) == (2, 30)


def test_settings__a_wrong_schedule_is_said_and_nothing_is_kept(
    source_id: int, database: Database, open_screen: OpenScreen
) -> None:
    app = open_screen("annotation", view="Settings")
    app.text_input(key=f"source-{source_id}-schedule").set_value("every day").run()
    press(app, "Save")
    assert "cron expression" in app.main.error[0].value
    assert get_source(database, source_id).schedule is None


def test_settings__a_folder_that_is_not_allowed_is_refused(
    source_id: int, database: Database, open_screen: OpenScreen
) -> None:
    app = open_screen("annotation", view="Settings")
    app.text_input(key=f"source-{source_id}-images").set_value("/etc").run()
    press(app, "Save")
    assert "leads outside" in app.main.error[0].value
    assert get_source(database, source_id).options == {}


def test_settings__switched_off_nothing_can_be_started(
    source_id: int, database: Database, open_screen: OpenScreen
) -> None:
    app = open_screen("annotation", view="Settings")
    app.toggle(key=f"source-{source_id}-enabled").set_value(False).run()
    press(app, "Save")
    assert not get_source(database, source_id).enabled
    assert frame(app, SOURCES).iloc[0]["Status"] == "switched off"
    assert next(each for each in app.main.button if each.label == "Sync now").disabled


def test_settings__a_stored_token_is_not_shown(
    source_id: int, database: Database, open_screen: OpenScreen
) -> None:
    with database.write() as connection:
        change_source(connection, source_id, secret_kind="stored", secret="gAAAAsealed")
    app = open_screen("annotation", view="Settings")
    facts = frame(app, 1).set_index("Setting")["Value"]
    assert facts["Token"] == "encrypted in the store"
    assert "gAAAAsealed" not in str(app.main)


def test_connecting__an_address_that_is_not_allowed_is_said_with_the_next_step(
    project_id: int, database: Database, open_screen: OpenScreen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABELS_TOKEN", "0123456789")
    app = open_screen("annotation", connect="new")
    app.text_input(key="connect-name").set_value("labels")
    app.text_input(key="connect-location-label-studio").set_value("https://labels.example.com")
    app.text_input(key="connect-project").set_value("7")
    app.text_input(key="connect-a variable").set_value("LABELS_TOKEN").run()
    press(app, "Ask the tool and connect")
    said = app.main.error[0].value.replace("\\", "")
    assert "https://labels.example.com is not an allowed annotation tool" in said
    assert "CURATION_TOOL_ORIGINS" in said
    assert list_sources(database) == ()


def test_connecting__a_tool_that_answers_is_kept_and_opened(
    project_id: int,
    server: MemoryServer,
    database: Database,
    open_screen: OpenScreen,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.classes = ("cell", "lorry")
    app = open_screen("annotation", connect="new")
    app.selectbox(key="connect-kind").set_value(TOOLS["memory"]).run()
    app.text_input(key="connect-name").set_value("tool")
    app.text_input(key="connect-schedule").set_value("*/15 * * * *")
    monkeypatch.setitem(SERVERS, "s3://here", server)
    app.text_input(key="connect-location-memory").set_value("s3://here").run()
    press(app, "Ask the tool and connect")
    source = list_sources(database)[0]
    assert (source.name, source.schedule) == ("tool", "*/15 * * * *")
    assert app.query_params["source"] == "tool"
    # One class of the tool is unknown, so its question is shown.
    assert "1 class of the tool waits for an answer." in texts(app)


def test_reevaluation__is_switched_for_the_project(
    source_id: int, project_id: int, database: Database, open_screen: OpenScreen
) -> None:
    app = open_screen("annotation")
    app.toggle(key=f"reevaluate-{project_id}").set_value(True).run()
    with database.read() as connection:
        assert reevaluates(connection, project_id)
