"""Image keys: which image a prediction file means."""

from __future__ import annotations

import numpy as np

from curation.predictions.image_keys import AMBIGUOUS, UNKNOWN
from curation.predictions.image_keys import resolve as resolved
from curation.store.images import ImageTable


def images(*rows: tuple[str, str]) -> ImageTable:
    n = len(rows)
    return ImageTable(
        id=np.arange(10, 10 + n),
        dataset_id=np.ones(n, np.int64),
        source_id=[source for source, _ in rows],
        file_name=[name for _, name in rows],
        width=np.full(n, 100),
        height=np.full(n, 80),
        split=[None] * n,
        labelled=np.ones(n, bool),
        sha256=[None] * n,
        added_in=np.ones(n, np.int64),
    )


def resolve(keys: list[str], names: list[str | None], table: ImageTable) -> np.ndarray:
    return resolved(keys, names, table).positions


def test_resolve__by_source_id_first() -> None:
    table = images(("1", "2.jpg"), ("2", "1.jpg"))
    assert resolve(["1", "2"], [], table).tolist() == [0, 1]


def test_resolve__by_file_name_its_last_part_or_stem() -> None:
    table = images(("7", "val/a.jpg"), ("8", "val/b.png"))
    assert resolve(["val/a.jpg", "b.png", "a"], [], table).tolist() == [0, 1, 0]


def test_resolve__a_number_as_ultralytics_writes_it() -> None:
    table = images(("x", "000000000139.jpg"), ("y", "000000000802.jpg"))
    assert resolve(["802", "139"], [], table).tolist() == [1, 0]


def test_resolve__by_the_file_name_given_beside_the_key() -> None:
    table = images(("1", "a.jpg"), ("2", "b.jpg"))
    assert resolve(["900", "901"], ["b.jpg", None], table).tolist() == [1, UNKNOWN]


def test_resolve__a_key_that_fits_two_images_is_not_guessed() -> None:
    table = images(("x", "train/a.jpg"), ("y", "val/a.jpg"))
    assert resolve(["a", "train/a.jpg"], [], table).tolist() == [AMBIGUOUS, 0]


def test_resolve__unknown_and_none() -> None:
    assert resolve(["zebra"], [], images(("1", "a.jpg"))).tolist() == [UNKNOWN]
    assert resolve([], [], images()).tolist() == []


def test_resolve__one_file_means_one_thing_by_all_its_ids() -> None:
    """Stems 3 and 4 as numbers; 3 alone would also be the source id of another image."""
    table = images(("1", "0002.jpg"), ("2", "0003.jpg"), ("3", "0004.jpg"))
    found = resolved(["2", "3", "4"], [], table)
    assert found.positions.tolist() == [0, 1, 2]
    assert found.way == "stem as a number"
    assert found.disputed.tolist() == [True, True, False]


def test_resolve__of_equal_ways_the_source_id_wins_and_the_dispute_is_told() -> None:
    table = images(("1", "0002.jpg"), ("2", "0001.jpg"))
    found = resolved(["1", "2"], [], table)
    assert found.positions.tolist() == [0, 1]
    assert (found.way, found.disputed.tolist()) == ("source id", [True, True])


def test_resolve__a_file_name_given_beside_the_id_settles_it() -> None:
    table = images(("1", "0002.jpg"), ("2", "0001.jpg"))
    found = resolved(["1", "2"], ["0001.jpg", "0002.jpg"], table)
    assert found.positions.tolist() == [1, 0]
