"""Deliberate errors on the screen: what is wrong and what to do, at one place."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import streamlit as st

from curation.errors import CurationError, presentation
from evaluation.errors import EvaluationError
from ui.markdown import plain

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def shown_failures() -> Iterator[None]:
    """Show a deliberate error instead of the rest of the screen; let all others through.

    Unexpected errors go to `ui.server.show_unexpected`, which logs them under an id.
    """
    try:
        yield
    except (CurationError, EvaluationError) as error:
        show(error)


def show(error: Exception) -> None:
    """Show one deliberate error: title, what is wrong, next step."""
    title = presentation(error).title
    if isinstance(error, CurationError):
        text = f"{plain(error.what)}\n\n{plain(error.next_step)}"
    else:
        text = plain(str(error))
    st.error(f"**{title}.** {text}", icon=":material/error:")
