"""Reliability of a request, and that every bin opens exactly its predictions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from curation.errors import InvalidSetting
from curation.evaluations.calibration import BINNINGS, Bins, bin_choice, calibrate
from curation.evaluations.images import image_page
from curation.evaluations.row_choice import SIDES, RowChoice


def test_calibration__by_hand(database, confused) -> None:
    view = calibrate(database, confused, Bins("equal width", 2))
    # All but one of the five lie above one half; one of four there is right.
    assert view.set.overall.count.tolist() == [1, 4]
    assert view.set.overall.correct.tolist() == [0, 1]
    assert view.set.classes["nucleus"].count.tolist() == [0, 3]
    assert view.against is not None
    assert view.against.overall.n == 2


def test_calibration__below_the_score_nothing_counts(database, confused) -> None:
    view = calibrate(database, replace(confused, score=0.95))
    assert (view.set.overall.n, view.set.overall.ece) == (0, None)


@pytest.mark.parametrize("rule", BINNINGS)
@pytest.mark.parametrize("classes", [(), ("nucleus",)])
def test_bins__open_exactly_what_they_count(database, confused, rule, classes) -> None:
    request = replace(confused, classes=classes)
    bins = Bins(rule, 3)
    view = calibrate(database, request, bins)
    for side, found in zip(SIDES, (view.set, view.against), strict=True):
        assert found is not None
        for name, curve in {"": found.overall, **found.classes}.items():
            opened = [
                image_page(
                    database,
                    request,
                    choice=bin_choice(position, bins=bins, side=side, class_name=name),
                ).objects
                for position in range(len(curve.count))
            ]
            assert opened == curve.count.tolist()


def test_bins__hold_the_labels_that_were_found(database, confused) -> None:
    page = image_page(database, confused, choice=bin_choice(7, bins=Bins(), side="set"))
    assert page.chosen is not None
    assert (page.chosen.prediction.tolist(), page.chosen.truth.tolist()) == ([2], [2])


def test_bins__that_do_not_exist_are_refused(database, confused) -> None:
    for parts in (
        ("equal width", "10", "10", ""),
        ("equal width", "10", "-1", ""),
        ("equal width", "0", "0", ""),
        ("equal width", "101", "0", ""),
        ("equal luck", "10", "0", ""),
    ):
        with pytest.raises(InvalidSetting):
            image_page(database, confused, choice=RowChoice("calibration", "set", parts))
    one = replace(confused, classes=("cell",))
    other = bin_choice(0, bins=Bins(), side="set", class_name="nucleus")
    with pytest.raises(InvalidSetting, match="class"):
        image_page(database, one, choice=other)
