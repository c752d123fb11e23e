from __future__ import annotations

import pytest

from evaluation.significance.multiple_testing import benjamini_hochberg

# The example of Benjamini and Hochberg 1995, section 3.2: at q ≤ 0.05 the first four are called.
PUBLISHED = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
    0.5719, 0.6528, 0.7590, 1.0000,
]  # fmt: skip


def test_benjamini_hochberg__calls_what_its_authors_called() -> None:
    q_values = benjamini_hochberg(PUBLISHED)
    assert [q <= 0.05 for q in q_values if q is not None] == [True] * 4 + [False] * 11


def test_benjamini_hochberg__by_hand() -> None:
    # Sorted 0.01 0.02 0.04 0.5: × 4/1, 4/2, 4/3, 4/4 = 0.04 0.04 0.0533 0.5.
    assert benjamini_hochberg([0.5, 0.02, 0.01, 0.04]) == pytest.approx([0.5, 0.04, 0.04, 0.16 / 3])


def test_benjamini_hochberg__never_exceeds_one_nor_falls_below_p() -> None:
    assert benjamini_hochberg([0.9, 0.95, 1.0]) == [1.0, 1.0, 1.0]
    assert all(q >= p for p, q in zip(PUBLISHED, benjamini_hochberg(PUBLISHED), strict=True) if q)


def test_benjamini_hochberg__missing_values_are_no_tests() -> None:
    assert benjamini_hochberg([None, 0.03, None]) == [None, 0.03, None]
    assert benjamini_hochberg([]) == []
