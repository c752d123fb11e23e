"""Evaluations as immutable records: result and dense matches; findings, made from them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from curation.store import shards
from curation.store.bulk import insert_columns
from curation.store.tables import Evaluation, Finding, MatchShard, PredictionSet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from curation.store.database import Database


@dataclass(frozen=True, slots=True)
class EvaluationKey:
    """What an evaluation is of: the same key always gives the same numbers.

    Args:
        prediction_set_id: The prediction set.
        revision: The label revision it is pinned to.
        iou_type: `bbox` or `segm`.
        evaluator_version: Version of the matcher and the metrics.
        strict: Whether pycocotools' treatment of annotation id 0 is reproduced.
    """

    prediction_set_id: int
    revision: int
    iou_type: str
    evaluator_version: str
    strict: bool = False

    @property
    def settings(self) -> dict[str, Any]:
        """The part of the key beside set and revision."""
        return {
            "iou_type": self.iou_type,
            "evaluator_version": self.evaluator_version,
            "strict": self.strict,
        }

    @property
    def settings_key(self) -> str:
        """A digest of the settings."""
        text = json.dumps(self.settings, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class EvaluationRecord:
    """One stored evaluation."""

    id: int
    key: EvaluationKey
    result: dict[str, Any]
    seconds: float


def find_evaluation(database: Database, key: EvaluationKey) -> EvaluationRecord | None:
    """Return the evaluation of a key, None when it was never made."""
    with database.read() as connection:
        row = connection.execute(
            sa.select(Evaluation.id, Evaluation.result, Evaluation.seconds).where(
                Evaluation.prediction_set_id == key.prediction_set_id,
                Evaluation.revision == key.revision,
                Evaluation.settings_key == key.settings_key,
            )
        ).first()
    return EvaluationRecord(row.id, key, row.result, row.seconds) if row is not None else None


def find_earlier_evaluation(database: Database, key: EvaluationKey) -> EvaluationRecord | None:
    """Return the newest evaluation of the same set and settings on an earlier revision."""
    with database.read() as connection:
        row = connection.execute(
            sa.select(Evaluation.id, Evaluation.revision, Evaluation.result, Evaluation.seconds)
            .where(
                Evaluation.prediction_set_id == key.prediction_set_id,
                Evaluation.revision < key.revision,
                Evaluation.settings_key == key.settings_key,
            )
            .order_by(Evaluation.revision.desc())
            .limit(1)
        ).first()
    if row is None:
        return None
    earlier = replace(key, revision=row.revision)
    return EvaluationRecord(row.id, earlier, row.result, row.seconds)


def load_matches(
    database: Database, evaluation_id: int, kind: str
) -> dict[str, NDArray[Any]] | None:
    """Return the columns of one match shard, None when it was not stored."""
    with database.read() as connection:
        row = connection.execute(
            sa.select(MatchShard.data, MatchShard.sha256).where(
                MatchShard.evaluation_id == evaluation_id, MatchShard.kind == kind
            )
        ).first()
    if row is None:
        return None
    table = shards.unpack(row.data, row.sha256)
    return shards.joined([table], table.column_names)


@dataclass(frozen=True, slots=True)
class EvaluationContent:
    """What is stored of a new evaluation.

    Args:
        result: The numbers as JSON.
        seconds: How long it took.
        matches: Columns of each match shard, by kind.
    """

    result: dict[str, Any]
    seconds: float
    matches: Mapping[str, Mapping[str, NDArray[Any]]]


def save_evaluation(
    database: Database, project_id: int, key: EvaluationKey, content: EvaluationContent
) -> EvaluationRecord:
    """Store an evaluation in one transaction; another process may have been first.

    Returns:
        The record that the store holds, ours or the earlier one.
    """
    try:
        with database.write() as connection:
            evaluation_id = _insert(connection, project_id, key, content)
    except IntegrityError:
        found = find_evaluation(database, key)
        if found is None:
            raise
        return found
    return EvaluationRecord(evaluation_id, key, content.result, content.seconds)


def _insert(
    connection: sa.Connection, project_id: int, key: EvaluationKey, content: EvaluationContent
) -> int:
    evaluation_id = connection.execute(
        sa.insert(Evaluation)
        .values(
            project_id=project_id,
            prediction_set_id=key.prediction_set_id,
            revision=key.revision,
            settings_key=key.settings_key,
            settings=key.settings,
            iou_type=key.iou_type,
            evaluator_version=key.evaluator_version,
            result=content.result,
            seconds=content.seconds,
        )
        .returning(Evaluation.id)
    ).scalar_one()
    for kind, columns in content.matches.items():
        data, sha256 = shards.pack(columns)
        connection.execute(
            sa.insert(MatchShard).values(
                evaluation_id=evaluation_id, kind=kind, sha256=sha256, data=data
            )
        )
    return int(evaluation_id)


def replace_findings(
    database: Database, evaluation_id: int, columns: Mapping[str, list[Any] | NDArray[Any]]
) -> int:
    """Write the findings of an evaluation, in place of any it had; return their number.

    Args:
        database: The store.
        evaluation_id: The evaluation.
        columns: Columns of the findings, without evaluation id and number.
    """
    count = len(columns["outcome"])
    numbered = {
        "evaluation_id": np.full(count, evaluation_id),
        "number": np.arange(count),
        **columns,
    }
    with database.write() as connection:
        connection.execute(sa.delete(Finding).where(Finding.evaluation_id == evaluation_id))
        insert_columns(connection, Finding.__table__, numbered)
    return count


def newest_evaluated_revisions(
    database: Database, project_id: int, evaluator_version: str
) -> dict[int, int]:
    """Return the newest label revision that each prediction set was evaluated on, by set id."""
    query = (
        sa.select(Evaluation.prediction_set_id, sa.func.max(Evaluation.revision))
        .where(
            Evaluation.project_id == project_id,
            Evaluation.evaluator_version == evaluator_version,
        )
        .group_by(Evaluation.prediction_set_id)
    )
    with database.read() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def sets_evaluated_on(
    connection: sa.Connection, project_id: int, revision: int
) -> list[tuple[int, str, str]]:
    """Return id, name and IoU type of the sets that were evaluated on a revision."""
    rows = connection.execute(
        sa.select(PredictionSet.id, PredictionSet.name, Evaluation.iou_type)
        .join(PredictionSet, PredictionSet.id == Evaluation.prediction_set_id)
        .where(Evaluation.project_id == project_id, Evaluation.revision == revision)
        .distinct()
        .order_by(PredictionSet.id, Evaluation.iou_type)
    )
    return [(row[0], row[1], row[2]) for row in rows]
