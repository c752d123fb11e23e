"""The matcher's inner loops, compiled; `_kernel_numpy.py` documents them and is their twin.

Callers check every position before it comes here (`candidates.py`, `matching.py`). No loop holds
Python objects, so blocks of images run in threads.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t
from libc.stdlib cimport free, malloc, realloc

import numpy as np

cdef enum:
    AHEAD = 16  # rows from now, when a prefetched row is needed

cdef extern from *:
    """
    #if defined(__GNUC__)
    #define PREFETCH(address) __builtin_prefetch(address)
    #define NOT_INLINED __attribute__((noinline))
    #else
    #define PREFETCH(address)
    #define NOT_INLINED
    #define restrict
    #endif

    static inline double less(double a, double b) { return a < b ? a : b; }
    static inline double more(double a, double b) { return a > b ? a : b; }

    /* Intersect one box with the columns of a cell; `excess` is how far an intersection is above
       what the floor asks. C and not inlined: only so does `restrict` hold, and the compiler
       takes several ground truths at once, without branches. */
    NOT_INLINED static void intersect(
        const double *box, double floor, int64_t n,
        const double *restrict left, const double *restrict top, const double *restrict right,
        const double *restrict bottom, const double *restrict area,
        double *restrict shared, double *restrict excess
    ) {
        const double x = box[0], y = box[1], own = box[2] * box[3];
        const double x_end = box[2] + box[0], y_end = box[3] + box[1];
        for (int64_t j = 0; j < n; j++) {
            double width = more(less(x_end, right[j]) - more(x, left[j]), 0.0);
            double height = more(less(y_end, bottom[j]) - more(y, top[j]), 0.0);
            shared[j] = width * height;
            excess[j] = shared[j] - floor * (own + area[j] - shared[j]);
        }
    }
    """
    void PREFETCH(const void *address) noexcept nogil
    void intersect(
        const double *box, double floor, int64_t n,
        const double *left, const double *top, const double *right,
        const double *bottom, const double *area, double *shared, double *excess,
    ) noexcept nogil


def meet(
    const int64_t[::1] pred_order,
    const int64_t[::1] pred_start,
    const int64_t[::1] pred_class,
    const int64_t[::1] truth_order,
    const int64_t[::1] truth_start,
    const int64_t[::1] truth_class,
    int64_t first_image,
    int64_t last_image,
    int32_t[::1] rank,
    int64_t[:, ::1] cells,
):
    cdef int64_t image, i, j, p, end, t, t_end, u, class_, n = 0
    cdef bint whole = pred_class is None  # the cell is the image, whatever the class
    with nogil:
        for image in range(first_image, last_image):
            p, end = pred_start[image], pred_start[image + 1]
            t, t_end = truth_start[image], truth_start[image + 1]
            while p < end:
                class_ = 0 if whole else pred_class[pred_order[p]]
                i = p
                while i < end and (whole or pred_class[pred_order[i]] == class_):
                    rank[pred_order[i]] = <int32_t>(i - p)
                    i += 1
                while t < t_end and not whole and truth_class[truth_order[t]] < class_:
                    t += 1
                u = t
                while u < t_end and (whole or truth_class[truth_order[u]] == class_):
                    u += 1
                if u > t:
                    cells[n, 0], cells[n, 1], cells[n, 2], cells[n, 3] = p, i, t, u
                    n += 1
                p, t = i, u
    return n


cdef struct Pair:
    int64_t pred
    int64_t truth
    double iou


cdef struct Pairs:
    Pair *at
    int64_t n
    int64_t room


cdef bint make_room(Pairs *pairs, int64_t more) noexcept nogil:
    cdef int64_t room = pairs.room
    cdef Pair *moved
    if pairs.n + more <= room:
        return True
    room = 2 * room + more
    moved = <Pair *>realloc(pairs.at, room * sizeof(Pair))
    if moved == NULL:
        return False
    pairs.at, pairs.room = moved, room
    return True


cdef struct Truth:  # seven columns, one entry a ground truth of the cell
    double *left
    double *top
    double *right
    double *bottom
    double *area
    double *shared
    double *excess


cdef bint allocate(Truth *truth, int64_t n) noexcept nogil:
    truth.left = <double *>malloc(7 * n * sizeof(double))
    truth.top, truth.right, truth.bottom = truth.left + n, truth.left + 2 * n, truth.left + 3 * n
    truth.area, truth.shared, truth.excess = truth.left + 4 * n, truth.left + 5 * n, truth.left + 6 * n
    return truth.left != NULL


def box_pairs(
    const double[:, ::1] boxes,
    const double[:, ::1] truth_boxes,
    const uint8_t[::1] crowd,
    const int64_t[::1] pred_order,
    const int64_t[::1] truth_order,
    const int64_t[:, ::1] cells,
    double floor,
):
    cdef Pairs pairs
    cdef Truth truth
    cdef int64_t c, i, j, row, n, low, most = 1
    cdef bint enough, crowded
    cdef double area, iou, about = floor * (1 - 1e-6)
    pairs.at, pairs.n, pairs.room = NULL, 0, 0
    with nogil:
        for c in range(cells.shape[0]):
            most = max(most, cells[c, 3] - cells[c, 2])
        enough = allocate(&truth, most) and make_room(&pairs, 1024)
        c = 0
        while enough and c < cells.shape[0]:
            low, n, crowded = cells[c, 2], cells[c, 3] - cells[c, 2], False
            for j in range(n):
                row = truth_order[low + j]
                truth.left[j], truth.top[j] = truth_boxes[row, 0], truth_boxes[row, 1]
                truth.right[j] = truth_boxes[row, 2] + truth_boxes[row, 0]
                truth.bottom[j] = truth_boxes[row, 3] + truth_boxes[row, 1]
                truth.area[j] = truth_boxes[row, 2] * truth_boxes[row, 3]
                crowded |= crowd[row] != 0
            for i in range(cells[c, 0], cells[c, 1]):
                if i + AHEAD < pred_order.shape[0]:
                    PREFETCH(&boxes[pred_order[i + AHEAD], 0])
                enough = make_room(&pairs, n)
                if not enough:
                    break
                row = pred_order[i]
                area = boxes[row, 2] * boxes[row, 3]
                intersect(
                    &boxes[row, 0], about, n, truth.left, truth.top, truth.right,
                    truth.bottom, truth.area, truth.shared, truth.excess,
                )
                for j in range(n):
                    # A crowd region asks for less than excess knows.
                    if truth.excess[j] > 0 or (crowded and truth.shared[j] > 0):
                        iou = truth.shared[j] / (area + truth.area[j] - truth.shared[j])
                        if crowd[truth_order[low + j]]:
                            iou = truth.shared[j] / area
                        if iou >= floor:
                            pairs.at[pairs.n].pred = row
                            pairs.at[pairs.n].truth = truth_order[low + j]
                            pairs.at[pairs.n].iou = iou
                            pairs.n += 1
            c += 1
        free(truth.left)
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


def prefer(const int64_t[::1] pred, int64_t[::1] truth, double[::1] iou):
    cdef int64_t e, j, first = 0, row
    cdef double overlap
    with nogil:
        for e in range(1, pred.shape[0]):
            if pred[e] != pred[e - 1]:
                first = e
                continue
            row, overlap = truth[e], iou[e]
            j = e
            while j > first and iou[j - 1] <= overlap:
                truth[j], iou[j] = truth[j - 1], iou[j - 1]
                j -= 1
            truth[j], iou[j] = row, overlap


def assign(
    const int64_t[::1] pred,
    const int64_t[::1] truth,
    const double[::1] iou,
    const double[::1] least,
    const uint8_t[:, ::1] ignored,
    const uint8_t[::1] crowd,
    uint16_t[:, ::1] taken,
    uint16_t[:, ::1] matched,
):
    cdef int64_t e, f, end, n = pred.shape[0], g
    cdef int a, t, kind, n_thresholds = <int>least.shape[0]
    cdef unsigned int left, gets, reach, every = (1 << n_thresholds) - 1
    with nogil:
        e = 0
        while e < n:
            end = e
            while end < n and pred[end] == pred[e]:
                # Until it is decided what a pair gets, its first column holds what it reaches.
                reach = 0
                for t in range(n_thresholds):
                    reach |= <unsigned int>(iou[end] >= least[t]) << t
                for a in range(matched.shape[1]):
                    matched[end, a] = <uint16_t>reach
                end += 1
            for a in range(matched.shape[1]):
                left = every
                for kind in range(2):  # counted ground truth first, then ignored
                    for f in range(e, end):
                        g = truth[f]
                        if ignored[g, a] != kind:
                            continue
                        gets = matched[f, a] & left
                        if not crowd[g]:
                            gets &= ~<unsigned int>taken[g, a]
                            taken[g, a] |= <uint16_t>gets
                        matched[f, a] = <uint16_t>gets
                        left &= ~gets
            e = end
