"""Run-length masks from compressed texts and plain runs, and back to texts.

`_mask_kernel_numpy.py` is the twin of the same functions with the same results. Columns come as
the arrays of `evaluation.masks.Texts` and `evaluation.masks.Masks`, whose constructors have checked
that every start and length stays inside its flat array; what is written is bounded here again, so
that no content of a text reaches past its room.
"""

from libc.math cimport fabs, isfinite
from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t

from evaluation._mask_edges cimport MAX_PIXELS, empty_mask, measure, pixels_of

# Codes of evaluation.mask_faults.FAULTS.
cdef enum:
    OK = 0
    SIZE = 1
    CHARACTER = 2
    CUT = 3
    LONG = 4
    NEGATIVE = 5
    TOTAL = 6
    FRACTION = 7

cdef enum:
    MAX_GROUPS = 7  # groups of five bits in a run; a run below 2**28 and its sign need six


cdef inline int64_t count_ends(const uint8_t *text, int64_t length, bint *odd) noexcept nogil:
    """Count the runs of a text: its characters that end one. Vectorised by the compiler."""
    cdef int64_t total = 0, start = 0, stop, place
    cdef uint8_t ends, strange, group
    strange = 0
    while start < length:
        stop = start + 240 if length - start > 240 else length
        ends = 0
        for place in range(start, stop):
            group = <uint8_t>(text[place] - 48)
            ends += <uint8_t>(group < 32)
            strange |= <uint8_t>(group > 63)
        total += ends
        start = stop
    odd[0] = strange != 0
    return total


def count_runs(texts, int64_t[::1] runs, int8_t[::1] fault, int64_t low, int64_t high):
    """Count the runs of texts low .. high - 1; tell odd characters and texts cut within a run."""
    cdef const uint8_t[::1] characters = texts.characters
    cdef const int64_t[::1] starts = texts.starts
    cdef const int64_t[::1] lengths = texts.lengths
    cdef int64_t i
    cdef bint odd
    with nogil:
        for i in range(low, high):
            fault[i] = OK
            runs[i] = 0
            if lengths[i] == 0:
                fault[i] = TOTAL
                continue
            runs[i] = count_ends(&characters[starts[i]], lengths[i], &odd)
            if odd:
                fault[i] = CHARACTER
            elif (characters[starts[i] + lengths[i] - 1] - 48) & 32:
                fault[i] = CUT


cdef int8_t fault_of_text(const uint8_t *text, int64_t length, int64_t pixels) noexcept nogil:
    """Read a whole text once more and say what is worst about it."""
    cdef int64_t place = 0, k = 0, position = 0, run, before = 0, earlier = 0
    cdef int groups, group
    cdef bint negative = False
    while place < length:
        run = groups = 0
        group = 32
        while group & 32:
            if groups == MAX_GROUPS:
                return LONG
            if place == length:
                return CUT
            group = text[place] - 48
            place += 1
            run |= <int64_t>(group & 31) << (5 * groups)
            groups += 1
        if group & 16:
            run -= <int64_t>1 << (5 * groups)
        if k > 2:
            run += earlier
        earlier = before
        before = run
        k += 1
        if run > MAX_PIXELS or run < -MAX_PIXELS:
            return LONG
        negative |= run < 0
        position += run
    if negative:
        return NEGATIVE
    return OK if position == pixels else TOTAL


cdef inline int64_t decode_text(
    const uint8_t *text, int64_t length, int64_t pixels, uint32_t *edges, int64_t room
) noexcept nogil:
    """Undo `rleToString` of the COCO API: write where each run ends.

    Gives the number of runs, or 0 for a text at fault, whatever the fault is.
    """
    cdef int64_t place = 0, k = 0, position = 0, run, before = 0, earlier = 0
    cdef int shift
    cdef uint32_t group
    while place < length and k < room:
        group = <uint32_t>text[place] - 48
        place += 1
        run = group & 31
        shift = 5
        while group & 32:
            if shift == 5 * MAX_GROUPS or place == length:
                return 0
            group = <uint32_t>text[place] - 48
            place += 1
            run |= <int64_t>(group & 31) << shift
            shift += 5
        # The last group's fifth bit is the sign.
        run = run - (<int64_t>(group & 16) << (shift - 4)) + earlier
        if <uint64_t>run > MAX_PIXELS:
            return 0
        position += run
        edges[k] = <uint32_t>position
        # Runs 1 and 2 are plain: what comes before run 1 counts as none.
        earlier = before
        before = run if k else 0
        k += 1
    return k if place == length and position == pixels else 0


def decode_texts(texts, masks, int8_t[::1] fault, int64_t low, int64_t high):
    """Decode texts low .. high - 1 into masks whose rooms were counted by `count_runs`.

    A faulty text becomes an empty mask.
    """
    cdef const uint8_t[::1] characters = texts.characters
    cdef const int64_t[::1] text_starts = texts.starts
    cdef const int64_t[::1] text_lengths = texts.lengths
    cdef uint32_t[::1] edges = masks.edges
    cdef const int64_t[::1] starts = masks.starts
    cdef int32_t[::1] lengths = masks.lengths
    cdef const int32_t[:, ::1] sizes = masks.sizes
    cdef int64_t[::1] areas = masks.areas
    cdef int32_t[:, ::1] extents = masks.extents
    cdef int64_t i, pixels, found
    cdef uint32_t *room
    cdef const uint8_t *text
    with nogil:
        for i in range(low, high):
            pixels = pixels_of(sizes[i, 0], sizes[i, 1])
            room = &edges[0] + starts[i]
            if pixels == 0:
                fault[i] = SIZE
            elif fault[i] == OK:
                text = &characters[0] + text_starts[i]
                found = decode_text(text, text_lengths[i], pixels, room, lengths[i])
                if found == 0:
                    fault[i] = fault_of_text(text, text_lengths[i], pixels)
                    if fault[i] == OK:  # only if another thread writes to the text meanwhile
                        fault[i] = TOTAL
                else:
                    lengths[i] = <int32_t>found
            if fault[i] == OK:
                areas[i] = measure(room, found, sizes[i, 0], &extents[i, 0])
            else:
                areas[i] = 0
                lengths[i] = <int32_t>empty_mask(pixels, room, lengths[i], &extents[i, 0])


def encode_texts(masks, uint8_t[::1] characters, int64_t[::1] lengths):
    """Write the texts of masks one after the other: `rleToString` of the COCO API.

    `characters` has room for seven characters a run; `lengths` takes the length of each text.
    """
    cdef const uint32_t[::1] edges = masks.edges
    cdef const int64_t[::1] starts = masks.starts
    cdef const int32_t[::1] counts = masks.lengths
    cdef int64_t i, k, run, begin, at = 0
    cdef int64_t value, before, earlier, previous
    cdef int group
    cdef bint more
    with nogil:
        for i in range(starts.shape[0]):
            begin = at
            previous = before = earlier = 0
            for k in range(counts[i]):
                run = <int64_t>edges[starts[i] + k] - previous
                previous = edges[starts[i] + k]
                value = run - earlier if k > 2 else run
                earlier = before
                before = run
                more = True
                while more and at < characters.shape[0]:
                    group = value & 31
                    value >>= 5
                    more = (value != -1) if group & 16 else (value != 0)
                    characters[at] = <uint8_t>((group | 32 if more else group) + 48)
                    at += 1
            lengths[i] = at - begin


def decode_runs(const double[::1] values, masks, int8_t[::1] fault, int64_t low, int64_t high):
    """Turn plain runs into masks; the rooms of the masks are also those of their values."""
    cdef uint32_t[::1] edges = masks.edges
    cdef const int64_t[::1] starts = masks.starts
    cdef int32_t[::1] lengths = masks.lengths
    cdef const int32_t[:, ::1] sizes = masks.sizes
    cdef int64_t[::1] areas = masks.areas
    cdef int32_t[:, ::1] extents = masks.extents
    cdef int64_t i, k, pixels, position
    cdef double run
    cdef int8_t found
    with nogil:
        for i in range(low, high):
            pixels = pixels_of(sizes[i, 0], sizes[i, 1])
            found = OK if pixels else SIZE
            position = 0
            for k in range(lengths[i] if pixels else 0):
                run = values[starts[i] + k]
                # NaN and infinity fail the second comparison, so the conversion is always sound.
                if not (fabs(run) <= MAX_PIXELS):
                    found = LONG if isfinite(run) else FRACTION
                elif run != <double><int64_t>run:
                    found = FRACTION
                elif run < 0:
                    found = NEGATIVE
                if found != OK:
                    break
                position += <int64_t>run
                edges[starts[i] + k] = <uint32_t>(position if position <= pixels else pixels)
                if position > pixels:
                    found = TOTAL
                    break
            if found == OK and position != pixels:
                found = TOTAL
            fault[i] = found
            if found == OK:
                areas[i] = measure(&edges[0] + starts[i], lengths[i], sizes[i, 0], &extents[i, 0])
            else:
                areas[i] = 0
                lengths[i] = <int32_t>empty_mask(
                    pixels, &edges[0] + starts[i], lengths[i], &extents[i, 0]
                )
