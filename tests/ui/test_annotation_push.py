"""The views Push and Work of the Annotation page, over a tool that takes work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from curation.store.jobs import cancel_job, list_jobs
from curation.store.sources import change_source, get_source
from tests.curation.sync import conftest as services
from tests.curation.sync.recording_tool import RecordingServer
from tests.ui.test_annotation import press
from tests.ui.test_screens import metrics, texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from curation.store.database import Database

    OpenScreen = Callable[..., AppTest]

# The fixtures of the services' tests.
recording, wide_project_id = services.recording, services.wide_project_id
recording_source, sets, collect = services.recording_source, services.sets, services.collect
both_images, request_for = services.both_images, services.request_for
preview, push = services.preview, services.push


def figures(app: AppTest) -> dict[str, str]:
    return {name: value for name, (value, _) in metrics(app).items()}


def test_push__without_a_collection_the_way_to_one_is_shown(
    recording_source: int, open_screen: OpenScreen
) -> None:
    app = open_screen("annotation", view="Push")
    assert "There is none yet." in texts(app)
    assert not app.main.selectbox


def test_push__a_collection_in_the_address_opens_the_view_with_it(
    recording_source: int, both_images: int, open_screen: OpenScreen
) -> None:
    app = open_screen("annotation", collection="both")
    assert app.selectbox(key="push-collection").value == "both"
    assert [button.label for button in app.main.button][-1] == "Preview"


def test_push__a_preview_shows_what_would_be_made_changed_and_left(
    recording_source: int,
    both_images: int,
    sets: Any,
    recording: RecordingServer,
    open_screen: OpenScreen,
) -> None:
    recording.add(1, "a.png", image_key="image-1", status="submitted", status_by="ann")
    app = open_screen("annotation", view="Push", collection="both")
    app.selectbox(key="push-set").set_value("second")
    app.number_input(key="push-priority").set_value(0.9)
    app.text_input(key="push-note").set_value("why").run()
    assert not app.main.metric  # nothing is asked before somebody says so
    press(app, "Preview")
    assert figures(app) == {
        "Create": "1",
        "Change": "1",
        "Reopen": "0",
        "Unchanged": "0",
        "Blocked": "0",
    }
    rows = app.main.dataframe[1].value
    assert rows["Would"].tolist() == ["change", "create"]
    assert rows["Now"].tolist() == ["submitted", "no task"]
    assert rows["By"].tolist() == ["ann", ""]
    # Of the set, one prediction of a.png is above 0.3 beside the best, and one is on b.png.
    assert rows["Predictions"].tolist() == [2, 1]
    assert rows["Overwrites"][0] == (
        "priority: nothing → 0.9; note: nothing → why; dark; predictions: 0 → 2"
    )
    assert recording.sent == []


def test_push__another_question_needs_another_preview(
    recording_source: int, both_images: int, open_screen: OpenScreen
) -> None:
    app = open_screen("annotation", view="Push", collection="both")
    press(app, "Preview")
    assert "Send 2" in [button.label for button in app.main.button]
    app.text_input(key="push-note").set_value("another").run()
    assert "Send 2" not in [button.label for button in app.main.button]


def test_push__what_was_shown_is_sent_by_a_job(
    recording_source: int, both_images: int, database: Database, open_screen: OpenScreen
) -> None:
    app = open_screen("annotation", view="Push", collection="both")
    press(app, "Preview")
    press(app, "Send 2")
    job = list_jobs(database)[0]
    assert (job.kind, job.title, job.status) == ("push", "Push both to tool", "queued")
    assert "Preview" not in [button.label for button in app.main.button]
    assert app.main.dataframe[1].value["Images"].tolist() == ["2 waiting"]
    cancel_job(database, job.id)


def test_push__a_tool_that_takes_no_work_is_said_and_the_form_stays(
    recording_source: int,
    both_images: int,
    database: Database,
    open_screen: OpenScreen,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = get_source(database, recording_source)
    with database.write() as connection:
        change_source(connection, source.id, enabled=False)
    app = open_screen("annotation", view="Push", collection="both")
    press(app, "Preview")
    assert "is switched off" in app.main.error[0].value
    assert app.selectbox(key="push-collection").value == "both"


def test_work__shows_what_became_of_a_push(
    recording_source: int,
    both_images: int,
    push: Any,
    open_screen: OpenScreen,
    recording: RecordingServer,
) -> None:
    recording.refuses = {"image-2"}
    push(both_images)
    app = open_screen("annotation", view="Push")
    assert app.main.dataframe[1].value["Images"].tolist() == ["1 sent, 1 failed"]
    app = open_screen("annotation", view="Work")
    assert "work since: 1 not synced yet" in texts(app)
    images = app.main.dataframe[1].value
    assert images["Sent"].tolist() == ["sent", "failed"]
    assert images["Status"].tolist() == ["not synced yet", ""]
    assert images["Problem"].tolist() == ["", "the tool refused it: too blue"]
