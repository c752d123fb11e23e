"""Best thresholds and curves of a request."""

from __future__ import annotations

from dataclasses import replace

import pytest

from curation.evaluations.comparison import compare_sets
from curation.evaluations.confidence import confidence, settable_step
from curation.evaluations.request import EvaluationRequest


@pytest.fixture
def request_of_both(two_sets) -> EvaluationRequest:
    project_id, first, second = two_sets
    return EvaluationRequest(project_id, second, first)


def test_confidence__best_thresholds_by_hand(database, request_of_both) -> None:
    view = confidence(database, request_of_both)
    # The second set: two right at .8 and .7, one wrong at .4; three labels.
    micro = view.set.average_rows["micro"]
    assert micro.best is not None
    assert micro.best.score == 0.7
    assert micro.best.f1 == pytest.approx(4 / 5)
    assert micro.now_f1 == pytest.approx(4 / 6)
    cell = view.set.class_rows["cell"]
    assert cell.best is not None
    assert cell.best.score == 0.8
    assert view.against is not None
    assert view.against.class_rows["nucleus"].best is None


def test_confidence__f1_now_is_that_of_the_summary(database, request_of_both) -> None:
    for score in (0.05, 0.4, 0.41, 0.75):
        request = replace(request_of_both, score=score)
        shown = compare_sets(database, request).set.result.averages.to_dict()
        rows = confidence(database, request).set.average_rows
        assert {name: row.now_f1 for name, row in rows.items()} == {
            name: rates["f1"] for name, rates in shown.items()
        }


def test_confidence__the_step_of_the_control_keeps_the_best_f1(database, request_of_both) -> None:
    for row in confidence(database, request_of_both).set.class_rows.values():
        assert row.best is not None
        assert row.step is not None
        assert row.step <= row.best.score
        assert row.step_f1 == pytest.approx(row.best.f1)


def test_confidence__curves_of_both_sides_share_their_thresholds(database, request_of_both) -> None:
    view = confidence(database, request_of_both)
    assert view.against is not None
    ours, theirs = view.set.averages["macro"], view.against.averages["macro"]
    assert ours.score.tolist() == theirs.score.tolist()
    assert set(view.set.classes) == {"cell", "nucleus"}
    peak = view.set.average_rows["macro"].best
    assert peak is not None
    assert float(ours.f1.max()) == pytest.approx(peak.f1)


def test_confidence__some_classes_only(database, request_of_both) -> None:
    view = confidence(database, replace(request_of_both, classes=("nucleus",)))
    assert set(view.set.class_rows) == {"nucleus"}
    assert view.set.average_rows["macro"].best == view.set.class_rows["nucleus"].best


@pytest.mark.parametrize(
    ("score", "step"), [(0.0, 0.0), (1.0, 1.0), (0.57, 0.57), (0.5799, 0.57), (-2.5, None)]
)
def test_settable_step__never_loses_a_prediction(score: float, step: float | None) -> None:
    assert settable_step(score) == step


def test_settable_step__every_hundredth_stays(database) -> None:
    assert [settable_step(n / 100) for n in range(101)] == [n / 100 for n in range(101)]
