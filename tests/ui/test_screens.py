from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from curation.evaluations.evaluated_sets import forget_evaluated_sets
from curation.predictions.catalog import set_baseline
from ui import numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from curation.store.database import Database

    OpenScreen = Callable[..., AppTest]


def texts(app: AppTest) -> str:
    """Return every text of the main part of the screen."""
    blocks = (app.main.title, app.main.subheader, app.main.markdown, app.main.caption)
    return "\n".join(str(element.value) for block in blocks for element in block)


def metrics(app: AppTest) -> dict[str, tuple[str, str]]:
    return {metric.label: (metric.value, metric.delta) for metric in app.main.metric}


@pytest.mark.parametrize("screen", ["projects", "project", "model_evaluation"])
def test_screens__without_a_project_name_the_missing_step(
    open_screen: OpenScreen, screen: str
) -> None:
    app = open_screen(screen)
    assert "no project yet" in texts(app)
    assert [button.label for button in app.main.button] == ["Import a project"]
    assert app.main.code[0].value == "curation demo"


def test_projects__a_card_has_counts_sets_and_headline(
    two_sets: Any, open_screen: OpenScreen
) -> None:
    app = open_screen()
    text = texts(app)
    assert "slides" in text
    assert "2 images · 3 labels · 2 classes · revision 1" in text
    assert "2 prediction sets: second, first" in text


def test_project__shows_classes_splits_sets_and_revisions(
    two_sets: Any, open_screen: OpenScreen
) -> None:
    app = open_screen("project")
    assert metrics(app)["Labels"] == ("3", "")
    sets, classes, splits, revisions = (frame.value for frame in app.main.dataframe)
    assert sets["Name"].tolist() == ["second", "first"]
    assert classes["Class"].tolist() == ["cell", "nucleus"]
    assert classes["Small"].tolist() == [1, 1]
    assert splits["Images"].tolist() == [2]
    assert revisions["Labels"].tolist() == ["+3"]
    assert sets["Evaluated on"].tolist() == ["revision 1", "revision 1"]


def test_project__the_baseline_can_be_chosen(
    two_sets: tuple[int, int, int], database: Database, open_screen: OpenScreen
) -> None:
    app = open_screen("project")
    app.selectbox(key="baseline").set_value("second").run()
    evaluation = open_screen("model_evaluation", set="first")
    assert evaluation.selectbox(key="against").value == "second"
    set_baseline(database, two_sets[0], None)


def test_model_evaluation__first_visit_compares_the_newest_set_with_the_one_before(
    two_sets: Any, open_screen: OpenScreen
) -> None:
    app = open_screen("model_evaluation")
    assert app.selectbox(key="set").value == "second"
    assert app.selectbox(key="against").value == "first"
    # A shared address must not change with the next import: the first choice stands in it too.
    assert app.query_params["set"] == "second"
    assert app.query_params["against"] == "first"
    assert app.query_params["project"] == "slides"


def test_summary__counts_and_differences_by_hand(two_sets: Any, open_screen: OpenScreen) -> None:
    shown = metrics(open_screen("model_evaluation"))
    # The second set finds two of three labels and is wrong once; the first found one, wrong once.
    assert shown["TP"] == ("2", "+1")
    assert shown["FP"] == ("1", "0")
    assert shown["FN"] == ("1", "\u22121")
    assert shown["Recall"] == ("0.667", "+0.333")


def test_summary__better_is_green_and_up_whatever_the_sign(
    two_sets: Any, open_screen: OpenScreen
) -> None:
    app = open_screen("model_evaluation")
    missed = next(metric for metric in app.main.metric if metric.label == "FN")
    assert missed.proto.direction == missed.proto.MetricDirection.UP
    assert missed.proto.color == missed.proto.MetricColor.GREEN


def test_summary__swapping_turns_the_differences(two_sets: Any, open_screen: OpenScreen) -> None:
    app = open_screen("model_evaluation")
    app.button(key="swap").click().run()
    assert app.selectbox(key="set").value == "first"
    assert app.selectbox(key="against").value == "second"
    assert metrics(app)["TP"] == ("1", "\u22121")


def test_summary__without_comparison_there_is_no_difference(
    two_sets: Any, open_screen: OpenScreen
) -> None:
    app = open_screen("model_evaluation", against="(none)")
    assert metrics(app)["TP"] == ("2", "")
    assert "evaluated" in texts(app)


def test_model_evaluation__the_address_holds_the_view(
    two_sets: Any, open_screen: OpenScreen
) -> None:
    app = open_screen(
        "model_evaluation", set="first", against="second", score="0.7", iou="0.75", entry="Classes"
    )
    assert app.slider(key="score").value == 0.7
    assert app.select_slider(key="iou").value == "0.75"
    assert app.radio(key="entry").value == "Classes"
    assert app.selectbox(key="set").value == "first"


@pytest.mark.parametrize("side", ["set", "against"])
def test_model_evaluation__a_set_that_does_not_exist_is_never_replaced_by_another(
    two_sets: Any, open_screen: OpenScreen, side: str
) -> None:
    app = open_screen("model_evaluation", **{side: "gone"})
    assert "There is no prediction set 'gone'" in app.main.error[0].value.replace("\\", "")
    assert app.selectbox(key=side).value is None
    assert not app.main.metric
    app.selectbox(key=side).set_value("first").run()
    assert app.main.metric


@pytest.mark.parametrize("screen", ["project", "model_evaluation", "imports"])
def test_screens__a_project_that_does_not_exist_is_never_replaced_by_another(
    two_sets: Any, open_screen: OpenScreen, screen: str
) -> None:
    app = open_screen(screen, project="gone")
    assert "There is no project 'gone'" in app.main.error[0].value.replace("\\", "")
    app.sidebar.selectbox(key="project").set_value("slides").run()
    assert not app.main.error


def test_model_evaluation__another_project_leaves_the_sets_of_the_first(
    two_sets: Any, import_coco: Any, open_screen: OpenScreen
) -> None:
    import_coco(name="empty")
    app = open_screen("model_evaluation", project="slides", set="second")
    app.sidebar.selectbox(key="project").set_value("empty").run()
    assert "no prediction set yet" in texts(app)
    assert "set" not in app.query_params


def test_model_evaluation__an_address_that_names_nothing_falls_back_and_says_so(
    two_sets: Any, open_screen: OpenScreen
) -> None:
    app = open_screen("model_evaluation", split="moon", score="7", entry="Nothing")
    assert app.selectbox(key="split").value == "all images"
    assert "*moon*" in app.main.warning[0].value
    assert app.radio(key="entry").value == "Summary"


def test_classes__one_row_a_class_with_differences(two_sets: Any, open_screen: OpenScreen) -> None:
    app = open_screen("model_evaluation", entry="Classes")
    table = app.main.dataframe[0].value
    assert table["Class"].tolist() == ["cell", "nucleus"]
    assert table["Δ TP"].tolist() == [0, 1]
    assert table["Δ FP"].tolist() == [-1, 1]


def test_classes__search_by_name(two_sets: Any, open_screen: OpenScreen) -> None:
    app = open_screen("model_evaluation", entry="Classes")
    app.text_input(key="find").set_value("NUC").run()
    assert app.main.dataframe[0].value["Class"].tolist() == ["nucleus"]
    app.text_input(key="find").set_value("[").run()
    assert "No class has this name" in texts(app)


def test_size_buckets__every_bucket_has_its_cards(two_sets: Any, open_screen: OpenScreen) -> None:
    app = open_screen("model_evaluation", entry="Size buckets")
    text = texts(app)
    assert "**Small** · under 32² px² · 2 labels" in text
    assert "**Large** · 96² px² and over · 0 labels" in text
    large_ap = [metric.value for metric in app.main.metric if metric.label == "AP"][2]
    assert large_ap == numbers.NOT_AVAILABLE


def test_precision_recall__one_curve_or_each(two_sets: Any, open_screen: OpenScreen) -> None:
    app = open_screen("model_evaluation", entry="Precision–recall")
    assert "By class" in texts(app)
    # Precision 1 up to recall .5 for the cells, 1 everywhere for the nucleus: (51/101 + 1) / 2.
    assert "AP, the area under the curve: **0.752** :green[▲ +0.500]" in texts(app)
    assert "cell · **0.505** :gray[0.000]" in texts(app)
    app.selectbox(key="curve").set_value("nucleus").run()
    assert "By class" not in texts(app)


def test_images__filters_start_at_the_first_page(two_sets: Any, open_screen: OpenScreen) -> None:
    app = open_screen("model_evaluation", entry="Images")
    assert "2 images" in texts(app)
    app.selectbox(key="outcome").set_value("lost").run()
    assert "1 image with 1 such object" in texts(app)


def test_images__an_opened_image_lists_its_objects(two_sets: Any, open_screen: OpenScreen) -> None:
    app = open_screen("model_evaluation", entry="Images", image="1")
    table = app.main.dataframe[0].value
    assert table["What"].tolist() == ["lost", "newly wrong", "gained"]
    assert table["IoU before"].tolist()[0] == 1.0
    app.button(key="next-image").click().run()
    assert app.query_params["image"] == "2"


def test_images__an_image_that_does_not_exist_is_said_so(
    two_sets: Any, open_screen: OpenScreen
) -> None:
    app = open_screen("model_evaluation", entry="Images", image="999")
    assert "There is no image 999" in app.main.error[0].value


def test_summary__a_count_opens_its_images(two_sets: Any, open_screen: OpenScreen) -> None:
    app = open_screen("model_evaluation")
    app.button(key="show-fn").click().run()
    assert app.radio(key="entry").value == "Images"
    assert app.selectbox(key="outcome").value == "missed"
    assert "1 image with 1 such object" in texts(app)


def test_model_evaluation__a_set_without_predictions_says_what_to_do(
    import_coco: Any, open_screen: OpenScreen
) -> None:
    import_coco()
    app = open_screen("model_evaluation")
    assert "no prediction set yet" in texts(app)
    assert [button.label for button in app.main.button] == ["Import predictions"]


def test_imports__ask_for_a_source_first(two_sets: Any, open_screen: OpenScreen) -> None:
    app = open_screen("imports")
    assert "into the project **slides**" in texts(app)
    assert app.main.button[0].label == "Look first"
    assert app.main.button[0].disabled


def test_jobs__list_what_has_run(import_coco: Any, open_screen: OpenScreen) -> None:
    import_coco()
    forget_evaluated_sets()
    app = open_screen("jobs")
    assert "Jobs" in texts(app)


def test_classes__what_only_one_side_predicts_is_named(
    two_sets: Any, open_screen: OpenScreen
) -> None:
    app = open_screen("model_evaluation", entry="Classes")
    assert [info.value for info in app.main.info] == ["Only second predicts: nucleus"]
