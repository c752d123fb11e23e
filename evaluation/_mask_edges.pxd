# What the kernels of masks share: sizes, and what is known of a mask from its edges.

from libc.stdint cimport int32_t, int64_t, uint32_t

cdef enum:
    MAX_PIXELS = 1 << 28


cdef inline int64_t pixels_of(int64_t height, int64_t width) noexcept nogil:
    """Give height x width, 0 for a size that no mask may have."""
    if height < 1 or width < 1 or height > MAX_PIXELS or width > MAX_PIXELS:
        return 0
    return height * width if height * width <= MAX_PIXELS else 0


cdef inline int64_t measure(
    const uint32_t *edges, int64_t length, uint32_t height, int32_t *extent
) noexcept nogil:
    """Give the set pixels of a mask; write its extent x0, y0, x1, y1, zeros for an empty mask."""
    cdef int64_t k, area = 0
    cdef uint32_t start, stop, row, position = 0, above = 0
    cdef uint32_t top = height, bottom = 0, first = 0, last = 0
    for k in range(0, length - 1, 2):
        start = edges[k]
        stop = edges[k + 1]
        if stop == start:
            continue
        # The row of `start`, without a division where runs are shorter than a column.
        row = above + (start - position)
        if row >= height:
            row -= height
            if row >= height:
                row %= height
        above = row
        position = start
        if area == 0:
            first = start
        last = stop
        area += stop - start
        if row + (stop - start) > height:
            top = 0
            bottom = height
        else:
            if row < top:
                top = row
            if row + (stop - start) > bottom:
                bottom = row + (stop - start)
    if area == 0:
        extent[0] = extent[1] = extent[2] = extent[3] = 0
        return 0
    extent[0] = first // height
    extent[1] = top
    extent[2] = (last - 1) // height + 1
    extent[3] = bottom
    return area


cdef inline int64_t empty_mask(
    int64_t pixels, uint32_t *edges, int64_t room, int32_t *extent
) noexcept nogil:
    """Write a mask of nothing but background; give its number of edges."""
    extent[0] = extent[1] = extent[2] = extent[3] = 0
    if room < 1:
        return 0
    edges[0] = <uint32_t>pixels
    return 1
