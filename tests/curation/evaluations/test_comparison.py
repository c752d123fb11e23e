"""Comparison of two sets on a project whose every number can be checked by hand."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from curation.errors import Conflict, InvalidSetting, NotFound
from curation.evaluations.comparison import ComparisonView, Side, compare_sets
from curation.evaluations.downloads import classes_csv
from curation.evaluations.evaluated_sets import forget_evaluated_sets
from curation.evaluations.evaluating import evaluate_set
from curation.evaluations.images import FILTERS, image_page
from curation.evaluations.object_rows import object_changes
from curation.evaluations.overlays import image_overlays
from curation.evaluations.request import EvaluationRequest
from curation.evaluations.states import evaluation_state
from curation.evaluations.summaries import compare_summary, evaluation_summary
from curation.store.tables import Finding
from tests.curation.conftest import COCO, FIRST, SECOND


@pytest.fixture
def request_of_both(two_sets) -> EvaluationRequest:
    project_id, first, second = two_sets
    return EvaluationRequest(project_id, second, first)


def counts(view_side: Side | None) -> tuple[int, int, int]:
    assert view_side is not None
    total = view_side.result.counts.total()
    return total.tp, total.fp, total.fn


def moved(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "image_id": row["image_id"] + 10} for row in rows]


def delta_of(view: ComparisonView) -> dict[str, Any]:
    assert view.delta is not None
    return view.delta


def test_compare__counts_and_deltas(database, request_of_both) -> None:
    view = compare_sets(database, request_of_both)
    assert counts(view.against) == (1, 1, 2)
    assert counts(view.set) == (2, 1, 1)
    point = delta_of(view)["operating_point"]
    assert (point["tp"], point["fp"], point["fn"]) == (1, 0, -1)
    assert point["precision"] == pytest.approx(2 / 3 - 1 / 2)
    assert (view.images, view.revision) == (2, 1)


def test_compare__average_precision_by_hand(database, request_of_both) -> None:
    view = compare_sets(database, request_of_both)
    cell, nucleus = view.set.result.to_dict()["classes"]
    # One of two cells is found first: precision 1 up to recall .5, which is 51 of 101 points.
    assert cell["AP"] == pytest.approx(51 / 101)
    assert nucleus["AP"] == pytest.approx(1.0)
    assert view.set.result.metrics["AP"] == pytest.approx((51 / 101 + 1) / 2)
    assert view.against is not None
    assert view.against.result.metrics["AP"] == pytest.approx((51 / 101 + 0) / 2)


def test_compare__a_against_a_is_exactly_zero(database, two_sets) -> None:
    project_id, first, _ = two_sets
    view = compare_sets(database, EvaluationRequest(project_id, first, first))

    def numbers(value):
        if isinstance(value, dict):
            for inner in value.values():
                yield from numbers(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from numbers(inner)
        elif isinstance(value, int | float):
            yield value

    found = list(numbers(delta_of(view)))
    assert len(found) > 50
    assert set(found) == {0}


def test_compare__swapping_flips_every_sign(database, request_of_both) -> None:
    swapped = replace(
        request_of_both,
        set_id=request_of_both.against_id,
        against_id=request_of_both.set_id,
    )
    ours = delta_of(compare_sets(database, request_of_both))
    theirs = delta_of(compare_sets(database, swapped))
    for group in ("metrics", "operating_point"):
        for name, value in ours[group].items():
            other = theirs[group][name]
            assert (value is None and other is None) or value == -other


def test_compare__buckets_sum_to_the_total(database, request_of_both) -> None:
    view = compare_sets(database, request_of_both)
    data = view.set.result.to_dict()
    for name in ("tp", "fp", "fn"):
        assert sum(size[name] for size in data["sizes"].values()) == data["operating_point"][name]
        assert sum(row[name] for row in data["classes"]) == data["operating_point"][name]


def test_compare__score_threshold_keeps_equal_scores(database, request_of_both) -> None:
    at = replace(request_of_both, score=0.4)
    assert counts(compare_sets(database, at).set) == (2, 1, 1)
    above = replace(request_of_both, score=0.41)
    assert counts(compare_sets(database, above).set) == (2, 0, 1)


def test_compare__class_filter(database, request_of_both) -> None:
    view = compare_sets(database, replace(request_of_both, classes=("nucleus",)))
    assert counts(view.set) == (1, 1, 0)
    assert view.set.result.metrics["AP"] == pytest.approx(1.0)
    everything = compare_sets(database, replace(request_of_both, classes=("cell", "nucleus")))
    assert everything.delta == compare_sets(database, request_of_both).delta


def test_compare__unknown_class_and_split_name_what_exists(database, request_of_both) -> None:
    with pytest.raises(NotFound, match="cell, nucleus"):
        compare_sets(database, replace(request_of_both, classes=("zebra",)))
    with pytest.raises(NotFound, match="split"):
        compare_sets(database, replace(request_of_both, split="holdout"))


def test_compare__classes_of_one_side_are_listed(database, request_of_both) -> None:
    view = compare_sets(database, request_of_both)
    assert view.only_in_set == ("nucleus",)
    assert view.only_in_against == ()
    assert delta_of(view)["only_in_set"] == ["nucleus"]


def test_compare__sets_that_cover_different_splits_meet_on_what_they_share(
    database, import_coco, import_predictions
) -> None:
    project_id = import_coco(split="val")["project_id"]
    data = copy.deepcopy(COCO)
    for image in data["images"]:
        image["id"] += 10
        image["file_name"] = f"t{image['file_name']}"
    for label in data["annotations"]:
        label["image_id"] += 10
    import_coco(data, file="more.json", split="test")
    on_test = moved(SECOND)
    first = import_predictions(project_id, "val only", FIRST)["set_id"]
    second = import_predictions(project_id, "both", [*SECOND, *on_test])["set_id"]
    view = compare_sets(database, EvaluationRequest(project_id, second, first))
    assert view.images == 2
    assert counts(view.set) == (2, 1, 1)
    assert view.splits == ("val",)
    assert any("cover different images" in notice.text for notice in view.notices)
    alone = compare_sets(database, EvaluationRequest(project_id, second))
    assert (alone.images, counts(alone.set)) == (4, (4, 2, 2))
    sliced = compare_sets(database, EvaluationRequest(project_id, second, split="test"))
    assert (sliced.images, counts(sliced.set)) == (2, (2, 1, 1))


def test_compare__unlabelled_images_do_not_make_false_positives(
    database, import_coco, import_predictions
) -> None:
    data = copy.deepcopy(COCO)
    del data["annotations"]
    project_id = import_coco(file="a.json")["project_id"]
    for image in data["images"]:
        image["id"] += 10
        image["file_name"] = f"u{image['file_name']}"
    import_coco(data, file="unlabelled.json")
    extra = moved(FIRST)
    set_id = import_predictions(project_id, "s", [*FIRST, *extra])["set_id"]
    view = compare_sets(database, EvaluationRequest(project_id, set_id))
    assert (view.images, counts(view.set)) == (2, (1, 1, 2))
    assert any("unlabelled images are left out" in notice.text for notice in view.notices)


def test_compare__new_labels_make_an_evaluation_stale(
    database, request_of_both, import_coco
) -> None:
    data = copy.deepcopy(COCO)
    for image in data["images"]:
        image["id"] += 10
        image["file_name"] = f"n{image['file_name']}"
    for label in data["annotations"]:
        label["image_id"] += 10
    import_coco(data, file="more.json")
    assert not evaluation_state(database, request_of_both.set_id, "bbox").ready
    with pytest.raises(Conflict, match="not evaluated on revision 2"):
        compare_sets(database, request_of_both)
    evaluate_set(database, request_of_both.set_id)
    assert evaluation_state(database, request_of_both.set_id, "bbox").ready
    old = evaluate_set(database, request_of_both.set_id, revision=1)
    assert old.result["images"] == 2


def test_compare__is_the_same_in_a_fresh_process(database, request_of_both) -> None:
    before = compare_sets(database, request_of_both)
    forget_evaluated_sets()
    after = compare_sets(database, request_of_both)
    assert before.delta == after.delta
    np.testing.assert_array_equal(
        before.set.result.precision_curves, after.set.result.precision_curves
    )


def test_compare__a_set_of_another_project_does_not_exist(
    database, request_of_both, import_coco
) -> None:
    other = import_coco(name="other", file="other.json")["project_id"]
    with pytest.raises(NotFound, match="prediction set"):
        compare_sets(database, replace(request_of_both, project_id=other))


def test_compare__masks_of_a_set_with_boxes_is_refused(database, request_of_both) -> None:
    with pytest.raises(Conflict, match="has boxes only"):
        compare_sets(database, replace(request_of_both, iou_type="segm"))


@pytest.mark.parametrize(
    "wrong", [{"score": 1.5}, {"iou": 0.52}, {"iou_type": "points"}, {"score": -0.1}]
)
def test_request__refuses_what_cannot_be_meant(wrong) -> None:
    with pytest.raises(InvalidSetting):
        EvaluationRequest(1, 1, **wrong)


def test_findings__are_one_row_an_outcome(database, two_sets) -> None:
    with database.read() as connection:
        rows = connection.execute(
            sa.select(Finding.evaluation_id, Finding.outcome, sa.func.count())
            .group_by(Finding.evaluation_id, Finding.outcome)
            .order_by(Finding.evaluation_id, Finding.outcome)
        ).all()
    first, second = rows[:3], rows[3:]
    assert [tuple(row[1:]) for row in first] == [("fn", 2), ("fp", 1), ("tp", 1)]
    assert [tuple(row[1:]) for row in second] == [("fn", 1), ("fp", 1), ("tp", 2)]


def test_images__counts_sorted_by_change(database, request_of_both) -> None:
    page = image_page(database, request_of_both)
    assert [row.file_name for row in page.rows] == ["a.png", "b.png"]
    first, second = page.rows
    # Image a: gains the large cell, loses the small one, gets a false nucleus.
    assert (first.gained, first.lost, first.new_false_positives) == (1, 1, 1)
    # Image b: gains the nucleus and gets rid of the false cell.
    assert (second.gained, second.fixed_false_positives, second.lost) == (1, 1, 0)


@pytest.mark.parametrize("size", [None, "small", "medium"])
def test_images__every_count_opens_exactly_its_rows(database, request_of_both, size) -> None:
    view = compare_sets(database, request_of_both)
    data = view.set.result.to_dict()
    totals = data["operating_point"] if size is None else data["sizes"][size]
    for outcome in ("tp", "fp", "fn"):
        page = image_page(database, request_of_both, outcome=outcome, size=size)
        assert page.objects == totals[outcome]
        assert sum(getattr(row, outcome) for row in page.rows) == totals[outcome]


def test_images__changes_add_up_to_the_deltas(database, request_of_both) -> None:
    opened = {name: image_page(database, request_of_both, outcome=name).objects for name in FILTERS}
    point = delta_of(compare_sets(database, request_of_both))["operating_point"]
    assert opened["gained"] - opened["lost"] == point["tp"] == -point["fn"]
    assert opened["new"] - opened["fixed"] == point["fp"]


def test_images__pages_and_orders(database, request_of_both) -> None:
    page = image_page(database, request_of_both, page=2, page_size=1, sort="name")
    assert ([row.file_name for row in page.rows], page.pages, page.total) == (["b.png"], 2, 2)
    beyond = image_page(database, request_of_both, page=9, page_size=1, sort="name")
    assert beyond.page == 2
    worst = image_page(database, request_of_both, sort="net_loss")
    assert [row.file_name for row in worst.rows] == ["a.png", "b.png"]
    with pytest.raises(InvalidSetting, match="sort"):
        image_page(database, request_of_both, sort="colour")  # type: ignore[arg-type]  # refused


def test_object_rows__gained_lost_newly_wrong_and_fixed(database, request_of_both) -> None:
    page = image_page(database, request_of_both, sort="name")
    first, second = (object_changes(database, request_of_both, row.image_id) for row in page.rows)
    assert [(row.kind, row.class_name, row.size) for row in first] == [
        ("lost", "cell", "small"),
        ("newly wrong", "nucleus", "small"),
        ("gained", "cell", "medium"),
    ]
    assert [(row.kind, row.class_name) for row in second] == [
        ("gained", "nucleus"),
        ("fixed", "cell"),
    ]
    assert (second[0].score, second[0].iou, second[0].against_score) == (0.7, 1.0, None)


def test_overlays__say_what_became_of_each_object(database, request_of_both) -> None:
    page = image_page(database, request_of_both, sort="name")
    overlays = image_overlays(database, request_of_both, [row.image_id for row in page.rows])
    overlay = overlays[page.rows[0].image_id]
    assert [(o.class_name, o.outcome, o.change) for o in overlay.truth] == [
        ("cell", "missed", "lost"),
        ("cell", "found", "gained"),
    ]
    assert [(o.class_name, o.score, o.outcome, o.change) for o in overlay.predictions] == [
        ("cell", 0.8, "tp", None),
        ("nucleus", 0.4, "fp", "new"),
    ]
    assert [(o.score, o.outcome) for o in overlay.against] == [(0.9, "tp")]
    assert not overlay.has_pixels


def test_overlays__of_an_image_that_does_not_exist(database, request_of_both) -> None:
    assert image_overlays(database, request_of_both, [987654]) == {}


def test_classes_csv__holds_every_digit(database, request_of_both) -> None:
    lines = classes_csv(compare_sets(database, request_of_both)).decode().splitlines()
    header, cell = lines[0].split(","), lines[1].split(",")
    values = dict(zip(header, cell, strict=True))
    view = compare_sets(database, request_of_both)
    assert float(values["set AP"]) == view.set.result.class_metrics["AP"][0]
    assert values["set APl"] == ""


def test_summaries__have_the_documented_shape(database, request_of_both) -> None:
    summary = evaluation_summary(database, request_of_both)
    assert set(summary["metrics"]) == {
        *("AP", "AP50", "AP75", "APs", "APm", "APl"),
        *("AR1", "AR10", "AR100", "ARs", "ARm", "ARl"),
    }
    assert summary["metrics"]["APl"] is None
    assert set(summary["sizes"]) == {"small", "medium", "large"}
    assert set(summary["operating_point"]) == {
        *("score", "iou", "precision", "recall", "f1", "tp", "fp", "fn"),
    }
    both = compare_summary(database, request_of_both)
    assert both["set"]["metrics"] == summary["metrics"]
    assert both["delta"]["metrics"].keys() == summary["metrics"].keys()
    assert {"set", "against", "delta", "revision"} <= both.keys()


def test_summary__strict_repeats_pycocotools_on_annotation_id_0(
    database, import_coco, import_predictions
) -> None:
    data = copy.deepcopy(COCO)
    data["annotations"][2]["id"] = 0
    project_id = import_coco(data)["project_id"]
    set_id = import_predictions(project_id, "s", SECOND)["set_id"]
    request = EvaluationRequest(project_id, set_id)
    classes = evaluation_summary(database, request)["classes"]
    strict = evaluation_summary(database, request, strict=True)["classes"]
    assert classes[1]["AP"] == pytest.approx(1.0)
    assert strict[1]["AP"] == pytest.approx(0.0)
