"""Overlap of convex quadrilaterals, compiled; `_oriented_kernel_numpy.py` documents it.

Callers check every position before it comes here (`oriented_boxes.py`). No loop holds Python
objects, so blocks of images run in threads.
"""

from libc.stdint cimport int64_t, uint8_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy

import numpy as np

cdef enum:
    ROOM = 24  # corners; cutting n of them leaves at most 1.5 n, however rounding falls

cdef extern from *:
    """
    static inline double less(double a, double b) { return a < b ? a : b; }
    static inline double more(double a, double b) { return a > b ? a : b; }
    """
    double less(double a, double b) noexcept nogil
    double more(double a, double b) noexcept nogil


cdef struct Pair:
    int64_t pred
    int64_t truth
    double iou


cdef struct Pairs:
    Pair *at
    int64_t n
    int64_t room


cdef bint keep(Pairs *pairs, int64_t pred, int64_t truth, double iou) noexcept nogil:
    cdef int64_t room = pairs.room
    cdef Pair *moved
    if pairs.n == room:
        room = 2 * room + 1024
        moved = <Pair *>realloc(pairs.at, room * sizeof(Pair))
        if moved == NULL:
            return False
        pairs.at, pairs.room = moved, room
    pairs.at[pairs.n].pred, pairs.at[pairs.n].truth, pairs.at[pairs.n].iou = pred, truth, iou
    pairs.n += 1
    return True


cdef int cut(double *corner, int n, double ax, double ay, double ex, double ey) noexcept nogil:
    """Keep what lies left of the line through a along e; give the number of corners left."""
    cdef double left[2 * ROOM]
    cdef double inside[ROOM]
    cdef double share
    cdef int i, j, n_left = 0
    for i in range(n):
        inside[i] = ex * (corner[2 * i + 1] - ay) - ey * (corner[2 * i] - ax)
    for i in range(n):
        j = i + 1 if i + 1 < n else 0
        if inside[i] >= 0:
            left[2 * n_left], left[2 * n_left + 1] = corner[2 * i], corner[2 * i + 1]
            n_left += 1
        if (inside[i] >= 0) != (inside[j] >= 0):
            share = inside[i] / (inside[i] - inside[j])
            left[2 * n_left] = corner[2 * i] + share * (corner[2 * j] - corner[2 * i])
            left[2 * n_left + 1] = corner[2 * i + 1] + share * (
                corner[2 * j + 1] - corner[2 * i + 1]
            )
            n_left += 1
    memcpy(corner, left, 2 * n_left * sizeof(double))
    return n_left


cdef double intersection(const double *quad, const double *other) noexcept nogil:
    """Clip one quadrilateral by the other and measure what is left."""
    cdef double corner[2 * ROOM]
    cdef double twice = 0, x = other[0], y = other[1]
    cdef int i, j, n = 4
    for i in range(4):
        corner[2 * i], corner[2 * i + 1] = quad[2 * i] - x, quad[2 * i + 1] - y
    for i in range(4):
        j = (i + 1) & 3
        n = cut(
            corner, n, other[2 * i] - x, other[2 * i + 1] - y,
            other[2 * j] - other[2 * i], other[2 * j + 1] - other[2 * i + 1],
        )
    for i in range(1, n - 1):
        twice += (corner[2 * i] - corner[0]) * (corner[2 * i + 3] - corner[1]) - (
            corner[2 * i + 2] - corner[0]
        ) * (corner[2 * i + 1] - corner[1])
    return twice / 2


def oriented_pairs(
    predictions,
    truths,
    const uint8_t[::1] crowd,
    const int64_t[::1] pred_order,
    const int64_t[::1] truth_order,
    const int64_t[:, ::1] cells,
    double floor,
):
    cdef const double[:, :, ::1] corners = predictions.corners
    cdef const double[:, :, ::1] truth_corners = truths.corners
    cdef const double[:, ::1] extents = predictions.extents
    cdef const double[:, ::1] truth_extents = truths.extents
    cdef const double[::1] areas = predictions.areas
    cdef const double[::1] truth_areas = truths.areas
    cdef const uint8_t[::1] upright = predictions.upright
    cdef const uint8_t[::1] truth_upright = truths.upright
    cdef Pairs pairs
    cdef int64_t c, i, j, p, t
    cdef bint enough = True
    cdef double width, height, shared, least, whole, about = floor * (1 - 1e-6)
    pairs.at, pairs.n, pairs.room = NULL, 0, 0
    with nogil:
        for c in range(cells.shape[0]):
            for i in range(cells[c, 0], cells[c, 1]):
                p = pred_order[i]
                for j in range(cells[c, 2], cells[c, 3]):
                    t = truth_order[j]
                    width = less(extents[p, 2], truth_extents[t, 2]) - more(
                        extents[p, 0], truth_extents[t, 0]
                    )
                    height = less(extents[p, 3], truth_extents[t, 3]) - more(
                        extents[p, 1], truth_extents[t, 1]
                    )
                    if not (width > 0 and height > 0):
                        continue
                    least = less(areas[p], truth_areas[t])
                    shared = less(width * height, least)
                    whole = areas[p] if crowd[t] else areas[p] + truth_areas[t] - shared
                    if shared < about * whole:
                        continue
                    if not (upright[p] and truth_upright[t]):
                        shared = intersection(&corners[p, 0, 0], &truth_corners[t, 0, 0])
                        shared = more(less(shared, least), 0)
                        whole = areas[p] if crowd[t] else areas[p] + truth_areas[t] - shared
                    if shared / whole >= floor:
                        enough = keep(&pairs, p, t, shared / whole)
                    if not enough:
                        break
                if not enough:
                    break
            if not enough:
                break
    try:
        if not enough:
            raise MemoryError
        return columns(&pairs)
    finally:
        free(pairs.at)


cdef columns(Pairs *pairs):
    """Give the pairs as three arrays."""
    pred_column, truth_column = np.empty(pairs.n, np.int64), np.empty(pairs.n, np.int64)
    iou_column = np.empty(pairs.n)
    cdef int64_t[::1] pred = pred_column
    cdef int64_t[::1] truth = truth_column
    cdef double[::1] iou = iou_column
    cdef int64_t e
    for e in range(pairs.n):
        pred[e], truth[e], iou[e] = pairs.at[e].pred, pairs.at[e].truth, pairs.at[e].iou
    return pred_column, truth_column, iou_column
