"""Names of files, classes and sets inside Streamlit's Markdown, where they are only text."""

from __future__ import annotations

import re
from typing import Final

SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&^=])")
MARKS: Final = re.compile(r"\\(.)|\*")
LINE_BREAKS: Final = re.compile(r"\s+")


def plain(text: str) -> str:
    r"""Escape a text so that Markdown shows it as it is, on one line.

    >>> print(plain("a*b [x](http://y)"))
    a\*b \[x\]\(http\://y\)
    """
    return SPECIAL.sub(r"\\\1", LINE_BREAKS.sub(" ", text).strip())


def unmarked(text: str) -> str:
    r"""Return what a line of Markdown of ours says: without stars, escapes undone.

    >>> unmarked(r"*cat\*s* found by **v2**")
    'cat*s found by v2'
    """
    return MARKS.sub(lambda found: found[1] or "", text)
