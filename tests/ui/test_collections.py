"""The Collections screen, and how Model Evaluation saves what it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from curation.selection.collections import (
    CollectionRequest,
    Item,
    Members,
    create_collection,
    images_of,
    list_collections,
)
from curation.store.collection_images import CollectionImage, CollectionLabel
from ui import collection_frames
from ui.components.images import Canvas

if TYPE_CHECKING:
    from collections.abc import Callable

    from curation.store.database import Database

    OpenScreen = Callable[..., AppTest]


def texts(app: AppTest) -> str:
    """Return every text of the main part of the screen."""
    blocks = (app.main.title, app.main.subheader, app.main.markdown, app.main.caption)
    return "\n".join(str(element.value) for block in blocks for element in block)


@pytest.fixture
def picks(two_sets: tuple[int, int, int], database: Database) -> int:
    """The collection *picks* of both images; the id of its project."""
    items = (Item(2, note="dark [x](http://y)"), Item(1))
    request = CollectionRequest(two_sets[0], "*picks*", "look *again*")
    create_collection(database, request, Members("images", items, 1, {"from": "names"}))
    return two_sets[0]


def test_screen__without_collections_names_the_ways_to_one(
    two_sets: Any, open_screen: OpenScreen
) -> None:
    app = open_screen("collections")
    assert "slides has no collection yet" in texts(app)
    assert "curation collection create PROJECT NAME" in app.main.code[0].value


def test_screen__without_a_project_names_the_missing_step(open_screen: OpenScreen) -> None:
    app = open_screen("collections")
    assert [button.label for button in app.main.button] == ["Import a project"]


def test_screen__lists_collections(picks: int, open_screen: OpenScreen) -> None:
    app = open_screen("collections")
    row = app.main.dataframe[0].value.iloc[0]
    assert row.drop("Created").to_dict() == {
        "Name": "*picks*",
        "Size": 2,
        "Kind": "images",
        "From": "names on the command line",
        "Author": "local user",
    }
    assert "Pick a row to see its images." in texts(app)


def test_screen__shows_the_collection_of_the_address(picks: int, open_screen: OpenScreen) -> None:
    app = open_screen("collections", collection="*picks*")
    assert app.main.subheader[0].value == r"\*picks\*"
    assert "2 images · from names on the command line · label revision 1" in texts(app)
    assert r"look \*again\*" in texts(app)
    assert app.query_params["collection"] == "*picks*"


def test_screen__opens_an_image_with_its_note_as_plain_text(
    picks: int, open_screen: OpenScreen
) -> None:
    app = open_screen("collections", collection="*picks*", image="2")
    assert r"dark \[x\]\(http\://y\)" in texts(app)
    assert "100 × 80 pixels · 1 of 2 on this page" in texts(app)
    assert app.button(key="previous-image").disabled
    app.button(key="next-image").click().run()
    assert app.query_params["image"] == "1"
    next(button for button in app.main.button if button.label == "All images").click().run()
    assert "image" not in app.query_params


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"collection": "gone"}, "There is no collection 'gone'"),
        ({"collection": "*picks*", "image": "99"}, "There is no image on this page"),
    ],
)
def test_screen__what_does_not_exist_is_said(
    picks: int, open_screen: OpenScreen, asked: dict[str, str], said: str
) -> None:
    assert said in open_screen("collections", **asked).main.error[0].value.replace("\\", "")


def test_screen__deletes_a_collection(
    picks: int, database: Database, open_screen: OpenScreen
) -> None:
    app = open_screen("collections", collection="*picks*")
    app.button(key="delete-collection").click().run()
    assert list_collections(database, picks) == ()
    assert "has no collection yet" in texts(app)


def test_another_project__leaves_the_collection(
    picks: int, import_coco: Any, open_screen: OpenScreen
) -> None:
    import_coco(name="empty")
    app = open_screen("collections", project="slides", collection="*picks*")
    app.sidebar.selectbox(key="project").set_value("empty").run()
    assert "collection" not in app.query_params
    assert "empty has no collection yet" in texts(app)


def test_cells__count_labels_and_say_why() -> None:
    labels = (
        CollectionLabel(1, "cell", (0, 0, 10, 10), "missed"),
        CollectionLabel(2, "cell", (5, 5, 10, 10), "missed"),
        CollectionLabel(3, "<b>", (9, 9, 10, 10), ""),
    )
    image = CollectionImage(7, "a.png", "d", None, 100, 80, "ab" * 32, True, "", labels)
    cell = collection_frames.collection_cell(image)
    assert cell["cap"] == [
        ("2 cell, 1 <b>", "plain"),
        ("missed", "plain"),
        ("no longer in the project", "worse"),
    ]
    assert (cell["id"], cell["v"], cell["px"]) == (7, "ab" * 8, True)
    assert cell["o"][0] == {"s": 0, "b": [0.0, 0.0, 10.0, 10.0], "c": "cell", "k": ""}
    assert collection_frames.label_table(labels)["Note"].tolist() == ["missed", "missed", ""]


def test_canvas__of_labels_has_no_sides() -> None:
    assert Canvas.of_labels(3) == Canvas(3, None, 0.0, "t")


@pytest.mark.parametrize(
    ("asked", "name", "kinds"),
    [
        (
            {"outcome": "gained"},
            "found by second, not by first",
            ["2 labels", "2 images"],
        ),
        ({}, "images of Model Evaluation", ["2 images"]),
        (
            {"rows": "confusion:set::nucleus"},
            "nucleus predicted where no label is left by second",
            ["1 image"],
        ),
    ],
)
def test_saving__offers_what_the_list_holds(
    two_sets: Any, open_screen: OpenScreen, asked: dict[str, str], name: str, kinds: list[str]
) -> None:
    app = open_screen("model_evaluation", entry="Images", **asked)
    app.button(key="save-collection").click().run()
    assert app.text_input(key="collection-name").value == name
    assert app.segmented_control(key="collection-kind").options == kinds


def dialog(project_id: int, set_id: int, against_id: int, asked: str) -> None:
    """The inside of the dialog; a test cannot run it alone as a browser does."""
    from curation.evaluations.images import FILTERS  # noqa: PLC0415  # runs on its own
    from curation.evaluations.request import EvaluationRequest  # noqa: PLC0415  # runs on its own
    from curation.selection.evaluated_members import ShownImages  # noqa: PLC0415  # runs on its own
    from ui.collection_saving import show_saving  # noqa: PLC0415  # runs on its own
    from ui.connection import database  # noqa: PLC0415  # runs on its own

    request = EvaluationRequest(project_id, set_id, against_id)
    outcome = next(known for known in FILTERS if known == asked)
    show_saving(database(), ShownImages(request, outcome=outcome, words="by second"))


@pytest.fixture
def open_dialog(
    two_sets: tuple[int, int, int], database: Database, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], AppTest]:
    """Open the dialog on the second set's images with objects of an outcome."""
    project_id, first, second = two_sets
    # Alone it has no other screens to lead to.
    monkeypatch.setattr(st, "page_link", lambda *_, **_named: None)

    def run(outcome: str) -> AppTest:
        app = AppTest.from_function(dialog, args=(project_id, second, first, outcome))
        app.query_params["outcome"] = outcome
        app.query_params["page"] = "2"
        return app.run()

    return run


def test_saving__keeps_labels_with_the_way_back(
    two_sets: tuple[int, int, int], database: Database, open_dialog: Callable[[str], AppTest]
) -> None:
    app = open_dialog("gained")
    app.button(key="save-collection-now").click().run()
    assert "**by second** holds 2 labels on 2 images" in app.success[0].value
    (row,) = list_collections(database, two_sets[0])
    assert (row.name, row.kind, row.size, row.origin["outcome"]) == (
        *("by second", "labels"),
        *(2, "gained"),
    )
    assert row.origin["address"] == {"outcome": ["gained"]}
    notes = [label.note for image in images_of(database, row.id) for label in image.labels]
    assert notes == ["by second", "by second"]


def test_saving__images_instead_under_another_name(
    two_sets: tuple[int, int, int], database: Database, open_dialog: Callable[[str], AppTest]
) -> None:
    app = open_dialog("fn")
    app.segmented_control(key="collection-kind").set_value("1 image")
    app.text_input(key="collection-name").set_value("look")
    app.text_input(key="collection-description").set_value("again")
    app.button(key="save-collection-now").click().run()
    (row,) = list_collections(database, two_sets[0])
    assert (row.name, row.kind, row.description) == ("look", "images", "again")
    assert [image.note for image in images_of(database, row.id)] == ["1 miss of cell"]


def test_saving__a_taken_name_is_said(
    two_sets: tuple[int, int, int], database: Database, open_dialog: Callable[[str], AppTest]
) -> None:
    request = CollectionRequest(two_sets[0], "by second")
    create_collection(database, request, Members("images", (Item(1),), 1))
    app = open_dialog("fp")
    assert app.text_input(key="collection-name").value == "by second 2"
    app.text_input(key="collection-name").set_value("by second")
    app.button(key="save-collection-now").click().run()
    assert "exists already" in app.error[0].value
    assert len(list_collections(database, two_sets[0])) == 1
    app.text_input(key="collection-name").set_value("other")
    app.button(key="save-collection-now").click().run()
    assert len(list_collections(database, two_sets[0])) == 2
