from __future__ import annotations

import pytest

from ui.markdown import plain


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
