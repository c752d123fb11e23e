"""What a person is about to import: kept for this visit only, until it is confirmed.

The job of a confirmed import is in the address (`job`), so that its progress and report survive a
reload and can be shared.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

import streamlit as st

JOB: Final = "job"
STEPS: Final = ("Source", "Preview and confirm", "Progress", "Report")
_PREFIX: Final = "_draft-"

T = TypeVar("T")


def keep(kind: str, request: Any, preview: Any) -> None:
    """Keep the request of an import with what its dry run said."""
    st.session_state[_PREFIX + kind] = (request, preview)


def kept(kind: str) -> tuple[Any, Any] | None:
    """Return the kept request and preview, None without."""
    draft: tuple[Any, Any] | None = st.session_state.get(_PREFIX + kind)
    return draft


def drop(kind: str) -> None:
    """Forget the draft: back to the source."""
    st.session_state.pop(_PREFIX + kind, None)


def started(kind: str, job_id: str) -> None:
    """Forget the draft and put its job into the address."""
    drop(kind)
    st.query_params[JOB] = job_id


def leave_job() -> None:
    """Take the job out of the address: back to the source."""
    st.query_params.pop(JOB, None)


def show_steps(current: str) -> None:
    """Draw the steps with the current one marked."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        for number, name in enumerate(STEPS, start=1):
            if name == current:
                st.badge(f"{number} {name}", color="blue")
            elif STEPS.index(name) < STEPS.index(current):
                st.badge(f"{number} {name}", color="green", icon=":material/check:")
            else:
                st.badge(f"{number} {name}", color="gray")
