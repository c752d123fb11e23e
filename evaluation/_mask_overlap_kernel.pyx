"""Which masks can overlap enough, and by how much they do.

`_mask_overlap_kernel_numpy.py` is the twin of the same functions with the same results. Callers
have checked that every row lies inside its table, and the constructor of `evaluation.masks.Masks`
that every mask stays inside the flat array of edges; no content of the edges leads out of them.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t


cdef inline bint reaches(
    int64_t shared, int64_t area, int64_t truth_area, bint crowd, double floor
) noexcept nogil:
    """Say whether a bound of the intersection allows an IoU of `floor`.

    The bound is at least the intersection, and division rounds monotonically: what fails here
    fails when measured.
    """
    cdef int64_t union = area if crowd else area + truth_area - shared
    return <double>shared / <double>union >= floor


cdef inline int64_t overlap_bound(
    const int32_t *extent, int64_t area, const int32_t *truth_extent, int64_t truth_area
) noexcept nogil:
    """Bound the intersection: it is inside both extents and at most either area."""
    cdef int64_t across = min(extent[2], truth_extent[2]) - max(extent[0], truth_extent[0])
    cdef int64_t down = min(extent[3], truth_extent[3]) - max(extent[1], truth_extent[1])
    if across <= 0 or down <= 0:
        return 0
    return min(min(area, truth_area), across * down)


def near_pairs(
    predictions,
    truth,
    const uint8_t[::1] crowd,
    const int64_t[::1] pred_order,
    const int64_t[::1] truth_order,
    const int64_t[:, ::1] shared,
    double floor,
    found,
):
    """Find the pairs of a cell whose areas and extents allow an IoU of `floor`.

    `shared` says of each cell where it begins and ends in `pred_order` and in `truth_order`. With
    `found` None the pairs are only counted; else it is two arrays that take their rows.

    Returns:
        The number of pairs.
    """
    cdef const int64_t[::1] areas = predictions.areas
    cdef const int32_t[:, ::1] extents = predictions.extents
    cdef const int32_t[:, ::1] sizes = predictions.sizes
    cdef const int64_t[::1] truth_areas = truth.areas
    cdef const int32_t[:, ::1] truth_extents = truth.extents
    cdef const int32_t[:, ::1] truth_sizes = truth.sizes
    cdef int64_t[::1] rows, others
    cdef bint write = found is not None
    cdef int64_t cell, p, t, row, other, bound, n = 0, room = 0
    if write:
        rows, others = found
        room = min(rows.shape[0], others.shape[0])
    with nogil:
        for cell in range(shared.shape[0]):
            for p in range(shared[cell, 0], shared[cell, 1]):
                row = pred_order[p]
                for t in range(shared[cell, 2], shared[cell, 3]):
                    other = truth_order[t]
                    bound = overlap_bound(
                        &extents[row, 0], areas[row], &truth_extents[other, 0], truth_areas[other]
                    )
                    if bound == 0 or not reaches(
                        bound, areas[row], truth_areas[other], crowd[other] != 0, floor
                    ):
                        continue
                    if sizes[row, 0] != truth_sizes[other, 0]:
                        continue
                    if sizes[row, 1] != truth_sizes[other, 1]:
                        continue
                    if n < room:
                        rows[n] = row
                        others[n] = other
                    n += 1
    return n


cdef inline int64_t skip_before(
    const uint32_t *edges, int64_t spans, uint32_t place
) noexcept nogil:
    """Give the first span that ends after a place."""
    cdef int64_t low = 0, high = spans, middle
    while low < high:
        middle = (low + high) // 2
        if edges[2 * middle + 1] <= place:
            low = middle + 1
        else:
            high = middle
    return low


cdef inline int64_t common_pixels(
    const uint32_t *left, int64_t n_left, const uint32_t *right, int64_t n_right
) noexcept nogil:
    """Count the pixels that two masks share: one walk over the spans of both."""
    cdef int64_t i = 0, j = 0, total = 0
    cdef uint32_t start, stop, left_stop, right_stop
    if n_left == 0 or n_right == 0:
        return 0
    if left[1] <= right[0]:
        i = skip_before(left, n_left, right[0])
    elif right[1] <= left[0]:
        j = skip_before(right, n_right, left[0])
    while i < n_left and j < n_right:
        left_stop, right_stop = left[2 * i + 1], right[2 * j + 1]
        start = left[2 * i] if left[2 * i] > right[2 * j] else right[2 * j]
        stop = left_stop if left_stop < right_stop else right_stop
        total += <int64_t>(stop - start) if stop > start else 0
        i += left_stop <= right_stop
        j += right_stop <= left_stop
    return total


def overlaps(
    predictions,
    truth,
    pairs,
    const uint8_t[::1] crowd,
    double[::1] iou,
    int64_t low,
    int64_t high,
):
    """Measure the IoU of pairs low .. high - 1, by the arithmetic of `rleIou` of the COCO API."""
    cdef const uint32_t[::1] edges = predictions.edges
    cdef const int64_t[::1] starts = predictions.starts
    cdef const int32_t[::1] lengths = predictions.lengths
    cdef const int32_t[:, ::1] sizes = predictions.sizes
    cdef const int64_t[::1] areas = predictions.areas
    cdef const uint32_t[::1] truth_edges = truth.edges
    cdef const int64_t[::1] truth_starts = truth.starts
    cdef const int32_t[::1] truth_lengths = truth.lengths
    cdef const int32_t[:, ::1] truth_sizes = truth.sizes
    cdef const int64_t[::1] truth_areas = truth.areas
    cdef const int64_t[::1] rows, others
    cdef int64_t e, row, other, shared, union
    rows, others = pairs
    with nogil:
        for e in range(low, high):
            row, other = rows[e], others[e]
            if sizes[row, 0] != truth_sizes[other, 0] or sizes[row, 1] != truth_sizes[other, 1]:
                iou[e] = -1.0
                continue
            shared = common_pixels(
                &edges[0] + starts[row],
                lengths[row] // 2,
                &truth_edges[0] + truth_starts[other],
                truth_lengths[other] // 2,
            )
            union = areas[row] if crowd[other] else areas[row] + truth_areas[other] - shared
            iou[e] = <double>shared / <double>union if shared else 0.0
