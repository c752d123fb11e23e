"""Precision–recall curves, compiled; `_accumulation_kernel_numpy.py` documents it and is its twin.

Each prediction is visited once, in walking order. One that matches nothing is only counted; at a
true positive precision is computed and kept where it is the largest of its step of recall, so
that a running maximum from the right finishes the curve. Classes run in threads.
"""

from libc.float cimport DBL_EPSILON
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

cdef extern from *:
    """
    #if defined(__GNUC__)
    #define LOWEST_BIT(bits) __builtin_ctz(bits)
    #define LOWEST_OF_64(bits) __builtin_ctzll(bits)
    #define PREFETCH(address) __builtin_prefetch(address)
    #else
    #define LOWEST_BIT(bits) LOWEST_OF_64(bits)
    static int LOWEST_OF_64(unsigned long long bits) {
        int place = 0;
        while (!(bits >> place & 1)) place++;
        return place;
    }
    #define PREFETCH(address)
    #endif
    """
    int LOWEST_BIT(unsigned int bits) noexcept nogil
    int LOWEST_OF_64(unsigned long long bits) noexcept nogil
    void PREFETCH(const void *address) noexcept nogil

cdef enum:
    AREAS = 4
    AHEAD = 16  # rows from now, when a prefetched row is needed


cdef struct Walk:
    const int64_t *order
    const int32_t *rank
    const double *area
    const double *score
    const int64_t *image
    const int32_t *weight  # NULL where every image counts once
    const int64_t *caps
    const double *ranges
    int64_t n_rows
    bint astray  # whether the order named a row that is not there, or a place no pair
    int64_t n_caps
    int64_t n_sampled  # of the caps, the largest: those with curves, not only recall
    int64_t n_thresholds
    int64_t n_recalls
    const int32_t *place  # where each row is in walking order; NULL without a prepared walk
    const int32_t *inside  # (P + 1, AREAS) predictions in range before each place
    uint64_t *any_pair  # bit p % 64 of word p / 64: prediction (or place) p has a pair
    int64_t *first_pair  # of the predictions of that word
    int64_t *state  # the five counters below, which begin anew with each class
    int64_t n_state
    int64_t *needed  # (AREAS, R) true positives that reach a recall threshold
    int64_t *seen  # (M, AREAS) predictions in range whose smallest cap is m
    int64_t *corrected  # (AREAS, M, T) what matches change in `seen`
    int64_t *found  # (AREAS, M, T) true positives
    int64_t *step  # (AREAS, M, T) recall thresholds reached


cdef struct Matched:
    int64_t place  # in walking order; the end of the class where there is none
    int64_t row
    int64_t weight
    int64_t cap  # the smallest that keeps it
    unsigned int inside  # bits of the area ranges that hold its own area
    unsigned int found[AREAS]  # bits of the thresholds at which it is true
    unsigned int ignored[AREAS]  # or lies on ignored ground truth


cdef bint allocate(Walk *walk) noexcept nogil:
    cdef int64_t combinations = AREAS * walk.n_caps * walk.n_thresholds
    cdef int64_t n_words = walk.n_rows // 64 + 1
    walk.n_state = AREAS * walk.n_recalls + walk.n_caps * AREAS + 3 * combinations
    walk.state = <int64_t *>calloc(walk.n_state + 2 * n_words, sizeof(int64_t))
    walk.needed = walk.state
    walk.seen = walk.needed + AREAS * walk.n_recalls
    walk.corrected = walk.seen + walk.n_caps * AREAS
    walk.found = walk.corrected + combinations
    walk.step = walk.found + combinations
    walk.any_pair = <uint64_t *>(walk.state + walk.n_state)
    walk.first_pair = walk.state + walk.n_state + n_words
    return walk.state != NULL


cdef void begin(
    Walk *walk,
    int64_t k,
    double best_score,
    const int64_t[:, ::1] positives,
    const double[::1] recalls,
    double[:, :, :, :, ::1] precision,
    double[:, :, :, :, ::1] scores,
) noexcept nogil:
    """Start a class: what each recall asks for; curves of 0, or −1 without ground truth."""
    cdef int64_t a, m, t, r, needed, n, every = AREAS * walk.n_caps * walk.n_thresholds
    cdef double blank
    memset(walk.state, 0, walk.n_state * sizeof(int64_t))
    for r in range(every):
        walk.step[r] = 1  # recall 0 is met by the first prediction, whatever it is
    for a in range(AREAS):
        n = positives[k, a]
        for r in range(walk.n_recalls):
            # The product is rounded, the recall k / n is too: settle by the very comparison that
            # decides, recall >= threshold in doubles.
            needed = <int64_t>(recalls[r] * n)
            while needed > 0 and needed / <double>n >= recalls[r]:
                needed -= 1
            while n and needed / <double>n < recalls[r]:
                needed += 1
            walk.needed[a * walk.n_recalls + r] = needed
        blank = 0.0 if n else -1.0
        for m in range(walk.n_sampled):
            for t in range(walk.n_thresholds):
                for r in range(walk.n_recalls):
                    precision[k, a, m, t, r] = scores[k, a, m, t, r] = blank
                scores[k, a, m, t, 0] = best_score if n else -1.0


cdef double best(Walk *walk, int64_t place, int64_t stop) noexcept nogil:
    """Give the score of the first prediction that counts, 0 without."""
    cdef int64_t row
    for place in range(place, stop):
        row = walk.order[place]
        if row < 0 or row >= walk.n_rows:
            break
        if walk.weight == NULL or walk.weight[walk.image[row]]:
            return walk.score[row]
    return 0.0


cdef Matched next_matched(Walk *walk, int64_t place, int64_t stop) noexcept nogil:
    """Walk on to the next prediction with a pair; count all on the way and it too."""
    cdef const int64_t *order = walk.order
    cdef const int32_t *rank = walk.rank
    cdef const double *area = walk.area
    cdef const double *ranges = walk.ranges
    cdef const int64_t *caps = walk.caps
    cdef const uint64_t *any_pair = walk.any_pair
    cdef int64_t *seen
    cdef int64_t row, a, w = 1, cap, most = caps[walk.n_caps - 1]
    cdef unsigned int within, inside
    cdef Matched matched
    matched.place = stop
    while place < stop:
        row = order[place]
        if row < 0 or row >= walk.n_rows:
            walk.astray = True
            break
        if place + AHEAD < stop:
            PREFETCH(&rank[order[place + AHEAD]])
            PREFETCH(&area[order[place + AHEAD]])
        place += 1
        if walk.weight != NULL:
            w = walk.weight[walk.image[row]]
            if w == 0:
                continue
        if rank[row] >= most:
            continue
        cap = 0
        while rank[row] >= caps[cap]:
            cap += 1
        seen = walk.seen + cap * AREAS
        inside = 0
        for a in range(AREAS):
            within = (area[row] >= ranges[2 * a]) & (area[row] <= ranges[2 * a + 1])
            seen[a] += w * within
            inside |= within << a
        if any_pair[row >> 6] >> (row & 63) & 1:
            matched.place, matched.row, matched.weight = place - 1, row, w
            matched.cap, matched.inside = cap, inside
            break
    return matched


cdef Matched next_prepared(Walk *walk, int64_t first, int64_t place, int64_t stop) noexcept nogil:
    """Find the next prediction with a pair where the counts on the way are known already."""
    cdef const int32_t *before = walk.inside + AREAS * first
    cdef const int32_t *here
    cdef uint64_t word
    cdef int64_t row, a, cap, last = walk.n_caps - 1
    cdef Matched matched
    matched.place = stop
    while place < stop:
        word = walk.any_pair[place >> 6] >> (place & 63)
        if not word:
            place = ((place >> 6) + 1) << 6
            continue
        place += LOWEST_OF_64(word)
        if place >= stop:
            break
        row = walk.order[place]
        if row < 0 or row >= walk.n_rows:
            walk.astray = True
            break
        place += 1
        if walk.rank[row] >= walk.caps[last]:
            continue
        cap = 0
        while walk.rank[row] >= walk.caps[cap]:
            cap += 1
        here = walk.inside + AREAS * place
        matched.inside = 0
        for a in range(AREAS):
            walk.seen[last * AREAS + a] = here[a] - before[a]
            matched.inside |= <unsigned int>(here[a] - here[a - AREAS]) << a
        matched.place, matched.row, matched.weight, matched.cap = place - 1, row, 1, cap
        break
    return matched


cdef Matched following(Walk *walk, int64_t first, int64_t place, int64_t stop) noexcept nogil:
    if walk.place == NULL:
        return next_matched(walk, place, stop)
    return next_prepared(walk, first, place, stop)


cdef void look_up(
    Walk *walk,
    Matched *matched,
    const int64_t[::1] pred,
    const uint16_t[:, ::1] thresholds,
    const uint8_t[:, ::1] counted,
    const int64_t *positives,
) noexcept nogil:
    """Gather from its pairs at which thresholds a prediction is true and where it is ignored."""
    cdef unsigned int bits, known = (1 << walk.n_thresholds) - 1
    cdef int64_t a, e = walk.first_pair[matched.row >> 6]
    for a in range(AREAS):
        matched.found[a] = matched.ignored[a] = 0
    while e < pred.shape[0] and pred[e] != matched.row:
        e += 1
    walk.astray |= e == pred.shape[0]
    while e < pred.shape[0] and pred[e] == matched.row:
        for a in range(AREAS):
            bits = thresholds[e, a] & known if positives[a] else 0
            # On ignored ground truth a prediction does not count even where its area is in range.
            matched.found[a] |= bits if counted[e, a] else 0
            matched.ignored[a] |= 0 if counted[e, a] else bits
        e += 1


cdef inline void sample(
    Walk *walk,
    int64_t at,
    const int64_t *needed,
    double score,
    double value,
    double *precision,
    double *scores,
) noexcept nogil:
    """Keep the precision of a true positive if it is the largest of its step of recall."""
    cdef int64_t r = walk.step[at]
    while r < walk.n_recalls and needed[r] <= walk.found[at]:
        scores[r] = score
        r += 1
    walk.step[at] = r
    if value > precision[r - 1]:
        precision[r - 1] = value


cdef void hit(
    Walk *walk,
    int64_t k,
    const Matched *matched,
    double score,
    double[:, :, :, :, ::1] precision,
    double[:, :, :, :, ::1] scores,
) noexcept nogil:
    """Take in a matched prediction."""
    cdef int64_t a, m, at, here, seen
    cdef unsigned int bits, t
    cdef bint inside
    cdef double value
    for a in range(AREAS):
        if not matched.found[a] | matched.ignored[a]:
            continue
        inside = matched.inside >> a & 1
        seen = 0
        for m in range(walk.n_caps):
            seen += walk.seen[m * AREAS + a]
            if m < matched.cap:
                continue
            here = m - walk.n_caps + walk.n_sampled
            if here < 0 and m > matched.cap:
                continue  # of a cap without curves only the end is asked for: `finish` adds up
            bits = matched.ignored[a] if inside and here >= 0 else 0
            while bits:
                at = (a * walk.n_caps + m) * walk.n_thresholds + LOWEST_BIT(bits)
                walk.corrected[at] -= matched.weight
                bits &= bits - 1
            bits = matched.found[a]
            while bits:
                t = LOWEST_BIT(bits)
                at = (a * walk.n_caps + m) * walk.n_thresholds + t
                bits &= bits - 1
                walk.found[at] += matched.weight
                # A true positive counts even where its own area is out of range.
                if not inside:
                    walk.corrected[at] += matched.weight
                if here >= 0:
                    value = walk.found[at] / (<double>(seen + walk.corrected[at]) + DBL_EPSILON)
                    sample(
                        walk,
                        at,
                        walk.needed + a * walk.n_recalls,
                        score,
                        value,
                        &precision[k, a, here, t, 0],
                        &scores[k, a, here, t, 0],
                    )


cdef void finish(
    Walk *walk,
    int64_t k,
    const int64_t[:, ::1] positives,
    double[:, :, :, :, ::1] precision,
    double[:, :, :, ::1] recall,
) noexcept nogil:
    """Turn the largest precisions of each step into the envelope from the right."""
    cdef int64_t a, m, t, r, at = 0
    cdef double best
    for a in range(AREAS):
        for m in range(walk.n_caps):
            for t in range(walk.n_thresholds):
                recall[k, a, m, t] = -1.0
                if 0 < m < walk.n_caps - walk.n_sampled:
                    walk.found[at] += walk.found[at - walk.n_thresholds]
                if positives[k, a]:
                    recall[k, a, m, t] = walk.found[at] / <double>positives[k, a]
                at += 1
        for m in range(walk.n_sampled if positives[k, a] else 0):
            for t in range(walk.n_thresholds):
                best = 0.0
                for r in range(walk.n_recalls - 1, -1, -1):
                    best = max(best, precision[k, a, m, t, r])
                    precision[k, a, m, t, r] = best


def sample_curves(
    const int64_t[::1] classes,
    const int64_t[::1] order,
    const int64_t[::1] start,
    const int32_t[::1] rank,
    const double[::1] area,
    const double[::1] score,
    const int64_t[::1] image,
    const int32_t[::1] weight,
    const int64_t[::1] pred,
    const uint16_t[:, ::1] thresholds,
    const uint8_t[:, ::1] counted,
    const int64_t[::1] caps,
    const double[:, ::1] ranges,
    const double[::1] recalls,
    const int64_t[:, ::1] positives,
    double[:, :, :, :, ::1] precision,
    double[:, :, :, :, ::1] scores,
    double[:, :, :, ::1] recall,
    const int32_t[::1] place,
    const int32_t[:, ::1] inside,
):
    cdef Walk walk
    cdef Matched matched
    cdef int64_t c, e, k, at
    walk.n_rows, walk.n_caps, walk.n_sampled = order.shape[0], caps.shape[0], precision.shape[2]
    walk.n_thresholds, walk.n_recalls = recall.shape[3], recalls.shape[0]
    walk.order, walk.rank, walk.area, walk.image = &order[0], &rank[0], &area[0], &image[0]
    walk.weight = NULL if weight is None else &weight[0]
    walk.caps, walk.ranges = &caps[0], &ranges[0, 0]
    walk.score, walk.astray = &score[0], False
    walk.place = NULL if place is None else &place[0]
    walk.inside = NULL if inside is None else &inside[0, 0]
    if not allocate(&walk):
        raise MemoryError
    with nogil:
        for e in range(pred.shape[0] - 1, -1, -1):
            at = pred[e] if walk.place == NULL else walk.place[pred[e]]
            if at < 0 or at >= walk.n_rows:
                walk.astray = True
                continue
            walk.any_pair[at >> 6] |= <uint64_t>1 << (at & 63)
            walk.first_pair[pred[e] >> 6] = e
        for c in range(classes.shape[0]):
            k = classes[c]
            begin(&walk, k, best(&walk, start[k], start[k + 1]), positives, recalls, precision, scores)
            matched = following(&walk, start[k], start[k], start[k + 1])
            while matched.place < start[k + 1]:
                look_up(&walk, &matched, pred, thresholds, counted, &positives[k, 0])
                hit(&walk, k, &matched, score[matched.row], precision, scores)
                matched = following(&walk, start[k], matched.place + 1, start[k + 1])
            finish(&walk, k, positives, precision, recall)
        free(walk.state)
    if walk.astray:
        raise IndexError
