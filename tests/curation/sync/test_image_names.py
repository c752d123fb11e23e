"""Which image of the project a task is about."""

from __future__ import annotations

import numpy as np
import pytest

from curation.store.images import ImageTable
from curation.sync.image_names import DoubtfulImage, ImageNames, UnknownImage


def names(*file_names: str) -> ImageNames:
    count = len(file_names)
    column = np.arange(1, count + 1, dtype=np.int64)
    return ImageNames(
        ImageTable(
            id=column,
            dataset_id=column,
            source_id=list(file_names),
            file_name=list(file_names),
            width=column,
            height=column,
            split=[None] * count,
            labelled=np.ones(count, np.bool_),
            sha256=[None] * count,
            added_in=column,
        )
    )


@pytest.mark.parametrize(
    "address",
    [
        "b.jpg",
        "street/b.jpg",
        "/data/local-files/?d=street/b.jpg",
        "/data/upload/7/0123abcd-b.jpg",
        "s3://bucket/any/street/b.jpg",
        "https://cdn.example/b.jpg?signature=1",
    ],
)
def test_image__is_found_by_the_end_of_its_address(address: str) -> None:
    assert names("street/a.jpg", "street/b.jpg").find(address, None) == 2


def test_key__decides_before_any_name() -> None:
    assert names("a.jpg", "b.jpg").find("a.jpg", "image-2") == 2


def test_foreign_key__is_no_key() -> None:
    assert names("a.jpg").find("a.jpg", "image-99") == 1
    assert names("a.jpg").find("a.jpg", "something") == 1


def test_name_that_two_images_end_in__is_doubtful() -> None:
    found = names("x/a.jpg", "y/a.jpg").find("a.jpg", None)
    assert isinstance(found, DoubtfulImage)
    assert "2 images" in found.reason
    assert names("x/a.jpg", "y/a.jpg").find("y/a.jpg", None) == 2


def test_other_folder__is_another_image() -> None:
    assert names("x/a.jpg").find("y/a.jpg", None) == UnknownImage("y/a.jpg")


@pytest.mark.parametrize("address", ["../a.jpg", "s3://bucket/../../a.jpg", "a\\b.jpg", "  "])
def test_unsafe_name__is_doubtful(address: str) -> None:
    assert isinstance(names("x.jpg").find(address, None), DoubtfulImage)
