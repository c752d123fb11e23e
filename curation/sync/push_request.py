"""What a push asks for: which collection goes to which source, and how."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from curation.errors import InvalidSetting

LONGEST_NOTE: Final = 2_000


@dataclass(frozen=True, slots=True)
class PushRequest:
    """A collection for a source.

    Args:
        source_id: Where it goes.
        collection_id: What goes there.
        set_id: The prediction set that annotators start from; None leaves predictions alone.
        score_floor: Lowest score of a prediction that goes along, 0 to 1.
        priority: 0 to 1, most urgent last; None leaves priorities alone.
        note: Why, for all of it; what the collection says of each image follows.
        review: Whether finished work is to be looked at again.
        author: Who asks.

    Raises:
        InvalidSetting: If a number is outside its range or the note is too long.
    """

    source_id: int
    collection_id: int
    set_id: int | None = None
    score_floor: float = 0.0
    priority: float | None = None
    note: str = ""
    review: bool = False
    author: str = "local user"

    def __post_init__(self) -> None:
        for name, value in (("score floor", self.score_floor), ("priority", self.priority)):
            if value is not None and not (math.isfinite(value) and 0 <= value <= 1):
                raise InvalidSetting(name, value, allowed="a number from 0 to 1")
        if len(self.note) > LONGEST_NOTE:
            raise InvalidSetting(
                "note", f"{len(self.note)} characters long", allowed=f"at most {LONGEST_NOTE}"
            )
