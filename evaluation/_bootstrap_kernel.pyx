"""Weighted precision and weighted counts of many bootstrap replicates at once.

`LANES` replicates stand side by side in every inner loop: the weights of an image are one short
row, so that adding them to all replicates is a few vector instructions.
`_bootstrap_kernel_numpy.py` is the twin of the same functions, in the same arithmetic and order,
so that both give the same bits.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset

cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>

    enum { LANE_COUNT = 16, AREAS = 4 };

    /* Compiled once for each width of vectors, chosen when the module is loaded. */
    #if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__)
    #define EACH_WIDTH __attribute__((target_clones("avx512f", "avx2", "default")))
    #else
    #define EACH_WIDTH
    #endif

    typedef struct {
        int64_t first, last;        /* of the events of one class */
        const int32_t *image;       /* (E,) row of the weights */
        const uint16_t *thresholds; /* (E, 4) bit t: the pair is matched at threshold t */
        const uint8_t *counted;     /* (E,) bit a: its ground truth counts in area range a */
        const uint8_t *ranges;      /* (E,) bit a: its prediction's own area is in range a */
        const int32_t *weights;     /* (images, lanes) */
        const int32_t *seen;        /* (events of the class, 4, lanes) predictions so far */
    } Events;

    static inline void add(int32_t *restrict sums, const int32_t *restrict weight, int32_t factor) {
        for (int lane = 0; lane < LANE_COUNT; lane++) sums[lane] += factor * weight[lane];
    }

    /* Running numbers of predictions of one class, kept at its events. */
    EACH_WIDTH
    static void count_seen(
        int64_t first, int64_t last, const int32_t *image, const uint8_t *ranges,
        const int32_t *weights, const Events *events, const int64_t *place, int32_t *seen
    ) {
        int32_t running[AREAS][LANE_COUNT];
        memset(running, 0, sizeof running);
        int64_t row = first;
        for (int64_t event = events->first; event < events->last; event++) {
            for (; row <= place[event] && row < last; row++) {
                const int32_t *weight = weights + (int64_t)image[row] * LANE_COUNT;
                for (int area = 0; area < AREAS; area++)
                    if (ranges[row] >> area & 1) add(running[area], weight, 1);
            }
            memcpy(seen, running, sizeof running);
            seen += AREAS * LANE_COUNT;
        }
    }

    /* Sum the envelope of precision over the 101 recall thresholds, walking from the last event
       to the first. Precision can only rise at a true positive, so it is computed at events only;
       an event that a replicate did not draw computes no more than the true positive before it.
       Recall thresholds are j * 0.01: how many of them a recall meets needs no search, truncate
       and settle by the very comparison that decides, recall >= threshold in doubles. */
    EACH_WIDTH
    static void sum_envelope(
        const Events *events, int area, int threshold, const int32_t *positives, double *total
    ) {
        int32_t found[LANE_COUNT] = {0}, correction[LANE_COUNT] = {0}, met_later[LANE_COUNT] = {0};
        double envelope[LANE_COUNT] = {0}, sum[LANE_COUNT] = {0}, wanted[LANE_COUNT];
        for (int lane = 0; lane < LANE_COUNT; lane++)
            wanted[lane] = positives[lane] > 0 ? positives[lane] : 1;
        for (int64_t event = events->first; event < events->last; event++) {
            if (!(events->thresholds[event * AREAS + area] >> threshold & 1)) continue;
            const int32_t *weight = events->weights + (int64_t)events->image[event] * LANE_COUNT;
            const int counted = events->counted[event] >> area & 1;
            const int change = counted - (events->ranges[event] >> area & 1);
            if (counted) add(found, weight, 1);
            if (change) add(correction, weight, change);
        }
        for (int64_t event = events->last - 1; event >= events->first; event--) {
            if (!(events->thresholds[event * AREAS + area] >> threshold & 1)) continue;
            const int32_t *weight = events->weights + (int64_t)events->image[event] * LANE_COUNT;
            const int counted = events->counted[event] >> area & 1;
            const int change = counted - (events->ranges[event] >> area & 1);
            if (counted) {
                const int32_t *seen =
                    events->seen + ((event - events->first) * AREAS + area) * LANE_COUNT;
                for (int lane = 0; lane < LANE_COUNT; lane++) {
                    const double true_positives = found[lane];
                    const double recall = true_positives / wanted[lane];
                    int32_t met = (int32_t)(recall * 100.0);
                    met += (met + 1) * 0.01 <= recall;
                    met += 1 - (met * 0.01 > recall);
                    sum[lane] += (met_later[lane] - met) * envelope[lane];
                    met_later[lane] = met;
                    const double predicted = seen[lane] + correction[lane];
                    const double precision = true_positives / (predicted + 2.220446049250313e-16);
                    envelope[lane] = precision > envelope[lane] ? precision : envelope[lane];
                }
                add(found, weight, -1);
            }
            if (change) add(correction, weight, -change);
        }
        for (int lane = 0; lane < LANE_COUNT; lane++)
            total[lane] = sum[lane] + met_later[lane] * envelope[lane];
    }

    EACH_WIDTH
    static void sum_weights(
        int64_t entries, const int64_t *slot, const int32_t *image, const int32_t *amount,
        const int32_t *weights, int32_t *sums
    ) {
        for (int64_t entry = 0; entry < entries; entry++)
            add(sums + slot[entry] * LANE_COUNT, weights + (int64_t)image[entry] * LANE_COUNT,
                amount[entry]);
    }
    """
    enum: LANE_COUNT
    ctypedef struct Events:
        int64_t first, last
        const int32_t *image
        const uint16_t *thresholds
        const uint8_t *counted
        const uint8_t *ranges
        const int32_t *weights
        const int32_t *seen
    void count_seen(
        int64_t first, int64_t last, const int32_t *image, const uint8_t *ranges,
        const int32_t *weights, const Events *events, const int64_t *place, int32_t *seen,
    ) noexcept nogil
    void sum_envelope(
        const Events *events, int area, int threshold, const int32_t *positives, double *total,
    ) noexcept nogil
    void sum_weights(
        int64_t entries, const int64_t *slot, const int32_t *image, const int32_t *amount,
        const int32_t *weights, int32_t *sums,
    ) noexcept nogil

LANES = LANE_COUNT


def envelope_sums(walk, const int32_t[:, ::1] weights, const int32_t[:, :, ::1] positives,
                  double[:, :, :, ::1] out):
    """Sum the envelope of precision over COCO's recall thresholds.

    Args:
        walk: A `Walk`: its columns were checked when it was made.
        weights: (images, LANES) how often each replicate drew each image.
        positives: (K, 4, LANES) weighted ground truth that counts.
        out: (K, 4, T, LANES) written: a 101st of it is an average precision.

    Raises:
        ValueError: If shapes do not fit together.
        MemoryError: If there is no memory for the events of the largest class.
    """
    cdef const int64_t[::1] row_start = walk.row_start
    cdef const int32_t[::1] row_image = walk.row_image
    cdef const uint8_t[::1] row_ranges = walk.row_ranges
    cdef const int64_t[::1] event_start = walk.event_start
    cdef const int64_t[::1] event_row = walk.event_row
    cdef const int32_t[::1] event_image = walk.event_image
    cdef const uint8_t[::1] event_ranges = walk.event_ranges
    cdef const uint8_t[::1] event_counted = walk.event_counted
    cdef const uint16_t[:, ::1] thresholds = walk.thresholds
    cdef Py_ssize_t n_classes = out.shape[0], n_thresholds = out.shape[2]
    cdef Py_ssize_t class_, area, t
    cdef int64_t largest = 0
    cdef int32_t *seen
    cdef Events events
    if (weights.shape[1] != LANE_COUNT or positives.shape[2] != LANE_COUNT
            or out.shape[3] != LANE_COUNT or positives.shape[0] != n_classes
            or positives.shape[1] != 4 or out.shape[1] != 4 or n_thresholds > 16
            or row_start.shape[0] != n_classes + 1 or event_start.shape[0] != n_classes + 1
            or thresholds.shape[1] != 4 or weights.shape[0] != walk.n_images):
        raise ValueError("Shapes do not fit together.")
    for class_ in range(n_classes):
        largest = max(largest, event_start[class_ + 1] - event_start[class_])
    seen = <int32_t *> malloc(max(largest, 1) * 4 * LANE_COUNT * sizeof(int32_t))
    if seen == NULL:
        raise MemoryError
    try:
        with nogil:
            for class_ in range(n_classes):
                events.first, events.last = event_start[class_], event_start[class_ + 1]
                if events.first == events.last:
                    for area in range(4):
                        for t in range(n_thresholds):
                            memset(&out[class_, area, t, 0], 0, LANE_COUNT * sizeof(double))
                    continue
                events.image = &event_image[0]
                events.thresholds = &thresholds[0, 0]
                events.counted = &event_counted[0]
                events.ranges = &event_ranges[0]
                events.weights = &weights[0, 0]
                events.seen = seen
                count_seen(row_start[class_], row_start[class_ + 1], &row_image[0], &row_ranges[0],
                           events.weights, &events, &event_row[0], seen)
                for area in range(4):
                    for t in range(n_thresholds):
                        sum_envelope(&events, area, t, &positives[class_, area, 0],
                                     &out[class_, area, t, 0])
    finally:
        free(seen)


def weighted_counts(counts, const int32_t[:, ::1] weights, int32_t[:, ::1] out):
    """Add up the weights of the images that entries lie on, by slot.

    Args:
        counts: A `Counts`: its columns were checked when it was made.
        weights: (images, LANES) how often each replicate drew each image.
        out: (slots, LANES) written.

    Raises:
        ValueError: If shapes do not fit together.
    """
    cdef const int64_t[::1] slot = counts.slot
    cdef const int32_t[::1] image = counts.image
    cdef const int32_t[::1] amount = counts.amount
    if (weights.shape[1] != LANE_COUNT or out.shape[1] != LANE_COUNT
            or weights.shape[0] != counts.n_images or out.shape[0] != counts.n_slots):
        raise ValueError("Shapes do not fit together.")
    out[:] = 0
    if slot.shape[0]:
        with nogil:
            sum_weights(slot.shape[0], &slot[0], &image[0], &amount[0], &weights[0, 0], &out[0, 0])
