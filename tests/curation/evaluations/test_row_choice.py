"""Choices of rows as they stand in an address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import InvalidSetting
from curation.evaluations.row_choice import RowChoice


@given(st.sampled_from(["set", "against"]), st.lists(st.text(), max_size=4))
def test_choices__survive_the_address(side, parts) -> None:
    choice = RowChoice("error", side, tuple(parts))
    read = RowChoice.from_text(choice.to_text())
    # No parts and one empty part are different things, and stay so.
    assert read == choice


@pytest.mark.parametrize("text", ["", "confusion", "confusion:", "confusion:both:cat:dog"])
def test_choices__of_no_side_are_refused(text: str) -> None:
    with pytest.raises(InvalidSetting, match="rows"):
        RowChoice.from_text(text)


def test_choices__with_too_few_parts_are_refused_when_asked() -> None:
    with pytest.raises(InvalidSetting, match="rows"):
        RowChoice("confusion", "set", ("cat",)).part(1)
