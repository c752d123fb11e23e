"""Comparisons as immutable records: the intervals of two evaluations' deltas in one scope."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from curation.store.tables import Comparison

if TYPE_CHECKING:
    from curation.store.database import Database


@dataclass(frozen=True, slots=True)
class ComparisonKey:
    """What a comparison is of: the same key always gives the same intervals.

    Args:
        evaluation_id: Evaluation of the prediction set.
        against_id: Evaluation of the set it is compared against.
        settings: Scope, operating point and resampling, as JSON values.
    """

    evaluation_id: int
    against_id: int
    settings: dict[str, Any]

    @property
    def settings_key(self) -> str:
        """A digest of the settings."""
        text = json.dumps(self.settings, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def find_comparison(database: Database, key: ComparisonKey) -> dict[str, Any] | None:
    """Return the intervals of a comparison, None when they were never made."""
    with database.read() as connection:
        found: dict[str, Any] | None = connection.scalar(
            sa.select(Comparison.intervals).where(
                Comparison.evaluation_id == key.evaluation_id,
                Comparison.against_id == key.against_id,
                Comparison.settings_key == key.settings_key,
            )
        )
    return found


def save_comparison(
    database: Database, key: ComparisonKey, intervals: dict[str, Any], *, seconds: float
) -> dict[str, Any]:
    """Store intervals; another process may have been first with the same ones."""
    try:
        with database.write() as connection:
            connection.execute(
                sa.insert(Comparison).values(
                    evaluation_id=key.evaluation_id,
                    against_id=key.against_id,
                    settings_key=key.settings_key,
                    settings=key.settings,
                    intervals=intervals,
                    seconds=seconds,
                )
            )
    except IntegrityError:
        found = find_comparison(database, key)
        if found is None:
            raise
        return found
    return intervals
