from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.markdown import plain, unmarked


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("red cell", "red cell"),
        ("**bold**", r"\*\*bold\*\*"),
        (":red[x]", r"\:red\[x\]"),
        ("<img src=x>", r"\<img src\=x\>"),
        ("[a](http://b.c)", r"\[a\]\(http\://b\.c\)"),
        ("$x^2$", r"\$x\^2\$"),
        ("a\n# b", r"a \# b"),
    ],
)
def test_plain__markup_is_only_text(text: str, escaped: str) -> None:
    assert plain(text) == escaped


@given(st.text(), st.text())
def test_unmarked__undoes_emphasis_and_escapes(first: str, second: str) -> None:
    def one_line(text: str) -> str:
        return " ".join(text.split())

    assert unmarked(f"*{plain(first)}* by **{plain(second)}**") == (
        f"{one_line(first)} by {one_line(second)}"
    )
