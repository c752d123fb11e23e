"""The difference of what an image has and should have."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from curation.store.synced_labels import Origin
from curation.sync.label_changes import difference


@dataclass(frozen=True)
class Row:
    id: int
    content: str
    origin: Origin | None


@dataclass(frozen=True)
class Wish:
    content: str
    origin: Origin


def region(key: str) -> Origin:
    return Origin(1, "task", "annotation", key)


def test_difference__pairs_what_is_the_same() -> None:
    live = [Row(1, "cell", region("a")), Row(2, "nucleus", None)]
    found = difference(live, [Wish("nucleus", region("b")), Wish("dirt", region("a"))])
    assert [(row.id, wish.content) for row, wish in found.kept] == [(2, "nucleus")]
    assert [row.id for row in found.removed] == [1]
    assert [wish.content for wish in found.added] == ["dirt"]
    assert found.changed == 1


def test_difference__keeps_the_row_of_the_same_region_among_equals() -> None:
    live = [Row(1, "cell", region("a")), Row(2, "cell", region("b"))]
    found = difference(live, [Wish("cell", region("b"))])
    assert [row.id for row, _ in found.kept] == [2]
    assert [row.id for row in found.removed] == [1]


words = st.lists(st.sampled_from("abc"), max_size=8)


@given(words, words)
def test_difference__turns_the_one_into_the_other(before: list[str], after: list[str]) -> None:
    live = [Row(number, word, None) for number, word in enumerate(before)]
    wanted = [Wish(word, region(str(number))) for number, word in enumerate(after)]
    found = difference(live, wanted)
    left = [row.content for row, _ in found.kept] + [wish.content for wish in found.added]
    assert sorted(left) == sorted(after)
    assert len(found.kept) + len(found.removed) == len(before)
    assert not {row.content for row in found.removed} & {wish.content for wish in found.added}
