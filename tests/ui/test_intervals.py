"""Intervals on the screens: made once, beside every delta, and offered again when they fail."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from curation.evaluations.comparison_job import comparison_state
from curation.evaluations.request import EvaluationRequest
from curation.evaluations.significance import make_intervals
from curation.store import jobs
from tests.curation.many_images import FORTY, NEW, OLD
from ui.certainty import Certainty

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from curation.store.database import Database

    OpenScreen = Callable[..., AppTest]

EVALUATION = "model_evaluation"
CUSTOM = {"score": "0.5"}


@pytest.fixture
def forty(import_coco: Any, import_predictions: Any) -> EvaluationRequest:
    """The project of forty images with both sets; the request of its first visit."""
    project_id = import_coco(FORTY, name="forty")["project_id"]
    old = import_predictions(project_id, "old", OLD)["set_id"]
    new = import_predictions(project_id, "new", NEW)["set_id"]
    return EvaluationRequest(project_id, new, old)


@pytest.fixture
def certain(forty: EvaluationRequest, database: Database) -> EvaluationRequest:
    """The same, with the intervals of the default operating point."""
    make_intervals(database, forty)
    return forty


def captions(app: AppTest) -> list[str]:
    return [str(caption.value).replace("\u202f", " ") for caption in app.main.caption]


def comparison_jobs(database: Database) -> list[jobs.JobRow]:
    return [job for job in jobs.list_jobs(database) if job.kind == "comparison"]


def card(app: AppTest, label: str) -> Any:
    return next(metric for metric in app.main.metric if metric.label == label)


def test_summary__every_delta_has_its_interval(
    certain: EvaluationRequest, open_screen: OpenScreen
) -> None:
    app = open_screen(EVALUATION)
    said = captions(app)
    assert said[1] == (
        "95 % intervals by paired bootstrap, 1 000 replicates. "
        "Grey: not distinguishable from no change."
    )
    ends = [text for text in said if " … " in text or text in ("no interval", "n/a")]
    assert len(ends) == len(app.main.metric) == 10
    assert "no interval yet" not in said
    assert card(app, "Recall").proto.color == card(app, "Recall").proto.MetricColor.GREEN
    assert "p = 0." in card(app, "Recall").help
    assert "Paired bootstrap" in card(app, "Recall").help


def test_summary__what_chance_explains_is_grey_and_has_no_arrow(
    forty: EvaluationRequest, database: Database, open_screen: OpenScreen
) -> None:
    before = card(open_screen(EVALUATION, classes="nucleus"), "Recall")
    assert before.proto.color == before.proto.MetricColor.RED
    assert before.proto.direction == before.proto.MetricDirection.DOWN
    # 12 nuclei are gained and 14 lost.
    make_intervals(database, replace(forty, classes=("nucleus",)))
    after = card(open_screen(EVALUATION, classes="nucleus"), "Recall")
    assert after.delta == before.delta
    assert after.proto.color == after.proto.MetricColor.GRAY
    assert after.proto.direction == after.proto.MetricDirection.NONE
    assert "not distinguishable from no change" in after.help


def test_summary__intervals_are_made_without_asking_and_once(
    forty: EvaluationRequest, database: Database, run_job: Any, open_screen: OpenScreen
) -> None:
    app = open_screen(EVALUATION)
    app.run()
    open_screen(EVALUATION)
    (job,) = comparison_jobs(database)
    assert "How sure are these deltas? Waiting for a worker …" in captions(app)
    # The numbers are there meanwhile.
    assert card(app, "TP").delta == "+18"
    assert captions(app).count("no interval yet") == 10
    run_job(job.id)
    jobs.finish_job(database, job.id, jobs.DONE)
    app.run()
    assert captions(app)[1].startswith("95 % intervals")
    assert "no interval yet" not in captions(app)


def test_summary__moving_a_slider_starts_no_job_and_keeps_what_it_does_not_move(
    certain: EvaluationRequest, database: Database, open_screen: OpenScreen
) -> None:
    app = open_screen(EVALUATION)
    for score in (0.4, 0.5, 0.6):
        app.slider(key="score").set_value(score).run()
    assert comparison_jobs(database) == []
    said = captions(app)
    assert "No intervals at these thresholds yet, but of AP and AR." in said
    assert said.count("no interval yet") == 6  # precision, recall, F1 and the counts
    app.button(key="make-intervals").click().run()
    assert [job.payload["score"] for job in comparison_jobs(database)] == [0.6]
    assert "How sure are these deltas? Waiting for a worker …" in captions(app)


def test_summary__without_any_interval_a_slider_asks_for_those_of_the_default(
    forty: EvaluationRequest, database: Database, open_screen: OpenScreen
) -> None:
    open_screen(EVALUATION, **CUSTOM)
    open_screen(EVALUATION, score="0.7")
    assert [job.payload["score"] for job in comparison_jobs(database)] == [0.3]


def test_summary__a_class_alone_starts_no_job(
    forty: EvaluationRequest, database: Database, open_screen: OpenScreen
) -> None:
    app = open_screen(EVALUATION, classes="nucleus")
    assert comparison_jobs(database) == []
    assert "No intervals yet." in captions(app)


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (jobs.FAILED, ":material/warning: No intervals: the job failed. no memory"),
        (jobs.CANCELLED, "No intervals: the job was cancelled."),
    ],
)
def test_summary__a_job_that_ended_badly_says_so_and_is_offered_again(
    forty: EvaluationRequest,
    database: Database,
    open_screen: OpenScreen,
    status: str,
    says: str,
) -> None:
    app = open_screen(EVALUATION)
    (job,) = comparison_jobs(database)
    jobs.finish_job(database, job.id, status, error="no memory")
    for _ in range(2):  # nothing starts by itself
        app.run()
        assert says in captions(app)
        assert comparison_jobs(database)[0].status == status
    assert app.button(key="make-intervals").label == "Try again"
    app.button(key="make-intervals").click().run()
    assert [(row.id, row.status) for row in comparison_jobs(database)] == [(job.id, jobs.QUEUED)]
    assert card(app, "TP").delta == "+18"


def test_summary__cancel_stops_the_job(
    forty: EvaluationRequest, database: Database, open_screen: OpenScreen
) -> None:
    app = open_screen(EVALUATION)
    (job,) = comparison_jobs(database)
    app.button(key=f"cancel-{job.id}").click().run()
    assert jobs.get_job(database, job.id).status == jobs.CANCELLED
    state = comparison_state(database, forty)
    assert (state.intervals, state.job and state.job.status) == (None, jobs.CANCELLED)
    assert "No intervals: the job was cancelled." in captions(app)


def test_classes__interval_and_q_and_only_what_is_more_than_chance(
    certain: EvaluationRequest, database: Database, open_screen: OpenScreen
) -> None:
    app = open_screen(EVALUATION, entry="Classes")
    table = app.main.dataframe[0].value
    title = Certainty(make_intervals(database, certain)).title
    assert table["Class"].tolist() == ["cell", "nucleus"]
    assert table[title].str.startswith("+").tolist() == [True, False]
    assert table["q"].le(0.05).tolist() == [True, False]
    app.toggle(key="sure").set_value(True).run()
    assert app.main.dataframe[0].value["Class"].tolist() == ["cell"]


def test_classes__the_filter_stands_in_the_address_and_waits_for_the_intervals(
    forty: EvaluationRequest, database: Database, open_screen: OpenScreen
) -> None:
    app = open_screen(EVALUATION, entry="Classes", sure="true")
    assert app.toggle(key="sure").disabled
    assert app.main.dataframe[0].value["Class"].tolist() == ["cell", "nucleus"]
    make_intervals(database, forty)
    app.run()
    assert app.toggle(key="sure").value is True
    assert app.main.dataframe[0].value["Class"].tolist() == ["cell"]


@pytest.mark.parametrize("entry", ["Size buckets", "Precision–recall"])
def test_entries__say_how_sure_their_deltas_are(
    certain: EvaluationRequest, open_screen: OpenScreen, entry: str
) -> None:
    app = open_screen(EVALUATION, entry=entry)
    assert captions(app)[1].startswith("95 % intervals")


def test_entries__without_deltas_start_no_job(
    forty: EvaluationRequest, database: Database, open_screen: OpenScreen
) -> None:
    open_screen(EVALUATION, entry="Images")
    open_screen(EVALUATION, against="(none)")
    assert comparison_jobs(database) == []


def test_precision_recall__an_area_has_the_interval_of_its_number(
    certain: EvaluationRequest, open_screen: OpenScreen
) -> None:
    app = open_screen(EVALUATION, entry="Precision–recall")
    lines = [str(line.value) for line in app.main.markdown]
    assert next(line for line in lines if line.startswith("cell")).count(" … ") == 1
    assert ":gray[" in next(line for line in lines if line.startswith("nucleus"))
    app.selectbox(key="curve-iou").set_value("0.60").run()  # no number of COCO's
    assert not any(" … " in str(line.value) for line in app.main.markdown)
