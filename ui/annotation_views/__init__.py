"""The views of one source on the Annotation page: one module each, each drawn when it is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ui.annotation_views import classes, push, runs, settings, work

if TYPE_CHECKING:
    from collections.abc import Callable

    from curation.sync.source_states import SourceState

VIEWS: Final[dict[str, Callable[[SourceState], None]]] = {
    "Runs": runs.show,
    "Classes": classes.show,
    "Work": work.show,
    "Push": push.show,
    "Settings": settings.show,
}
