"""The entries Confusion, Error types, Confidence and Calibration, and the rows that they open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from curation.evaluations.confusion import confusion
from curation.evaluations.request import EvaluationRequest
from curation.evaluations.row_choice import RowChoice
from tests.curation.evaluations.conftest import CONFUSED
from tests.ui.test_screens import metrics, texts
from ui import confusion_frames, numbers
from ui.chosen_rows import describe
from ui.components.payload import Sides, SideStyle
from ui.evaluation_entries import ENTRIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    OpenScreen = Callable[..., AppTest]

DEEP = ("Confidence", "Calibration", "Confusion", "Error types")


@pytest.fixture
def three_sets(two_sets: tuple[int, int, int], import_predictions: Any) -> None:
    """The small project with a third set that makes every kind of mistake once."""
    import_predictions(two_sets[0], "confused", CONFUSED)


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("against", ["first", "(none)"])
def test_entries__are_drawn_with_and_without_a_baseline(
    three_sets: None, open_screen: OpenScreen, entry: str, against: str
) -> None:
    app = open_screen("model_evaluation", set="confused", against=against, entry=entry)
    assert not app.main.error
    assert app.radio(key="entry").value == entry


@pytest.mark.parametrize("entry", DEEP)
def test_entries__with_nothing_at_this_score_say_so(
    three_sets: None, open_screen: OpenScreen, entry: str
) -> None:
    app = open_screen("model_evaluation", set="confused", entry=entry, score="1.0")
    assert not app.main.error
    assert app.main.dataframe or app.main.info or app.main.caption


def test_confusion__the_list_names_the_pairs(three_sets: None, open_screen: OpenScreen) -> None:
    app = open_screen("model_evaluation", set="confused", against="first", entry="Confusion")
    table = app.main.dataframe[0].value
    assert table["Label"].tolist() == ["cell"]
    assert table["Prediction"].tolist() == ["nucleus"]
    assert table["Δ Count"].tolist() == [1]
    app.toggle(key="with-background").set_value(True).run()
    table = app.main.dataframe[0].value
    assert table["Count"].tolist() == [2, 1, 1, 1]
    assert (table["Label"].iloc[0], table["Prediction"].iloc[0]) == ("background", "cell")


def test_confusion__what_is_looked_at_stands_in_the_address(
    three_sets: None, open_screen: OpenScreen
) -> None:
    asked = {"side": "change", "unit": "of the label", "most": "all"}
    app = open_screen(
        "model_evaluation", set="confused", against="first", entry="Confusion", **asked
    )
    assert {key: app.query_params[key] for key in asked} == asked


def test_error_types__a_count_opens_its_rows(three_sets: None, open_screen: OpenScreen) -> None:
    app = open_screen("model_evaluation", set="confused", against="first", entry="Error types")
    shown = metrics(app)
    assert shown["Localisation"] == ("1", "+1")
    assert shown["Missed"] == ("0", "\u22122")
    assert shown["False positives"] == ("4", "+3")
    assert app.button(key="show-missed").disabled
    app.button(key="show-localisation").click().run()
    assert app.radio(key="entry").value == "Images"
    assert app.query_params["rows"] == "error:set:localisation::"
    assert "1 image with 1 such object" in texts(app)
    assert "Only: *Localisation* by **confused**" in texts(app)
    app.button(key="close-rows").click().run()
    assert "rows" not in app.query_params
    assert "2 images" in texts(app)


def test_error_types__by_size_and_class(three_sets: None, open_screen: OpenScreen) -> None:
    app = open_screen("model_evaluation", set="confused", against="first", entry="Error types")
    sizes, classes = (frame.value for frame in app.main.dataframe)
    assert sizes["Duplicate"].tolist() == [1, 1, 0, 0]
    assert classes["False positives"].tolist() == [2, 2]
    app.segmented_control(key="error-unit").set_value("ΔAP").run()
    app.segmented_control(key="side").set_value("change").run()
    assert app.main.dataframe[0].value["Missed"].iloc[0] < 0


def test_confidence__the_best_threshold_becomes_the_score(
    three_sets: None, open_screen: OpenScreen
) -> None:
    app = open_screen("model_evaluation", set="second", against="first", entry="Confidence")
    assert "best F1 **0.833** at score ≥ **0.7000**" in texts(app)
    app.button(key="use-threshold").click().run()
    assert app.slider(key="score").value == 0.7
    assert app.query_params["score"] == "0.7"
    assert app.button(key="use-threshold").disabled


def test_calibration__numbers_of_all_and_of_one_class(
    three_sets: None, open_screen: OpenScreen
) -> None:
    app = open_screen("model_evaluation", set="confused", against="first", entry="Calibration")
    # One of five is right; mean score .7: (.9 + .8 + .7 + .65 + .45) / 5 − .2.
    assert metrics(app)["Predictions"] == ("5", "+3")
    assert metrics(app)["Overconfidence"][0] == "0.500"
    app.selectbox(key="calibration-of").set_value("nucleus").run()
    assert metrics(app)["Predictions"] == ("3", "+3")
    high = open_screen("model_evaluation", set="confused", entry="Calibration", score="1.0")
    assert "no prediction at score ≥ 1.00" in high.main.info[0].value
    assert metrics(high)["ECE"][0] == numbers.NOT_AVAILABLE


def test_images__rows_of_the_address(three_sets: None, open_screen: OpenScreen) -> None:
    address = {"set": "confused", "against": "first", "entry": "Images"}
    app = open_screen("model_evaluation", **address, rows="confusion:set:cell:nucleus")
    assert "Only: *cell* taken for *nucleus* by **confused**" in texts(app)
    assert "1 image with 1 such object" in texts(app)
    broken = open_screen("model_evaluation", **address, rows="confusion:set:moon:nucleus")
    assert "There is no class 'moon'" in broken.main.error[0].value.replace("\\", "")
    assert not open_screen("model_evaluation", **address, rows="").main.error


def test_images__as_a_table(three_sets: None, open_screen: OpenScreen) -> None:
    app = open_screen(
        "model_evaluation",
        set="second",
        against="first",
        entry="Images",
        look="table",
        sort="largest fall of F1",
    )
    table = app.main.dataframe[0].value
    assert table["Image"].tolist() == ["a.png", "b.png"]
    assert table["Δ F1"].round(3).tolist() == [-0.167, 1.0]


def test_confusion_frame__few_of_many_classes_are_the_most_confused(
    three_sets: None, database: Any, two_sets: tuple[int, int, int]
) -> None:
    view = confusion(database, EvaluationRequest(two_sets[0], 3, two_sets[1]))
    places = confusion_frames.shown_places(view, side="set", most=1)
    assert places.tolist() == [0, 2]  # the cell, and the background
    cells = confusion_frames.grid(view, side="change", unit="counts", most=None)
    frame = confusion_frames.cell_frame(view, cells)
    by_place = {(r, c): (v, t) for r, c, v, t in frame[["row", "column", "value", "tone"]].values}
    assert by_place[(0, 0)] == (-1.0, "worse")
    assert by_place[(1, 1)] == (1.0, "better")
    assert by_place[(1, 2)] == (-1.0, "better")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("confusion:set::dog", "*dog* predicted where no label is left by **v2**"),
        ("confusion:against:dog:", "*dog* not found by **v1**"),
        ("confusion:set:dog:dog", "*dog* found by **v2**"),
        ("error:set:both:cat:small", "*Class and place* · *cat* · *small* by **v2**"),
        ("background-images:set", "Predictions on background images by **v2**"),
        ("predicted-only:set:", "Classes without labels, predicted by **v2**"),
        ("calibration:set:equal mass:10:2:cat", "Score bin 3 of 10 (equal mass) · *cat* by **v2**"),
        ("weather:set", "Rows by **v2**"),
    ],
)
def test_describe__every_choice_in_words(text: str, words: str) -> None:
    sides = Sides(SideStyle("v2", "#000000"), SideStyle("v1", "#ffffff"))
    assert describe(RowChoice.from_text(text), sides) == words
