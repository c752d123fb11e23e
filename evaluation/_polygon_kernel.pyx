"""Polygons to run-length masks, on exactly the five-fold grid of the COCO API.

`_polygon_kernel_numpy.py` is the twin of the same functions with the same results. Columns come as
the arrays of `evaluation.polygons.Polygons` and `evaluation.masks.Masks`, whose constructors have
checked that every start and length stays inside its flat array; what is written is bounded here
again.
"""

from libc.math cimport fabs
from libc.stdint cimport int8_t, int32_t, int64_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc, qsort
from libc.string cimport memset

from evaluation._mask_edges cimport empty_mask, measure, pixels_of

# Codes of evaluation.mask_faults.FAULTS.
cdef enum:
    OK = 0
    SIZE = 1
    NO_PART = 8
    FEW_POINTS = 9
    HALF_POINT = 10
    NOT_FINITE = 11
    FAR = 12
    LONG_OUTLINE = 13

cdef enum:
    SMALL = 24  # points that insertion sorts faster than counting

cdef double MAX_COORDINATE = 16777216.0
cdef double MAX_OUTLINE = 16777216.0
cdef double REACH = 10.0


cdef inline int64_t columns_before(int64_t x) noexcept nogil:
    """Count the fifth columns 2, 7, 12 ... of the five-fold grid that lie before x."""
    return (x + 2) // 5 if x > 0 else 0


cdef int64_t crossings(
    const double *xy, int64_t points, int64_t width
) noexcept nogil:
    """Count how often an outline can cross a column's centre inside the image, or more."""
    cdef int64_t j, total = 0, limit = 5 * width + 5
    cdef int64_t x, low, high, before = <int>(5 * xy[2 * points - 2] + .5)
    for j in range(points):
        x = <int>(5 * xy[2 * j] + .5)
        low, high = (before, x) if before < x else (x, before)
        if high > limit:
            high = limit
        if low < high:
            total += columns_before(high) - columns_before(low)
        before = x
    return total


cdef int8_t check_part(
    const double *xy, int64_t length, double reach, double *outline
) noexcept nogil:
    """Check one part and add the length of its outline on the five-fold grid."""
    cdef int64_t j
    cdef double across, down, last_x, last_y
    cdef int8_t fault = OK
    if length < 6:
        return FEW_POINTS
    if length % 2:
        return HALF_POINT
    for j in range(length):
        if not fabs(xy[j]) <= MAX_COORDINATE:
            return NOT_FINITE
        if fabs(xy[j]) > reach:
            fault = FAR
    last_x, last_y = xy[length - 2], xy[length - 1]
    for j in range(0, length, 2):
        across, down = fabs(xy[j] - last_x), fabs(xy[j + 1] - last_y)
        outline[0] += 5 * (across if across > down else down) + 1
        last_x, last_y = xy[j], xy[j + 1]
    return fault


def measure_polygons(
    polygons,
    const int32_t[:, ::1] sizes,
    int64_t[::1] room,
    int8_t[::1] fault,
    int64_t low,
    int64_t high,
):
    """Check objects low .. high - 1 and count the edges that each can have at most."""
    cdef const double[::1] coordinates = polygons.coordinates
    cdef const int64_t[::1] part_starts = polygons.part_starts
    cdef const int64_t[::1] object_starts = polygons.object_starts
    cdef int64_t i, part, length, pixels
    cdef double outline, reach
    cdef int8_t found
    cdef const double *xy
    with nogil:
        for i in range(low, high):
            room[i] = 1
            fault[i] = OK
            if pixels_of(sizes[i, 0], sizes[i, 1]) == 0:
                fault[i] = SIZE
                continue
            if object_starts[i] == object_starts[i + 1]:
                fault[i] = NO_PART
                continue
            outline = 0
            reach = REACH * (sizes[i, 0] if sizes[i, 0] > sizes[i, 1] else sizes[i, 1])
            for part in range(object_starts[i], object_starts[i + 1]):
                length = part_starts[part + 1] - part_starts[part]
                xy = &coordinates[0] + part_starts[part]
                found = check_part(xy, length, reach, &outline)
                if found != OK and (fault[i] == OK or found < fault[i]):
                    fault[i] = found
                if fault[i] == OK:
                    room[i] += crossings(xy, length // 2, sizes[i, 1]) + 2
            if fault[i] == OK and outline > MAX_OUTLINE:
                fault[i] = LONG_OUTLINE
            if fault[i] != OK:
                room[i] = 1


ctypedef struct Outline:
    uint32_t *points  # where the outline crosses the centre of a column: x * height + y
    uint32_t *columns  # x of each
    uint32_t *sorted
    uint32_t *before  # points in earlier columns
    int64_t room
    int64_t n
    uint32_t height
    int32_t width


cdef inline void emit(Outline *outline, int64_t x, int64_t y) noexcept nogil:
    """Note a crossing between the columns x and x + 1 of the five-fold grid, at its row y."""
    cdef int64_t column = (x - 2) // 5, row
    if column >= outline.width or outline.n >= outline.room:
        return
    row = 0 if y <= 2 else (y + 2) // 5
    if row > outline.height:
        row = outline.height
    outline.points[outline.n] = <uint32_t>(column * outline.height + row)
    outline.columns[outline.n] = <uint32_t>column
    outline.n += 1


cdef inline int64_t first_column(int64_t x) noexcept nogil:
    """Give the first of the columns 2, 7, 12 ... at or after x."""
    return 5 * columns_before(x) + 2


cdef void draw_flat(
    Outline *outline, int64_t x0, int64_t y0, int64_t x1, int64_t y1
) noexcept nogil:
    """Walk a line from left to right that is not steeper than 45 degrees."""
    cdef double slope = <double>(y1 - y0) / <double>(x1 - x0)
    cdef int64_t limit = 5 * <int64_t>outline.width + 5
    cdef int64_t stop = x1 if x1 < limit else limit
    cdef int64_t x = first_column(x0), here, there
    while x < stop:
        here = <int>(y0 + slope * <double>(x - x0) + .5)
        there = <int>(y0 + slope * <double>(x - x0 + 1) + .5)
        emit(outline, x, here if here < there else there)
        x += 5


cdef inline int64_t column_at(int64_t x0, double slope, int64_t t) noexcept nogil:
    return <int>(x0 + slope * <double>t + .5)


cdef void draw_steep(
    Outline *outline, int64_t x0, int64_t y0, int64_t x1, int64_t y1
) noexcept nogil:
    """Walk a line from top to bottom that is steeper than 45 degrees."""
    cdef int64_t steps = y1 - y0, limit = 5 * <int64_t>outline.width + 5
    cdef double slope = <double>(x1 - x0) / <double>steps
    cdef bint rising = x1 > x0
    cdef int64_t start = x0 if rising else x1, stop = x1 if rising else x0
    cdef int64_t x = first_column(start), t
    if stop > limit:
        stop = limit
    while x < stop:
        # The first step past the column: a good guess, then mended, as rounding decides it.
        t = <int64_t>((<double>x + .5 - <double>x0) / slope)
        t = 1 if t < 1 else (steps if t > steps else t)
        if rising:
            while t > 1 and column_at(x0, slope, t - 1) > x:
                t -= 1
            while t < steps and column_at(x0, slope, t) <= x:
                t += 1
            if column_at(x0, slope, t) > x and column_at(x0, slope, t - 1) <= x:
                emit(outline, x, y0 + t - 1)
        else:
            while t > 1 and column_at(x0, slope, t - 1) <= x:
                t -= 1
            while t < steps and column_at(x0, slope, t) > x:
                t += 1
            if column_at(x0, slope, t) <= x and column_at(x0, slope, t - 1) > x:
                emit(outline, x, y0 + t - 1)
        x += 5


cdef void draw(Outline *outline, const double *xy, int64_t points) noexcept nogil:
    """Find where a closed outline crosses columns, as `rleFrPoly` of the COCO API does.

    That walks every step of the five-fold grid and keeps each fifth column; here only those
    columns are computed, by the same arithmetic.
    """
    cdef int64_t j, x, y, across, down
    cdef int64_t from_x = <int>(5 * xy[2 * points - 2] + .5)
    cdef int64_t from_y = <int>(5 * xy[2 * points - 1] + .5)
    outline.n = 0
    for j in range(points):
        x = <int>(5 * xy[2 * j] + .5)
        y = <int>(5 * xy[2 * j + 1] + .5)
        across = x - from_x if x > from_x else from_x - x
        down = y - from_y if y > from_y else from_y - y
        if across > 0:
            if across >= down:
                if from_x <= x:
                    draw_flat(outline, from_x, from_y, x, y)
                else:
                    draw_flat(outline, x, y, from_x, from_y)
            elif from_y <= y:
                draw_steep(outline, from_x, from_y, x, y)
            else:
                draw_steep(outline, x, y, from_x, from_y)
        from_x, from_y = x, y


cdef int ascending(const void *left, const void *right) noexcept nogil:
    cdef uint32_t a = (<const uint32_t *>left)[0], b = (<const uint32_t *>right)[0]
    return (a > b) - (a < b)


cdef int ascending_wide(const void *left, const void *right) noexcept nogil:
    cdef uint64_t a = (<const uint64_t *>left)[0], b = (<const uint64_t *>right)[0]
    return (a > b) - (a < b)


cdef inline void insertion_sort(uint32_t *values, int64_t n) noexcept nogil:
    cdef int64_t i, j
    cdef uint32_t value
    for i in range(1, n):
        value = values[i]
        j = i - 1
        while j >= 0 and values[j] > value:
            values[j + 1] = values[j]
            j -= 1
        values[j + 1] = value


cdef const uint32_t *sort_points(Outline *outline) noexcept nogil:
    """Sort the crossings: by counting columns, then inside each, where a few stand."""
    cdef int64_t i, n = outline.n, width, start, stop
    cdef uint32_t left, right, column
    if n <= SMALL:
        insertion_sort(outline.points, n)
        return outline.points
    left = right = outline.columns[0]
    for i in range(1, n):
        left = outline.columns[i] if outline.columns[i] < left else left
        right = outline.columns[i] if outline.columns[i] > right else right
    width = <int64_t>right - left + 1
    # A closed outline crosses each of its columns twice, so this never happens.
    if width > outline.room:
        qsort(outline.points, n, sizeof(uint32_t), ascending)
        return outline.points
    memset(outline.before, 0, width * sizeof(uint32_t))
    for i in range(n):
        outline.before[outline.columns[i] - left] += 1
    start = 0
    for i in range(width):
        stop = start + outline.before[i]
        outline.before[i] = <uint32_t>start
        start = stop
    for i in range(n):
        column = outline.columns[i] - left
        outline.sorted[outline.before[column]] = outline.points[i]
        outline.before[column] += 1
    start = 0
    for i in range(width):
        stop = outline.before[i]
        if stop - start == 2:
            if outline.sorted[start] > outline.sorted[start + 1]:
                outline.sorted[start], outline.sorted[start + 1] = (
                    outline.sorted[start + 1], outline.sorted[start]
                )
        elif stop - start <= SMALL:
            insertion_sort(outline.sorted + start, stop - start)
        else:
            qsort(outline.sorted + start, stop - start, sizeof(uint32_t), ascending)
        start = stop
    return outline.sorted


cdef int64_t close_runs(
    const uint32_t *points, int64_t n, int64_t pixels, uint32_t *edges, int64_t room
) noexcept nogil:
    """Turn sorted crossings into edges: two at one place undo each other."""
    cdef int64_t i = 0, k = 0
    while i < n and points[i] < pixels:
        if i + 1 < n and points[i + 1] == points[i]:
            i += 2
            continue
        if k < room:
            edges[k] = points[i]
            k += 1
        i += 1
    if k < room:
        edges[k] = <uint32_t>pixels
        k += 1
    return k


cdef int64_t unite(
    uint64_t *spans, int64_t n, int64_t pixels, uint32_t *edges, int64_t room
) noexcept nogil:
    """Unite spans of set pixels, start in the high half and end in the low one, into edges."""
    cdef int64_t i, k = 0
    cdef uint32_t start, stop, at = 0, end = 0
    cdef bint any_span = False
    qsort(spans, n, sizeof(uint64_t), ascending_wide)
    for i in range(n):
        start, stop = <uint32_t>(spans[i] >> 32), <uint32_t>spans[i]
        if any_span and start <= end:
            end = stop if stop > end else end
            continue
        if any_span and k + 2 <= room:
            edges[k], edges[k + 1] = at, end
            k += 2
        at, end, any_span = start, stop, True
    if any_span and k + 2 <= room:
        edges[k], edges[k + 1] = at, end
        k += 2
    if (k == 0 or edges[k - 1] != pixels) and k < room:
        edges[k] = <uint32_t>pixels
        k += 1
    return k


cdef int64_t draw_parts(
    Outline *outline,
    uint64_t *spans,
    const double *coordinates,
    const int64_t *part_starts,
    int64_t parts,
    int64_t pixels,
    uint32_t *edges,
    int64_t room,
) noexcept nogil:
    """Rasterise all parts of one object and unite them; give the number of its edges."""
    cdef int64_t part, k, found, n = 0
    for part in range(parts):
        draw(
            outline,
            coordinates + part_starts[part],
            (part_starts[part + 1] - part_starts[part]) // 2,
        )
        found = close_runs(sort_points(outline), outline.n, pixels, edges, room)
        if parts == 1:
            return found
        for k in range(0, found - 1, 2):
            if n < outline.room:
                spans[n] = <uint64_t>edges[k] << 32 | edges[k + 1]
                n += 1
    return unite(spans, n, pixels, edges, room)


def rasterise(polygons, masks, const int8_t[::1] fault, int64_t low, int64_t high):
    """Rasterise objects low .. high - 1 into masks with the room of `measure_polygons`.

    A faulty object becomes an empty mask.

    Raises:
        MemoryError: If there is no room for the crossings of the largest object.
    """
    cdef const double[::1] coordinates = polygons.coordinates
    cdef const int64_t[::1] part_starts = polygons.part_starts
    cdef const int64_t[::1] object_starts = polygons.object_starts
    cdef uint32_t[::1] edges = masks.edges
    cdef const int64_t[::1] starts = masks.starts
    cdef int32_t[::1] lengths = masks.lengths
    cdef const int32_t[:, ::1] sizes = masks.sizes
    cdef int64_t[::1] areas = masks.areas
    cdef int32_t[:, ::1] extents = masks.extents
    cdef int64_t i, pixels, room = 1
    cdef Outline outline
    cdef uint64_t *spans
    for i in range(low, high):
        room = lengths[i] if lengths[i] > room else room
    spans = <uint64_t *>malloc(room * (sizeof(uint64_t) + 4 * sizeof(uint32_t)))
    if spans == NULL:
        raise MemoryError
    outline.room = room
    outline.points = <uint32_t *>(spans + room)
    outline.columns = outline.points + room
    outline.sorted = outline.columns + room
    outline.before = outline.sorted + room
    with nogil:
        for i in range(low, high):
            pixels = pixels_of(sizes[i, 0], sizes[i, 1])
            if fault[i] != OK:
                areas[i] = 0
                lengths[i] = <int32_t>empty_mask(
                    pixels, &edges[0] + starts[i], lengths[i], &extents[i, 0]
                )
                continue
            outline.height, outline.width = sizes[i, 0], sizes[i, 1]
            lengths[i] = <int32_t>draw_parts(
                &outline,
                spans,
                &coordinates[0],
                &part_starts[0] + object_starts[i],
                object_starts[i + 1] - object_starts[i],
                pixels,
                &edges[0] + starts[i],
                lengths[i],
            )
            areas[i] = measure(&edges[0] + starts[i], lengths[i], sizes[i, 0], &extents[i, 0])
    free(spans)
