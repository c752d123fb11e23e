from __future__ import annotations

import json
import re

import pytest

from curation.formats.problem_log import EXAMPLES_KEPT
from curation.formats.problems import (
    BOX_WITHOUT_EXTENT,
    IMAGE_UNKNOWN,
    KINDS,
    MASK_PENDING,
    Problem,
    ProblemKind,
    ProblemLog,
)


def filled() -> ProblemLog:
    log = ProblemLog()
    log.add(IMAGE_UNKNOWN, file="a.json", record="results[3]", reason="there is no image 7")
    log.add(BOX_WITHOUT_EXTENT, file="a.json", record="results[4]", reason="flat", count=2)
    return log


def test_log__counts_by_kind_and_severity() -> None:
    log = filled()
    assert log.counts() == {"image-unknown": 1, "box-without-extent": 2}
    assert (log.rejects, log.warnings) == (1, 2)
    assert log.examples(IMAGE_UNKNOWN) == (
        Problem("image-unknown", "a.json", "results[3]", "there is no image 7"),
    )


def test_log__keeps_a_thousand_examples_and_exact_counts() -> None:
    log = ProblemLog()
    asked: list[int] = []

    def reason(place: int) -> str:
        asked.append(place)
        return f"number {place}"

    log.add_each(IMAGE_UNKNOWN, range(2500), file="a", record="results[{}]", reason=reason)
    assert log.counts() == {"image-unknown": 2500}
    assert len(log.examples("image-unknown")) == len(asked) == EXAMPLES_KEPT
    assert log.examples("image-unknown")[7].record == "results[7]"


def test_log__merges_counts_and_examples() -> None:
    log = filled()
    log.merge(filled())
    assert log.counts() == {"image-unknown": 2, "box-without-extent": 4}
    assert len(log.examples()) == 4


def test_log__merging_keeps_no_more_than_a_thousand() -> None:
    log, other = ProblemLog(), ProblemLog()
    for one in (log, other):
        one.add_each(IMAGE_UNKNOWN, range(700), file="a", record="{}", reason=str)
    log.merge(other)
    assert log.counts() == {"image-unknown": 1400}
    assert len(log.examples()) == EXAMPLES_KEPT


def test_log__survives_json() -> None:
    stored = json.loads(json.dumps(filled().to_dict()))
    assert ProblemLog.from_dict(stored) == filled()


def test_log__resolve_lowers_a_count() -> None:
    log = ProblemLog()
    log.add_each(MASK_PENDING, range(3), file="a", record="{}", reason=str)
    log.resolve(MASK_PENDING, left=1)
    assert log.counts() == {"mask-pending": 1}
    log.resolve(MASK_PENDING, left=0)
    assert log.counts() == {}
    assert log.examples() == ()


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_kinds__are_sentences_under_plain_names(kind: ProblemKind) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", kind.name)
    assert kind.severity in ("reject", "warning")
    assert kind.meaning.endswith(".")
    assert kind.advice.endswith(".")
