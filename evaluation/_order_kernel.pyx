"""Sorting by position and by score, compiled; `_order_kernel_numpy.py` documents it and is its twin.

Callers check every position before it comes here (`axes.py`). Groups are sorted in threads.
"""

from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

cdef enum:
    DIGITS = 2048  # 11 bits a pass
    FEW = 48  # rows that are sorted by insertion
    PLACE = 0x7FFFFFFF  # bits of a record that are its place, the others are its key


def span(const int64_t[::1] values):
    cdef int64_t i, value, low = 0, high = -1, last
    cdef bint ascending = True
    with nogil:
        if values.shape[0]:
            low = high = last = values[0]
            for i in range(1, values.shape[0]):
                value = values[i]
                ascending &= value >= last
                low = min(low, value)
                high = max(high, value)
                last = value
    return low, high, ascending


def count_positions(const int64_t[::1] position, int64_t[::1] start):
    cdef int64_t i
    cdef uint64_t n = max(start.shape[0] - 1, 0)
    cdef bint astray = False
    with nogil:
        memset(&start[0], 0, start.shape[0] * sizeof(int64_t))
        for i in range(position.shape[0]):
            if <uint64_t>position[i] >= n:  # negative ones too
                astray = True
                break
            start[position[i] + 1] += 1
        for i in range(start.shape[0] - 1):
            start[i + 1] += start[i]
    if astray:
        raise IndexError


def sort_by_position(
    const int64_t[::1] position,
    const int64_t[::1] rows,
    int64_t[::1] start,
    int64_t[::1] out,
    const double[::1] column,
    double[::1] carried,
):
    cdef int64_t i, row, place
    cdef bint in_order = rows is None, carries = column is not None
    count_positions(position, start)
    with nogil:
        for i in range(position.shape[0]):
            row = i if in_order else rows[i]
            place = start[position[row]]
            start[position[row]] = place + 1
            out[place] = row
            if carries:
                carried[place] = column[row]
        # Each start has moved to the next one.
        for i in range(start.shape[0] - 1, 0, -1):
            start[i] = start[i - 1]
        start[0] = 0


cdef inline uint64_t descending_bits(double score) noexcept nogil:
    """Give bits that ascend where scores descend; -0.0 and 0.0 are one."""
    cdef uint64_t bits
    cdef double value = score + 0.0
    memcpy(&bits, &value, sizeof(bits))
    return bits if bits >> 63 else ~(bits | <uint64_t>1 << 63)


cdef uint64_t *sort_digits(uint64_t *records, uint64_t *spare, int64_t n, int first) noexcept nogil:
    """Sort by bits 31 to 63 from digit `first` on, stable; give the buffer with the result."""
    cdef int32_t counts[3][DIGITS]
    cdef int64_t i
    cdef int p, digit, total, here, shift
    cdef uint64_t *swap
    memset(&counts[0][0], 0, sizeof(counts))
    for i in range(n):
        counts[0][(records[i] >> 31) & (DIGITS - 1)] += 1
        counts[1][(records[i] >> 42) & (DIGITS - 1)] += 1
        counts[2][records[i] >> 53] += 1
    for p in range(first, 3):
        shift = 31 + 11 * p
        if counts[p][(records[0] >> shift) & (DIGITS - 1)] == n:
            continue
        total = 0
        for digit in range(DIGITS):
            here = counts[p][digit]
            counts[p][digit] = total
            total += here
        for i in range(n):
            digit = (records[i] >> shift) & (DIGITS - 1)
            spare[counts[p][digit]] = records[i]
            counts[p][digit] += 1
        swap = records
        records = spare
        spare = swap
    return records


cdef inline bint after(uint64_t left, uint64_t right, const uint64_t *keys) noexcept nogil:
    """Say whether a record belongs after another: by its upper bits, then by its whole key."""
    if left >> 31 != right >> 31:
        return left >> 31 > right >> 31
    return keys[left & PLACE] > keys[right & PLACE]


cdef bint insert(uint64_t *records, const uint64_t *keys, int64_t n, int64_t moves) noexcept nogil:
    """Sort nearly sorted records; say whether the moves were enough."""
    cdef int64_t i, j
    cdef uint64_t record
    for i in range(1, n):
        record = records[i]
        j = i
        while j > 0 and after(records[j - 1], record, keys):
            records[j] = records[j - 1]
            j -= 1
            moves -= 1
        records[j] = record
        if moves < 0:
            return False
    return True


cdef uint64_t *sort_keys(
    const uint64_t *keys, uint64_t *records, uint64_t *spare, int64_t n
) noexcept nogil:
    """Give records in order of their keys, stable; bits 0 to 30 of a record are its place."""
    cdef uint64_t every = 0, common = ~<uint64_t>0
    cdef uint64_t *there
    cdef int64_t i
    cdef int shift = 0, part
    if n <= FEW:
        for i in range(n):
            records[i] = i
        insert(records, keys, n, n * n)
        return records
    for i in range(n):
        every |= keys[i]
        common &= keys[i]
    while (every ^ common) >> shift >> 33:
        shift += 1
    # The first 22 bits that differ nearly order them all: two passes, then insertion.
    for i in range(n):
        records[i] = keys[i] >> shift << 31 | <uint64_t>i
    there = sort_digits(records, spare, n, 1)
    if insert(there, keys, n, 4 * n):
        return there
    # Crowded scores: all 64 bits, the lower 33 first.
    for i in range(n):
        records[i] = keys[i] << 31 | <uint64_t>i
    there = sort_digits(records, spare, n, 0)
    for i in range(n):
        there[i] = keys[there[i] & PLACE] >> 33 << 31 | (there[i] & PLACE)
    return sort_digits(there, records if there == spare else spare, n, 0)


def sort_by_score(
    const double[::1] score,
    const int64_t[::1] start,
    const int64_t[::1] groups,
    int64_t[::1] order,
):
    cdef int64_t i, g, n, longest = 1
    cdef uint64_t *keys
    cdef uint64_t *records
    cdef uint64_t *result
    cdef int64_t *rows
    for g in range(groups.shape[0]):
        longest = max(longest, start[groups[g] + 1] - start[groups[g]])
    if longest >= 1 << 31:
        raise OverflowError
    keys = <uint64_t *>malloc(4 * longest * sizeof(uint64_t))
    if keys == NULL:
        raise MemoryError
    records = keys + longest
    rows = <int64_t *>(keys + 3 * longest)
    with nogil:
        for g in range(groups.shape[0]):
            n = start[groups[g] + 1] - start[groups[g]]
            if n < 2:
                continue
            memcpy(rows, &order[start[groups[g]]], n * sizeof(int64_t))
            for i in range(n):
                keys[i] = descending_bits(score[start[groups[g]] + i])
            result = sort_keys(keys, records, records + longest, n)
            for i in range(n):
                order[start[groups[g]] + i] = rows[result[i] & PLACE]
        free(keys)
