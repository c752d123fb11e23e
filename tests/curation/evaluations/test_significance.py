"""Intervals of a comparison: made once, kept, and made by a job that may be stopped."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from curation.errors import InvalidSetting, JobCancelled
from curation.evaluations.comparison import compare_sets
from curation.evaluations.comparison_job import comparison_state, start_comparison
from curation.evaluations.downloads import classes_csv
from curation.evaluations.request import EvaluationRequest
from curation.evaluations.significance import find_intervals, make_intervals
from curation.evaluations.summaries import compare_summary
from curation.settings import Settings
from curation.store import jobs
from curation.store.tables import Comparison, Job
from evaluation import significance
from evaluation.significance import Resampling
from tests.curation.many_images import FORTY, N_IMAGES, NEW, OLD

FEW = Resampling(replicates=200)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The queue of jobs lies in the data folder."""
    settings.data_dir.mkdir()
    return settings


@pytest.fixture
def request_of_forty(import_coco, import_predictions) -> EvaluationRequest:
    project_id = import_coco(FORTY, name="forty")["project_id"]
    old = import_predictions(project_id, "old", OLD)["set_id"]
    new = import_predictions(project_id, "new", NEW)["set_id"]
    return EvaluationRequest(project_id, new, old)


@pytest.fixture
def resampled(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each time that images are resampled."""
    calls: list[int] = []
    bootstrap_delta = significance.bootstrap_delta

    def counted(*tables: Any, **scope: Any) -> Any:
        calls.append(len(calls))
        return bootstrap_delta(*tables, **scope)

    monkeypatch.setattr(significance, "bootstrap_delta", counted)
    return calls


def records(database) -> int:
    with database.read() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(Comparison)) or 0


def count_jobs(database) -> int:
    wanted = sa.select(sa.func.count()).select_from(Job).where(Job.kind == "comparison")
    with database.read() as connection:
        return connection.scalar(wanted) or 0


def numbers_of(intervals: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every interval of every part."""
    rows = [intervals["metrics"], intervals["operating_point"], *intervals["sizes"].values()]
    rows += [*intervals["classes"], *intervals["class_sizes"]]
    return [number for row in rows for number in row.values() if isinstance(number, dict)]


def test_make_intervals__values_are_the_plain_deltas(database, request_of_forty) -> None:
    intervals = make_intervals(database, request_of_forty, FEW)
    delta = compare_sets(database, request_of_forty).delta
    assert delta is not None
    assert intervals["metrics"]["AP"]["value"] == delta["metrics"]["AP"]
    assert intervals["operating_point"]["tp"]["value"] == 20 - 2
    assert [row["AP"]["value"] for row in intervals["classes"]] == [
        row["AP"] for row in delta["classes"]
    ]
    assert intervals["images"] == N_IMAGES
    assert intervals["resampling"]["replicates"] == 200


def test_make_intervals__tell_a_real_difference_from_chance(database, request_of_forty) -> None:
    cell, nucleus = make_intervals(database, request_of_forty, FEW)["classes"]
    # Every second cell is new; of the nuclei 12 are gained and 14 lost.
    assert 0 < cell["recall"]["low"] < cell["recall"]["value"] == 0.5
    assert cell["recall"]["q"] <= 0.05
    assert nucleus["recall"]["low"] < 0 < nucleus["recall"]["high"]
    assert nucleus["recall"]["q"] > 0.05


def test_make_intervals__the_second_call_reads_the_record(
    database, request_of_forty, resampled
) -> None:
    assert find_intervals(database, request_of_forty, FEW) is None
    first = make_intervals(database, request_of_forty, FEW)
    assert make_intervals(database, request_of_forty, FEW) == first
    assert find_intervals(database, request_of_forty, FEW) == first
    assert len(resampled) == 1


@pytest.mark.parametrize(
    ("change", "resampling"),
    [
        ({"score": 0.95}, FEW),
        ({"iou": 0.75}, FEW),
        ({"classes": ("cell",)}, FEW),
        ({}, Resampling(replicates=200, seed=1)),
        ({}, Resampling(replicates=200, level=0.9)),
    ],
)
def test_make_intervals__another_scope_or_resampling_is_another_record(
    database, request_of_forty, resampled, change, resampling
) -> None:
    make_intervals(database, request_of_forty, FEW)
    make_intervals(database, replace(request_of_forty, **change), resampling)
    assert len(resampled) == records(database) == 2


def test_make_intervals__a_against_a_is_zero_everywhere(database, request_of_forty) -> None:
    same = replace(request_of_forty, against_id=request_of_forty.set_id)
    for number in numbers_of(make_intervals(database, same, FEW)):
        assert number["value"] in (0, None)
        assert {number["low"], number["high"]} <= {0, None}


def test_make_intervals__too_few_images_say_why(database, two_sets) -> None:
    project_id, first, second = two_sets
    request = EvaluationRequest(project_id, second, first)
    found = make_intervals(database, request, FEW)["metrics"]["AP"]
    assert (found["low"], found["high"], found["p"]) == (None, None, None)
    assert found["reason"] == "2 images carry it; at least 20 are needed"


def test_make_intervals__without_a_baseline_there_is_nothing_to_compare(
    database, request_of_forty
) -> None:
    alone = replace(request_of_forty, against_id=None)
    with pytest.raises(InvalidSetting, match="against"):
        make_intervals(database, alone, FEW)


def test_comparison_job__makes_what_the_state_then_shows(
    database, settings, run_job, request_of_forty
) -> None:
    assert comparison_state(database, request_of_forty).job is None
    job_id = start_comparison(database, settings, request_of_forty)
    waiting = comparison_state(database, request_of_forty)
    assert (waiting.intervals, waiting.job and waiting.job.id) == (None, job_id)
    assert waiting.job is not None
    assert waiting.job.title == "Intervals: new against old"
    run_job(job_id)
    state = comparison_state(database, request_of_forty)
    assert state.intervals == find_intervals(database, request_of_forty)
    assert state.intervals is not None
    assert state.intervals["resampling"]["replicates"] == 1000


def test_start_comparison__the_same_comparison_never_starts_twice(
    database, settings, request_of_forty
) -> None:
    first = start_comparison(database, settings, request_of_forty)
    assert start_comparison(database, settings, request_of_forty) == first
    assert count_jobs(database) == 1
    start_comparison(database, settings, replace(request_of_forty, score=0.5))
    assert count_jobs(database) == 2


def test_comparison_job__tells_its_progress_and_stops_when_asked_to(
    database, settings, run_job, request_of_forty
) -> None:
    job_id = start_comparison(database, settings, request_of_forty)
    assert jobs.start_job(database, job_id) == jobs.RUNNING
    jobs.cancel_job(database, job_id)
    with pytest.raises(JobCancelled):
        run_job(job_id)
    assert records(database) == 0
    assert find_intervals(database, request_of_forty) is None


@pytest.mark.parametrize("status", [jobs.FAILED, jobs.CANCELLED])
def test_start_comparison__a_job_that_ended_badly_starts_once_more_when_asked(
    database, settings, run_job, request_of_forty, status
) -> None:
    job_id = start_comparison(database, settings, request_of_forty)
    jobs.finish_job(database, job_id, status, error="no memory")
    state = comparison_state(database, request_of_forty)
    assert state.intervals is None
    assert state.job is not None
    assert (state.job.status, state.job.error) == (status, "no memory")
    assert start_comparison(database, settings, request_of_forty) == job_id
    assert jobs.get_job(database, job_id).attempt == 2
    run_job(job_id)
    assert comparison_state(database, request_of_forty).intervals is not None


def test_start_comparison__a_record_that_is_gone_is_made_again(
    database, settings, run_job, request_of_forty
) -> None:
    first = start_comparison(database, settings, request_of_forty)
    run_job(first)
    jobs.finish_job(database, first, jobs.DONE)
    with database.write() as connection:
        connection.execute(sa.delete(Comparison))
    assert comparison_state(database, request_of_forty).job is None
    second = start_comparison(database, settings, request_of_forty)
    assert second != first
    run_job(second)
    assert comparison_state(database, request_of_forty).intervals is not None


def test_compare_summary__puts_intervals_beside_the_deltas(database, request_of_forty) -> None:
    summary = compare_summary(database, request_of_forty, FEW)
    beside = summary["delta"]["AP"]
    assert beside["value"] == summary["delta"]["metrics"]["AP"]
    assert beside.keys() == {"value", "low", "high", "p", "support"}
    assert summary["intervals"]["classes"][0]["name"] == "cell"
    assert "q" in summary["intervals"]["classes"][0]["AP"]
    assert compare_summary(database, request_of_forty)["intervals"] is None


def test_classes_csv__has_the_ends_and_probabilities_of_every_delta(
    database, request_of_forty
) -> None:
    view = compare_sets(database, request_of_forty)
    intervals = make_intervals(database, request_of_forty, FEW)
    header, cell, nucleus = (
        line.split(",") for line in classes_csv(view, intervals).decode().splitlines()
    )
    values = dict(zip(header, cell, strict=True))
    expected = intervals["classes"][0]["tp"]
    for end in ("low", "high", "p", "q"):
        assert float(values[f"delta tp {end}"]) == expected[end]
    # No cell is large: its number has neither a difference nor an interval.
    assert values["delta APl"] == values["delta APl low"] == values["delta APl q"] == ""
    assert "delta support" in header
    assert "delta support low" not in header
    assert len(nucleus) == len(header)
