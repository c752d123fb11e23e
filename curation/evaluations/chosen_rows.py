"""From a number to its rows: the finders of everything that a screen counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from curation.errors import InvalidSetting
from curation.evaluations.background import (
    BACKGROUND_IMAGES,
    PREDICTED_ONLY,
    background_rows,
    predicted_only_rows,
)
from curation.evaluations.calibration import CALIBRATION, bin_rows
from curation.evaluations.confusion import CONFUSION, cell_rows
from curation.evaluations.error_types import ERROR, error_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from curation.evaluations.comparison import Scope
    from curation.evaluations.request import EvaluationRequest
    from curation.evaluations.row_choice import ChosenRows, RowChoice

    Finder = Callable[[Scope, EvaluationRequest, RowChoice], ChosenRows]

FINDERS: Final[Mapping[str, Finder]] = {
    CONFUSION: cell_rows,
    ERROR: error_rows,
    BACKGROUND_IMAGES: background_rows,
    PREDICTED_ONLY: predicted_only_rows,
    CALIBRATION: bin_rows,
}


def chosen_rows(scope: Scope, request: EvaluationRequest, choice: RowChoice) -> ChosenRows:
    """Return the rows that a number counts.

    Args:
        scope: The opened request.
        request: The request; its operating point, images and classes hold for the rows too.
        choice: The number.

    Raises:
        InvalidSetting: If there is no such number.
        NotFound: If the choice names a class that does not exist.
    """
    if choice.kind not in FINDERS:
        raise InvalidSetting("rows", choice.kind, allowed=f"one of {', '.join(FINDERS)}")
    return FINDERS[choice.kind](scope, request, choice)
