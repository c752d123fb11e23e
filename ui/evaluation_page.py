"""What every entry of Model Evaluation draws from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from evaluation.charts import Pair, Series
from ui.components.payload import Sides, SideStyle
from ui.definitions import Context
from ui.metric_cards import Sure

if TYPE_CHECKING:
    from curation.evaluations.comparison import ComparisonView
    from curation.evaluations.request import EvaluationRequest
    from curation.store.database import Database
    from ui.certainty import Certainty

Numbers = dict[str, Any]


@dataclass(frozen=True)
class EvaluationPage:
    """The answered request of one run: numbers of both sides, their names and colours.

    `certainty` holds the intervals of the deltas, None while there are none.
    """

    database: Database
    view: ComparisonView
    certainty: Certainty | None = None

    @property
    def request(self) -> EvaluationRequest:
        """The request that the view answers."""
        return self.view.request

    @property
    def compared(self) -> bool:
        """Whether a baseline is picked."""
        return self.view.against is not None

    @cached_property
    def ours(self) -> Numbers:
        """Numbers of the prediction set, in the shape of `EvaluationResult.to_dict`."""
        return self.view.set.result.to_dict()

    @cached_property
    def theirs(self) -> Numbers | None:
        """Numbers of the baseline in the same shape."""
        return None if self.view.against is None else self.view.against.result.to_dict()

    def sure(self, key: str, *, size: str | None = None) -> Sure | None:
        """Return the interval of a headline number's delta, or of a size bucket's."""
        if self.certainty is None:
            return None
        if size is not None:
            return Sure(self.certainty, self.certainty.of_size(size, key))
        return Sure(self.certainty, self.certainty.headline(key))

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes of either side, the prediction set's first."""
        rows = [*self.ours["classes"], *(self.theirs["classes"] if self.theirs else [])]
        return tuple(dict.fromkeys(row["name"] for row in rows))

    @property
    def sides(self) -> Sides:
        """Names and colours for the image components."""
        ours, against = self.view.set.prediction_set, self.view.against
        theirs = None if against is None else against.prediction_set
        return Sides(
            SideStyle(ours.name, ours.color),
            None if theirs is None else SideStyle(theirs.name, theirs.color),
        )

    @property
    def pair(self) -> Pair:
        """Names and colours for the charts."""
        sides = self.sides
        ours = Series(sides.set.name, sides.set.color)
        if sides.against is None:
            return Pair(ours)
        return Pair(ours, Series(sides.against.name, sides.against.color))

    @property
    def context(self) -> Context:
        """What the numbers were computed on."""
        request = self.request
        return Context(
            score=request.score,
            iou=request.iou,
            images=self.view.images,
            revision=self.view.revision,
            iou_type=request.iou_type,
        )
