from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from curation.formats.pixel_spans import runs_of_columns, runs_of_spans, runs_of_window
from evaluation.masks import Masks
from evaluation.run_lengths import decode


def test_runs_of_spans__touching_spans_are_one_run() -> None:
    starts, stops = np.array([0, 4, 8]), np.array([4, 6, 9])
    assert runs_of_spans(starts, stops, (3, 3)).tolist() == [0, 6, 2, 1]


def test_runs_of_spans__none_is_an_empty_mask() -> None:
    nothing = np.zeros(0, np.int64)
    assert runs_of_spans(nothing, nothing, (2, 3)).tolist() == [6]


def test_runs_of_columns__pixel_centres_on_the_ends_are_in() -> None:
    ends = (np.array([0.5, -9.0]), np.array([1.5, 99.0]))
    runs = runs_of_columns(np.array([0, 1]), ends, (3, 3))
    assert decode(runs, (3, 3)).tolist() == [[1, 1, 0], [1, 1, 0], [0, 1, 0]]


def test_runs_of_window__wide_windows_are_read_in_stripes(monkeypatch) -> None:
    window = np.random.default_rng(3).random((5, 17)) < 0.5
    whole = runs_of_window(window, (2, 1), (9, 30)).tolist()
    monkeypatch.setattr("curation.formats.pixel_spans._PIXELS_AT_ONCE", 10)
    assert runs_of_window(window, (2, 1), (9, 30)).tolist() == whole


@given(st.data())
def test_runs_of_window__are_those_of_the_whole_picture(data: st.DataObject) -> None:
    height, width = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9))
    top, left = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    shape = (data.draw(st.integers(1, height - top)), data.draw(st.integers(1, width - left)))
    window = data.draw(arrays.arrays(np.bool_, shape))
    picture = np.zeros((height, width), np.bool_)
    picture[top : top + shape[0], left : left + shape[1]] = window
    runs = runs_of_window(window, (left, top), (height, width))
    assert runs.tolist() == Masks.from_pictures([picture]).runs(0).tolist()
