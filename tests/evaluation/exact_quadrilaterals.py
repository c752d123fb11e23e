"""Overlap of convex quadrilaterals in rational numbers: no rounding, another algorithm."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Point = tuple[Fraction, Fraction]


def exact_iou(quad: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Hull of all corners inside the other outline and of all crossings, over the union."""
    ours, theirs = _outline(quad), _outline(other)
    points = {p for p in ours if _holds(theirs, p)} | {p for p in theirs if _holds(ours, p)}
    for side in _sides(ours):
        points |= {p for of in _sides(theirs) for p in _crossing(side, of)}
    shared = _area(_hull(points))
    union = _area(ours) + _area(theirs) - shared
    return float(shared / union) if union else 0.0


def _outline(corners: NDArray[np.float64]) -> list[Point]:
    points = [(Fraction(x), Fraction(y)) for x, y in corners.tolist()]
    return points if _signed(points) >= 0 else points[::-1]


def _sides(points: list[Point]) -> Iterable[tuple[Point, Point]]:
    return pairwise([*points, points[0]])


def _cross(o: Point, a: Point, b: Point) -> Fraction:
    return (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0])


def _holds(outline: list[Point], point: Point) -> bool:
    return all(_cross(a, b, point) >= 0 for a, b in _sides(outline))


def _crossing(side: tuple[Point, Point], of: tuple[Point, Point]) -> set[Point]:
    (a, b), (c, d) = side, of
    below, above = _cross(c, d, a), _cross(c, d, b)
    left, right = _cross(a, b, c), _cross(a, b, d)
    if below * above >= 0 or left * right >= 0:
        return set()  # touching ends are corners that the other outline holds
    share = below / (below - above)
    return {(a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]))}


def _hull(points: set[Point]) -> list[Point]:
    def half(ordered: list[Point]) -> list[Point]:
        chain: list[Point] = []
        for point in ordered:
            while len(chain) > 1 and _cross(chain[-2], chain[-1], point) <= 0:
                chain.pop()
            chain.append(point)
        return chain[:-1]

    ordered = sorted(points)
    return half(ordered) + half(ordered[::-1])


def _area(points: list[Point]) -> Fraction:
    return abs(_signed(points)) if points else Fraction(0)


def _signed(points: list[Point]) -> Fraction:
    return sum((a[0] * b[1] - b[0] * a[1] for a, b in _sides(points)), Fraction(0)) / 2
