from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from curation.demo.slides import plan_fields, take


def test_plan_fields__three_fifths_train_and_the_rest_shared() -> None:
    fields = plan_fields(300, 7)
    assert Counter(field.split for field in fields) == {"train": 180, "val": 60, "test": 60}
    assert [field.image_id for field in fields] == list(range(1, 301))


def test_plan_fields__a_slide_is_in_one_split_only() -> None:
    fields = plan_fields(300, 7)
    pairs = {(field.slide, field.split) for field in fields}
    assert len(pairs) == len({slide for slide, _ in pairs}) == 20


@pytest.mark.parametrize("images", [10, 12, 60, 300])
def test_plan_fields__copies_within_and_across_splits(images: int) -> None:
    fields = plan_fields(images, 7)
    by_id = {field.image_id: field for field in fields}
    pairs = [(field, by_id[field.copy_of]) for field in fields if field.copy_of is not None]
    assert {a.split == b.split for a, b in pairs} == {True, False}
    assert all(not a.background and not b.background for a, b in pairs)
    assert not {a.image_id for a, _ in pairs} & {b.image_id for _, b in pairs}
    assert any(field.background for field in fields)


def test_plan_fields__file_names_are_unique_and_below_their_split() -> None:
    fields = plan_fields(300, 7)
    assert len({field.file_name for field in fields}) == 300
    assert all(field.file_name.startswith(f"{field.split}/") for field in fields)


def test_take__depends_on_seed_and_field_alone() -> None:
    field = plan_fields(12, 7)[0]
    first, shapes, quality = take(field, slide=field.slide, seed=7)
    again, shapes_again, quality_again = take(field, slide=field.slide, seed=7)
    other, _, _ = take(field, slide=field.slide, seed=8)
    assert np.array_equal(first, again)
    assert (shapes, quality) == (shapes_again, quality_again)
    assert not np.array_equal(first, other)
