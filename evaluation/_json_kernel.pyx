"""Strict scanner of the common shape of COCO files: bytes to columns, or "not me".

It accepts less than JSON allows, never more, and gives the same values as msgspec, bit for bit.
Whatever it does not know exactly (escapes in names, a key twice, a number of another type than
usual, null, NaN, text that is not UTF-8) it refuses; msgspec then reads the whole file. Every byte
is looked at only after its place was compared with the end of the region; every write only after
its place was compared with the room that the caller gave.

Doubles: exact up to 2**53 and powers of ten up to 22 (Clinger 1990), beyond that the product with
a 128-bit power of five (Lemire 2021, "Number parsing at a gigabyte per second"); what neither
decides (more than 19 digits, far exponents) goes to CPython's correctly rounded `strtod`.
"""

from libc.stdint cimport INT64_MAX, int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy

cdef extern from *:
    """
    #include <float.h>
    #include <stdint.h>
    #include <string.h>
    #define JSON_PLAIN_DOUBLES (FLT_EVAL_METHOD == 0)

    static inline int json_leading_zeros(uint64_t value) {
    #if defined(__GNUC__) || defined(__clang__)
        return __builtin_clzll(value);
    #else
        int count = 0;
        while (!(value >> 63)) { value <<= 1; count++; }
        return count;
    #endif
    }

    static inline int json_trailing_zeros(uint64_t value) {
    #if defined(__GNUC__) || defined(__clang__)
        return __builtin_ctzll(value);
    #else
        int count = 0;
        while (!(value & 1)) { value >>= 1; count++; }
        return count;
    #endif
    }

    static inline uint64_t json_product(uint64_t a, uint64_t b, uint64_t *low) {
    #ifdef __SIZEOF_INT128__
        unsigned __int128 whole = (unsigned __int128)a * b;
        *low = (uint64_t)whole;
        return (uint64_t)(whole >> 64);
    #else
        uint64_t al = (uint32_t)a, ah = a >> 32, bl = (uint32_t)b, bh = b >> 32;
        uint64_t ll = al * bl, lh = al * bh, hl = ah * bl;
        uint64_t middle = (ll >> 32) + (uint32_t)lh + (uint32_t)hl;
        *low = (middle << 32) | (uint32_t)ll;
        return ah * bh + (lh >> 32) + (hl >> 32) + (middle >> 32);
    #endif
    }

    static inline double json_double(uint64_t bits) {
        double value;
        memcpy(&value, &bits, 8);
        return value;
    }

    /* Count the digits that eight bytes begin with, and read them as one number, without a branch
       for each: that is where byte by byte loses its time. Little-endian machines only. */
    #if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    #define JSON_EIGHT_AT_ONCE 0
    #else
    #define JSON_EIGHT_AT_ONCE 1
    #endif
    static inline int json_digits(const unsigned char *at, uint64_t *number) {
        uint64_t x, digits, other;
        int count = 8;
        memcpy(&x, at, 8);
        digits = x - 0x3030303030303030ULL;
        other = ((x + 0x4646464646464646ULL) | digits) & 0x8080808080808080ULL;
        if (other) {
            count = json_trailing_zeros(other) >> 3;
            digits = digits << (56 - 8 * count) << 8;
        }
        digits = digits * 10 + (digits >> 8);
        *number = ((digits & 0x000000FF000000FFULL) * 0x000F424000000064ULL
                   + ((digits >> 16) & 0x000000FF000000FFULL) * 0x0000271000000001ULL) >> 32;
        return count;
    }

    /* Whether eight bytes are all plain text: printable ASCII, no quote, no backslash. */
    static inline int json_plain(const unsigned char *at) {
        const uint64_t ones = 0x0101010101010101ULL, high = 0x8080808080808080ULL;
        uint64_t x, quote, slash;
        memcpy(&x, at, 8);
        quote = x ^ (ones * 0x22);
        slash = x ^ (ones * 0x5c);
        return !((x | (x - ones * 0x20) | (quote - ones) | (slash - ones)) & high);
    }
    """
    bint JSON_PLAIN_DOUBLES
    int json_leading_zeros(uint64_t value) noexcept nogil
    uint64_t json_product(uint64_t a, uint64_t b, uint64_t *low) noexcept nogil
    double json_double(uint64_t bits) noexcept nogil
    bint JSON_EIGHT_AT_ONCE
    int json_digits(const unsigned char *at, uint64_t *number) noexcept nogil
    bint json_plain(const unsigned char *at) noexcept nogil

cdef extern from "Python.h":
    double PyOS_string_to_double(const char *text, char **stop, void *overflow) except? -1.0

ctypedef const unsigned char *Text

cdef enum:
    FIRST_POWER = -65
    LAST_POWER = 38
    DEEPEST = 64
    LONGEST_NUMBER = 400
    EASY_NUMBER = 48

cdef enum:  # names of members, as bits of `seen`: `scanned_columns.MEMBERS`
    OTHER = 0
    ID = 1
    IMAGE_ID = 2
    CATEGORY_ID = 4
    BBOX = 8
    SCORE = 16
    AREA = 32
    ISCROWD = 64
    SEGMENTATION = 128
    NAME = 256
    WIDTH = 512
    HEIGHT = 1024
    FILE_NAME = 2048

cdef struct Sink:
    uint32_t wanted  # members that are read; all others are skipped, but checked as JSON
    uint32_t required
    uint32_t one_of
    uint32_t optional  # wanted, but not required
    int64_t *id
    int64_t *image_id
    int64_t *category_id
    double *boxes
    double *score
    double *area
    uint8_t *crowd
    uint32_t *seen
    int64_t *size  # width and height of an image; height and width of a mask
    uint8_t *text  # names, or run-length texts
    int64_t text_used
    int64_t text_room
    int64_t *text_start
    int64_t *text_length
    double *points
    int64_t points_used
    int64_t points_room
    int64_t *part_length
    int64_t parts_used
    int64_t parts_room
    int64_t *n_parts

cdef uint64_t[2 * (LAST_POWER - FIRST_POWER + 1)] FIVES
cdef double[23] TENS
cdef uint64_t[9] WHOLE_TENS


def _fill_tables():
    """Compute 128 bits of each power of five, rounded down; the nearer inverses rounded up."""
    cdef int q
    cdef object power, bits
    for q in range(FIRST_POWER, LAST_POWER + 1):
        power = pow(int(5), abs(int(q)))
        if q < 0:
            bits = (int(1) << (power.bit_length() + 127)) // power + (1 if q >= -27 else 0)
        else:
            bits = power << (128 - power.bit_length())
        FIVES[2 * (q - FIRST_POWER)] = <uint64_t>(bits >> 64)
        FIVES[2 * (q - FIRST_POWER) + 1] = <uint64_t>(bits & ((int(1) << 64) - 1))
    for q in range(23):
        TENS[q] = float(pow(int(10), int(q)))
    for q in range(9):
        WHOLE_TENS[q] = pow(int(10), int(q))


_fill_tables()


# ---------------------------------------------------------------- numbers


cdef bint _lemire(uint64_t w, int q, double *out) noexcept nogil:
    """Round w * 10**q (w > 0) to the nearest double; false if that cannot be told."""
    cdef uint64_t high, low, more, unused, mantissa
    cdef int zeros, upper
    cdef int64_t exponent
    if q < FIRST_POWER or q > LAST_POWER:
        return False
    zeros = json_leading_zeros(w)
    w <<= zeros
    high = json_product(w, FIVES[2 * (q - FIRST_POWER)], &low)
    if high & 0x1FF == 0x1FF:
        more = json_product(w, FIVES[2 * (q - FIRST_POWER) + 1], &unused)
        low += more
        if low < more:
            high += 1
        if low == ~<uint64_t>0:
            return False
    upper = <int>(high >> 63)
    mantissa = high >> (upper + 9)
    # 217706 / 2**16 is log2(10); powers here are so near to 0 that the result is a normal double.
    exponent = ((217706 * q) >> 16) + 63 + 1023 + upper - zeros
    if low <= 1 and -4 <= q <= 23 and mantissa & 3 == 1 and mantissa << (upper + 9) == high:
        mantissa &= ~<uint64_t>1  # exactly between two doubles: the even one
    mantissa += mantissa & 1
    mantissa >>= 1
    if mantissa >= (<uint64_t>2 << 52):
        mantissa = <uint64_t>1 << 52
        exponent += 1
    if exponent <= 0 or exponent >= 2047:
        return False
    out[0] = json_double((mantissa & ~(<uint64_t>1 << 52)) | (<uint64_t>exponent << 52))
    return True


cdef bint _correctly_rounded(Text start, Text stop, double *out) noexcept nogil:
    """Ask CPython for the double of a checked number; false if it is infinite."""
    cdef char[LONGEST_NUMBER + 1] copy
    cdef double value
    if stop - start > LONGEST_NUMBER:
        return False
    memcpy(copy, start, stop - start)
    copy[stop - start] = 0
    with gil:
        try:
            value = PyOS_string_to_double(copy, NULL, NULL)
        except ValueError:
            return False
    if value - value != 0:  # infinite
        return False
    out[0] = value
    return True


cdef inline bint _digit(Text p, Text end) noexcept nogil:
    return p < end and <uint8_t>(p[0] - 48) < 10


cdef inline Text _rounded(
    Text start, Text p, uint64_t w, int64_t q, bint negative, double *out
) noexcept nogil:
    """Give the double of w * 10**q (w > 0), which was read from `start` to p."""
    cdef double value
    if JSON_PLAIN_DOUBLES and w <= (<uint64_t>1 << 53) and -22 <= q <= 22:
        value = <double>w
        value = value / TENS[-q] if q < 0 else value * TENS[q]
    elif q < FIRST_POWER or q > LAST_POWER or not _lemire(w, <int>q, &value):
        return p if _correctly_rounded(start, p, out) else NULL
    out[0] = -value if negative else value
    return p


cdef Text _long_fraction(Text p, int count, uint64_t *w, int *q) noexcept nogil:
    """Read on after eight digits of a fraction; NULL if w would have more than 19 digits."""
    cdef uint64_t more
    cdef int digits = json_digits(p, &more)
    if count + 8 + digits > 19:
        return NULL
    w[0] = w[0] * WHOLE_TENS[digits] + more
    q[0] = 8 + digits
    if digits < 8:
        return p + digits
    digits = json_digits(p + 8, &more)
    if count + 16 + digits > 19:
        return NULL
    w[0] = w[0] * WHOLE_TENS[digits] + more
    q[0] = 16 + digits
    return p + 8 + digits


cdef Text _number(Text start, Text end, double *out) noexcept nogil:
    """Read a number; give the place after it, or NULL. What follows is not judged."""
    cdef Text p = start
    cdef uint64_t w, more
    cdef int count, q = 0
    cdef bint negative
    if not JSON_EIGHT_AT_ONCE or end - start < EASY_NUMBER:  # 34 bytes are looked at below
        return _any_number(start, end, out)
    negative = p[0] == c"-"
    p += negative
    count = json_digits(p, &w)
    if count == 8:
        return _any_number(start, end, out)
    if count == 0 or (p[0] == c"0" and count > 1):
        return NULL
    p += count
    if p[0] == c".":
        p += 1
        q = json_digits(p, &more)
        if q == 0:
            return NULL
        p += q
        w = w * WHOLE_TENS[q] + more
        if q == 8:
            p = _long_fraction(p, count, &w, &q)
            if p == NULL:
                return _any_number(start, end, out)
        if w == 0:
            out[0] = -0.0 if negative else 0.0
            return p if p[0] | 32 != c"e" else _any_number(start, end, out)
    if p[0] | 32 == c"e":
        return _any_number(start, end, out)
    if w == 0:
        out[0] = 0.0
        return p
    return _rounded(start, p, w, -q, negative, out)


cdef Text _any_number(Text start, Text end, double *out) noexcept nogil:
    """Read a number of any length and form, byte by byte."""
    cdef Text p = start
    cdef Text digits
    cdef Text fraction
    cdef uint64_t w = 0
    cdef int64_t q = 0, power = 0
    cdef int64_t count
    cdef bint negative = False, whole = True, down = False
    if p < end and p[0] == c"-":
        negative = True
        p += 1
    digits = p
    if not _digit(p, end):
        return NULL
    if p[0] == c"0":
        p += 1
        if _digit(p, end):
            return NULL
    else:
        while _digit(p, end):
            w = w * 10 + (p[0] - 48)
            p += 1
    count = p - digits
    if p < end and p[0] == c".":
        whole = False
        p += 1
        fraction = p
        while _digit(p, end):
            w = w * 10 + (p[0] - 48)
            p += 1
        if p == fraction:
            return NULL
        q = fraction - p
        count -= q
    if p < end and (p[0] | 32) == c"e":
        whole = False
        p += 1
        if p < end and (p[0] == c"-" or p[0] == c"+"):
            down = p[0] == c"-"
            p += 1
        if not _digit(p, end):
            return NULL
        while _digit(p, end):
            if power < 100000:
                power = power * 10 + (p[0] - 48)
            p += 1
        q += -power if down else power
    if p - start > LONGEST_NUMBER:
        return NULL
    if count > 19:
        while digits[0] == c"0" or digits[0] == c".":  # ends at the first other digit, or at all 0
            count -= digits[0] == c"0"
            digits += 1
            if count == 0:
                break
        if count > 19:
            return p if _correctly_rounded(start, p, out) else NULL
    if w == 0:
        out[0] = -0.0 if negative and not whole else 0.0  # -0 without a point is an integer
        return p
    return _rounded(start, p, w, q, negative, out)


cdef Text _integer(Text p, Text end, int64_t *out) noexcept nogil:
    """Read an integer of 64 bits; give the place after it, or NULL. What follows is not judged."""
    cdef uint64_t w = 0
    cdef Text digits
    cdef bint negative = False
    if p < end and p[0] == c"-":
        negative = True
        p += 1
    digits = p
    if not _digit(p, end):
        return NULL
    if p[0] == c"0":
        out[0] = 0
        return NULL if _digit(p + 1, end) else p + 1
    while _digit(p, end):
        w = w * 10 + (p[0] - 48)
        p += 1
    if p - digits > 19 or w > <uint64_t>INT64_MAX:  # 19 digits cannot overflow 64 bits
        return NULL
    out[0] = -<int64_t>w if negative else <int64_t>w
    return p


# ---------------------------------------------------------------- any JSON, to be skipped


cdef inline Text _space(Text p, Text end) noexcept nogil:
    while p < end and (p[0] == c" " or p[0] == c"\n" or p[0] == c"\r" or p[0] == c"\t"):
        p += 1
    return p


cdef inline int _hex(unsigned char c) noexcept nogil:
    if c - 48 < 10 and c >= 48:
        return c - 48
    c |= 32
    return c - 87 if 97 <= c <= 102 else -1


cdef Text _escape(Text p, Text end) noexcept nogil:
    """Give the place after an escape that begins at p; NULL for a wrong one or half a pair."""
    cdef int k, digit, code = 0
    if end - p < 2:
        return NULL
    if p[1] != c"u":
        return p + 2 if memchr_of(p[1]) else NULL
    if end - p < 6:
        return NULL
    for k in range(2, 6):
        digit = _hex(p[k])
        if digit < 0:
            return NULL
        code = 16 * code + digit
    return NULL if 0xD800 <= code <= 0xDFFF else p + 6


cdef inline bint memchr_of(unsigned char c) noexcept nogil:
    return (c == c'"' or c == c"\\" or c == c"/" or c == c"b" or c == c"f" or c == c"n"
            or c == c"r" or c == c"t")


cdef Text _beyond_ascii(Text p, Text end) noexcept nogil:
    """Give the place after one UTF-8 character of several bytes, or NULL (Unicode, table 3-7)."""
    cdef unsigned char c = p[0], low = 0x80, top = 0xBF
    cdef int more, k
    if 0xC2 <= c <= 0xDF:
        more = 1
    elif 0xE0 <= c <= 0xEF:
        more = 2
        low = 0xA0 if c == 0xE0 else 0x80
        top = 0x9F if c == 0xED else 0xBF
    elif 0xF0 <= c <= 0xF4:
        more = 3
        low = 0x90 if c == 0xF0 else 0x80
        top = 0x8F if c == 0xF4 else 0xBF
    else:
        return NULL
    if end - p <= more or not low <= p[1] <= top:
        return NULL
    for k in range(2, more + 1):
        if not 0x80 <= p[k] <= 0xBF:
            return NULL
    return p + more + 1


cdef inline Text _plain(Text p, Text end) noexcept nogil:
    """Give the first place that is not plain ASCII text."""
    while end - p >= 8 and json_plain(p):
        p += 8
    while p < end and 32 <= p[0] < 128 and p[0] != c'"' and p[0] != c"\\":
        p += 1
    return p


cdef Text _string(Text p, Text end) noexcept nogil:
    """Give the place after a string whose quote is at p, or NULL."""
    p += 1
    while True:
        p = _plain(p, end)
        if p >= end or p[0] < 32:
            return NULL
        if p[0] == c'"':
            return p + 1
        p = _escape(p, end) if p[0] == c"\\" else _beyond_ascii(p, end)
        if p == NULL:
            return NULL


cdef Text _skipped_number(Text p, Text end) noexcept nogil:
    if p < end and p[0] == c"-":
        p += 1
    if not _digit(p, end):
        return NULL
    if p[0] == c"0":
        p += 1
    else:
        while _digit(p, end):
            p += 1
    if p < end and p[0] == c".":
        p += 1
        if not _digit(p, end):
            return NULL
        while _digit(p, end):
            p += 1
    if p < end and (p[0] | 32) == c"e":
        p += 1
        if p < end and (p[0] == c"-" or p[0] == c"+"):
            p += 1
        if not _digit(p, end):
            return NULL
        while _digit(p, end):
            p += 1
    return p


cdef Text _literal(Text p, Text end) noexcept nogil:
    if end - p >= 4 and (memcmp(p, b"true", 4) == 0 or memcmp(p, b"null", 4) == 0):
        return p + 4
    if end - p >= 5 and memcmp(p, b"false", 5) == 0:
        return p + 5
    return NULL


cdef Text _value(Text p, Text end, int depth) noexcept nogil:
    """Give the place after any value of strict JSON, or NULL."""
    cdef unsigned char close
    if p >= end or depth > DEEPEST:
        return NULL
    if p[0] == c'"':
        return _string(p, end)
    if p[0] != c"{" and p[0] != c"[":
        if p[0] == c"-" or _digit(p, end):
            return _skipped_number(p, end)
        return _literal(p, end)
    close = c"}" if p[0] == c"{" else c"]"
    p = _space(p + 1, end)
    if p < end and p[0] == close:
        return p + 1
    while True:
        if close == c"}":
            if p >= end or p[0] != c'"':
                return NULL
            p = _string(p, end)
            if p == NULL:
                return NULL
            p = _colon(p, end)
            if p == NULL:
                return NULL
        p = _value(p, end, depth + 1)
        if p == NULL:
            return NULL
        p = _space(p, end)
        if p >= end:
            return NULL
        if p[0] == close:
            return p + 1
        if p[0] != c",":
            return NULL
        p = _space(p + 1, end)


cdef inline Text _colon(Text p, Text end) noexcept nogil:
    """Give the place of a member's value when p is after its key, or NULL."""
    p = _space(p, end)
    if p >= end or p[0] != c":":
        return NULL
    return _space(p + 1, end)


# ---------------------------------------------------------------- members of records


cdef inline Text _usual_key(Text key, Text end, uint32_t *member) noexcept nogil:
    """Recognise a usual member with its closing quote; give the quote's place, or NULL."""
    if end - key < 16:
        return NULL
    if memcmp(key, b'image_id"', 9) == 0:
        member[0] = IMAGE_ID
        return key + 8
    if memcmp(key, b'category_id"', 12) == 0:
        member[0] = CATEGORY_ID
        return key + 11
    if memcmp(key, b'bbox"', 5) == 0:
        member[0] = BBOX
        return key + 4
    if memcmp(key, b'score"', 6) == 0:
        member[0] = SCORE
        return key + 5
    return NULL


cdef uint32_t _member(Text key, Py_ssize_t length) noexcept nogil:
    if length == 8:
        return IMAGE_ID if memcmp(key, b"image_id", 8) == 0 else OTHER
    if length == 11:
        return CATEGORY_ID if memcmp(key, b"category_id", 11) == 0 else OTHER
    if length == 4:
        if memcmp(key, b"bbox", 4) == 0:
            return BBOX
        if memcmp(key, b"area", 4) == 0:
            return AREA
        return NAME if memcmp(key, b"name", 4) == 0 else OTHER
    if length == 5:
        if memcmp(key, b"score", 5) == 0:
            return SCORE
        return WIDTH if memcmp(key, b"width", 5) == 0 else OTHER
    if length == 2:
        return ID if memcmp(key, b"id", 2) == 0 else OTHER
    if length == 7:
        return ISCROWD if memcmp(key, b"iscrowd", 7) == 0 else OTHER
    if length == 12:
        return SEGMENTATION if memcmp(key, b"segmentation", 12) == 0 else OTHER
    if length == 9:
        return FILE_NAME if memcmp(key, b"file_name", 9) == 0 else OTHER
    if length == 6:
        return HEIGHT if memcmp(key, b"height", 6) == 0 else OTHER
    return OTHER


cdef Text _box(Text p, Text end, double *box) noexcept nogil:
    cdef int k
    if p >= end or p[0] != c"[":
        return NULL
    for k in range(4):
        p = _number(_space(p + 1, end), end, box + k)
        if p == NULL:
            return NULL
        p = _space(p, end)
        if p >= end or p[0] != (c"]" if k == 3 else c","):
            return NULL
    return p + 1


cdef Text _copied(Text p, Text end, Sink *sink, Py_ssize_t row, bint name) noexcept nogil:
    """Copy a string whose quote is at p to the text of `row`; of escapes it knows \\\\ only."""
    cdef Text start
    cdef Py_ssize_t length
    cdef int64_t used = sink.text_used
    if p >= end or p[0] != c'"':
        return NULL
    p += 1
    while True:
        start = p
        p = _plain(p, end)
        while name and p < end and p[0] >= 128:  # decoding judges it
            p = _plain(p + 1, end)
        length = p - start
        if p >= end or length > sink.text_room - used:
            return NULL
        memcpy(sink.text + used, start, length)
        used += length
        if p[0] == c'"':
            break
        if p[0] != c"\\" or end - p < 2 or p[1] != c"\\" or used >= sink.text_room:
            return NULL
        sink.text[used] = c"\\"
        used += 1
        p += 2
    sink.text_start[row] = sink.text_used
    sink.text_length[row] = used - sink.text_used
    sink.text_used = used
    return p + 1


cdef Text _runs(Text p, Text end, Sink *sink, Py_ssize_t row) noexcept nogil:
    """Read a list of runs and write its compressed text (`rleToString` of the COCO API)."""
    cdef int64_t used = sink.text_used, run, rest
    cdef int64_t before = 0, two_before = 0
    cdef int64_t place = 0
    cdef int group
    cdef bint more
    p = _space(p + 1, end)
    if p < end and p[0] == c"]":
        return NULL
    while True:
        p = _integer(p, end, &run)
        if p == NULL or run < 0 or run > (<int64_t>1 << 31):
            return NULL
        rest = run - two_before if place > 2 else run
        two_before = before
        before = run
        place += 1
        more = True
        while more:
            group = rest & 31
            rest >>= 5
            more = rest != -1 if group & 16 else rest != 0
            if used >= sink.text_room:
                return NULL
            sink.text[used] = (group | 32 if more else group) + 48
            used += 1
        p = _space(p, end)
        if p >= end:
            return NULL
        if p[0] == c"]":
            break
        if p[0] != c",":
            return NULL
        p = _space(p + 1, end)
    sink.text_start[row] = sink.text_used
    sink.text_length[row] = used - sink.text_used
    sink.text_used = used
    return p + 1


cdef Text _run_lengths(Text p, Text end, Sink *sink, Py_ssize_t row) noexcept nogil:
    """Read {"size": [height, width], "counts": text or runs}, nothing else in it."""
    cdef Text key
    cdef int k
    cdef uint32_t seen = 0
    p = _space(p + 1, end)
    while True:
        if p >= end or p[0] != c'"':
            return NULL
        key = p + 1
        if end - p > 6 and memcmp(key, b'size"', 5) == 0 and not seen & 1:
            seen |= 1
            p = _colon(p + 6, end)
            if p == NULL or p >= end or p[0] != c"[":
                return NULL
            for k in range(2):
                p = _integer(_space(p + 1, end), end, sink.size + 2 * row + k)
                if p == NULL:
                    return NULL
                p = _space(p, end)
                if p >= end or p[0] != (c"]" if k else c","):
                    return NULL
            p += 1
        elif end - p > 8 and memcmp(key, b'counts"', 7) == 0 and not seen & 2:
            seen |= 2
            p = _colon(p + 8, end)
            if p == NULL or p >= end:
                return NULL
            p = _runs(p, end, sink, row) if p[0] == c"[" else _copied(p, end, sink, row, False)
            if p == NULL:
                return NULL
        else:
            return NULL
        p = _space(p, end)
        if p >= end:
            return NULL
        if p[0] == c"}":
            return p + 1 if seen == 3 else NULL
        if p[0] != c",":
            return NULL
        p = _space(p + 1, end)


cdef Text _polygon(Text p, Text end, Sink *sink) noexcept nogil:
    """Read one list of x, y, x, y, … of at least three points."""
    cdef int64_t used = sink.points_used
    cdef int64_t length
    if p >= end or p[0] != c"[":
        return NULL
    while True:
        if used >= sink.points_room:
            return NULL
        p = _number(_space(p + 1, end), end, sink.points + used)
        if p == NULL:
            return NULL
        used += 1
        p = _space(p, end)
        if p >= end:
            return NULL
        if p[0] == c"]":
            break
        if p[0] != c",":
            return NULL
    length = used - sink.points_used
    if length < 6 or length % 2 or sink.parts_used >= sink.parts_room:
        return NULL
    sink.part_length[sink.parts_used] = length
    sink.parts_used += 1
    sink.points_used = used
    return p + 1


cdef Text _segmentation(Text p, Text end, Sink *sink, Py_ssize_t row) noexcept nogil:
    cdef int64_t before = sink.parts_used
    if p >= end:
        return NULL
    if p[0] == c"{":
        return _run_lengths(p, end, sink, row)
    if p[0] != c"[":
        return NULL
    p = _space(p + 1, end)
    if p < end and p[0] == c"]":
        return p + 1
    while True:
        p = _polygon(p, end, sink)
        if p == NULL:
            return NULL
        p = _space(p, end)
        if p >= end:
            return NULL
        if p[0] == c"]":
            break
        if p[0] != c",":
            return NULL
        p = _space(p + 1, end)
    sink.n_parts[row] = sink.parts_used - before
    return p + 1


cdef Text _field(Text p, Text end, Sink *sink, Py_ssize_t row, uint32_t member) noexcept nogil:
    """Read the value of a wanted member into its column."""
    if member == IMAGE_ID:
        return _integer(p, end, sink.image_id + row)
    if member == CATEGORY_ID:
        return _integer(p, end, sink.category_id + row)
    if member == BBOX:
        return _box(p, end, sink.boxes + 4 * row)
    if member == SCORE:
        return _number(p, end, sink.score + row)
    if member == AREA:
        return _number(p, end, sink.area + row)
    if member == ID:
        return _integer(p, end, sink.id + row)
    if member == SEGMENTATION:
        return _segmentation(p, end, sink, row)
    if member == NAME or member == FILE_NAME:
        return _copied(p, end, sink, row, True)
    if member == WIDTH:
        return _integer(p, end, sink.size + 2 * row)
    if member == HEIGHT:
        return _integer(p, end, sink.size + 2 * row + 1)
    if p < end and (p[0] == c"0" or p[0] == c"1"):  # iscrowd; a longer number fails at its rest
        sink.crowd[row] = p[0] - 48
        return p + 1
    return NULL


cdef void _clear(Sink *sink, Py_ssize_t row) noexcept nogil:
    """Give the columns of a row that its record may leave out their meaning of "absent"."""
    cdef int k
    if sink.optional & ID:
        sink.id[row] = 0
    if sink.optional & BBOX:
        for k in range(4):
            sink.boxes[4 * row + k] = 0
    if sink.optional & AREA:
        sink.area[row] = 0
    if sink.optional & ISCROWD:
        sink.crowd[row] = 0
    if sink.optional & (SEGMENTATION | WIDTH):
        sink.size[2 * row] = sink.size[2 * row + 1] = 0
    if sink.optional & (SEGMENTATION | NAME | FILE_NAME):
        sink.text_start[row] = -1
        sink.text_length[row] = 0
    if sink.optional & SEGMENTATION:
        sink.n_parts[row] = 0


cdef Text _record(Text p, Text end, Sink *sink, Py_ssize_t row) noexcept nogil:
    """Read one object into the columns' `row`; give the place after it, or NULL."""
    cdef Text key
    cdef uint32_t member, seen = 0
    if p >= end or p[0] != c"{":
        return NULL
    if sink.optional:
        _clear(sink, row)
    p = _space(p + 1, end)
    while True:
        if p >= end or p[0] != c'"':
            return NULL
        key = p + 1
        p = _usual_key(key, end, &member)
        if p == NULL:
            p = _plain(key, end)
            if p >= end or p[0] != c'"':  # an escape could spell a key that is known
                return NULL
            member = _member(key, p - key)
        p = _colon(p + 1, end)
        if p == NULL:
            return NULL
        if not member & sink.wanted:
            p = _value(p, end, 0)
        elif seen & member:
            return NULL
        else:
            seen |= member
            p = _field(p, end, sink, row, member)
        if p == NULL:
            return NULL
        p = _space(p, end)
        if p >= end:
            return NULL
        if p[0] == c"}":
            break
        if p[0] != c",":
            return NULL
        p = _space(p + 1, end)
    if seen & sink.required != sink.required or (sink.one_of and not seen & sink.one_of):
        return NULL
    sink.seen[row] = seen
    return p + 1


cdef Py_ssize_t _records(
    Text p, Text end, Sink *sink, Py_ssize_t row, Py_ssize_t stop, bint first, Text *after
) noexcept nogil:
    """Read the records of a region; give their number, or -1.

    `after` becomes the place after the list's bracket, or NULL if the list goes on after the
    region, which then ends exactly where the next record begins.
    """
    cdef Py_ssize_t start = row
    after[0] = NULL
    if first:
        p = _space(p, end)
        if p >= end or p[0] != c"[":
            return -1
        p = _space(p + 1, end)
        if p < end and p[0] == c"]":
            after[0] = p + 1
            return 0
    while row < stop:
        p = _record(p, end, sink, row)
        if p == NULL:
            return -1
        row += 1
        p = _space(p, end)
        if p >= end:
            return -1
        if p[0] == c"]":
            after[0] = p + 1
            return row - start
        if p[0] != c",":
            return -1
        p = _space(p + 1, end)
        if p == end:
            return row - start
    return -1


# ---------------------------------------------------------------- called from Python


cdef int64_t *_whole(int64_t[::1] column, Py_ssize_t rows) except? NULL:
    if column.shape[0] < rows:
        raise ValueError("a column is too short")
    return &column[0] if column.shape[0] else NULL


cdef double *_real(double[::1] column, Py_ssize_t rows) except? NULL:
    if column.shape[0] < rows:
        raise ValueError("a column is too short")
    return &column[0] if column.shape[0] else NULL


def scan(const unsigned char[::1] region, object columns, rooms, shape, bint first):
    """Read the records of a region of a list into columns.

    Args:
        region: Bytes that begin at a record (or at the list's bracket, if `first`) and end where
            the next record begins, or anywhere after the list's end.
        columns: Its arrays are written: `id`, `image_id`, `category_id` (N,) int64, `boxes` (4N,),
            `score`, `area` (N,) float64, `crowd` (N,) uint8, `seen` (N,) uint32, `size` (2N,),
            `text_start` (-1: none), `text_length`, `n_parts` (N,), `part_length` (Q,) int64,
            `text` (B,) uint8, `points` (M,) float64. Those of members that are not wanted may be
            empty.
        rooms: (start, stop) of rows, text bytes, points and parts that may be written.
        shape: Members that are wanted, required, and of which one is required, as bits of `seen`.
        first: Whether the region begins with the list's bracket.

    Returns:
        The number of records (-1: refused), the place after the list's end (-1: it goes on), and
        where points and parts were filled to.
    """
    cdef Sink sink
    cdef uint8_t[::1] crowd = columns.crowd
    cdef uint32_t[::1] seen = columns.seen
    cdef uint8_t[::1] text = columns.text
    cdef Py_ssize_t row, stop, found, length = region.shape[0]
    cdef Text begin = NULL
    cdef Text after = NULL
    cdef bint masks
    (row, stop), (sink.text_used, sink.text_room), points, parts = rooms
    (sink.points_used, sink.points_room), (sink.parts_used, sink.parts_room) = points, parts
    sink.wanted, sink.required, sink.one_of = shape
    sink.optional = sink.wanted & ~sink.required
    masks = sink.wanted & SEGMENTATION
    if row < 0 or row > stop or seen.shape[0] < stop:
        raise ValueError("rows outside the columns")
    if sink.text_used < 0 or sink.points_used < 0 or sink.parts_used < 0:
        raise ValueError("a room begins before its column")
    if sink.wanted & ISCROWD and crowd.shape[0] < stop or text.shape[0] < sink.text_room:
        raise ValueError("a column is too short")
    if length == 0 or stop == 0:
        return -1, -1, 0, 0
    sink.seen = &seen[0]
    sink.crowd = &crowd[0] if crowd.shape[0] else NULL
    sink.text = &text[0] if text.shape[0] else NULL
    sink.id = _whole(columns.id, stop if sink.wanted & ID else 0)
    sink.image_id = _whole(columns.image_id, stop if sink.wanted & IMAGE_ID else 0)
    sink.category_id = _whole(columns.category_id, stop if sink.wanted & CATEGORY_ID else 0)
    sink.boxes = _real(columns.boxes, 4 * stop if sink.wanted & BBOX else 0)
    sink.score = _real(columns.score, stop if sink.wanted & SCORE else 0)
    sink.area = _real(columns.area, stop if sink.wanted & AREA else 0)
    sink.size = _whole(columns.size, 2 * stop if sink.wanted & (SEGMENTATION | WIDTH | HEIGHT) else 0)
    sink.text_start = _whole(columns.text_start, stop if sink.wanted & (SEGMENTATION | NAME | FILE_NAME) else 0)
    sink.text_length = _whole(columns.text_length, stop if sink.wanted & (SEGMENTATION | NAME | FILE_NAME) else 0)
    sink.points = _real(columns.points, sink.points_room)
    sink.part_length = _whole(columns.part_length, sink.parts_room)
    sink.n_parts = _whole(columns.n_parts, stop if masks else 0)
    begin = &region[0]
    with nogil:
        found = _records(begin, begin + length, &sink, row, stop, first, &after)
    after_list = after - begin if after != NULL else -1
    return found, after_list, sink.points_used, sink.parts_used


def member(const unsigned char[::1] region, Py_ssize_t at, bint first):
    """Find the next of a COCO file's lists in its object.

    Args:
        region: Bytes of the file, from its beginning or from after a list.
        at: Where in it the object begins, or where one of its values ended.
        first: Whether the object begins at `at`.

    Returns:
        The key ("images", "annotations", "categories"; "" at the object's end, which is then the
        end of the text; None if refused, or if the region is too short) and the value's place.
    """
    cdef Py_ssize_t length = region.shape[0]
    cdef Text begin = NULL
    cdef Text p
    cdef Text key
    cdef Text end
    if not 0 <= at < length:
        return None, 0
    begin = &region[0]
    end = begin + length
    p = _space(begin + at, end)
    if first:
        if p >= end or p[0] != c"{":
            return None, 0
        p = _space(p + 1, end)
        if p < end and p[0] == c"}":
            return _ended(p + 1, end), 0
    else:
        if p < end and p[0] == c"}":
            return _ended(p + 1, end), 0
        if p >= end or p[0] != c",":
            return None, 0
        p = _space(p + 1, end)
    while True:
        if p >= end or p[0] != c'"':
            return None, 0
        key = p + 1
        p = _plain(key, end)
        if p >= end or p[0] != c'"':
            return None, 0
        name = bytes(key[: p - key])
        p = _colon(p + 1, end)
        if p == NULL:
            return None, 0
        if name in (b"images", b"annotations", b"categories"):
            return name.decode(), p - begin
        p = _value(p, end, 0)
        if p == NULL:
            return None, 0
        p = _space(p, end)
        if p >= end:
            return None, 0
        if p[0] == c"}":
            return _ended(p + 1, end), 0
        if p[0] != c",":
            return None, 0
        p = _space(p + 1, end)


cdef object _ended(Text p, Text end):
    return "" if _space(p, end) == end else None


def blank(const unsigned char[::1] region, Py_ssize_t at):
    """Tell whether only white space follows in a region."""
    cdef Py_ssize_t k
    for k in range(max(at, 0), region.shape[0]):
        if region[k] not in (32, 10, 13, 9):
            return False
    return True


def cut(const unsigned char[::1] region):
    """Give the last place in a region where a record may begin after another; 0 if none."""
    cdef Py_ssize_t k = region.shape[0] - 1
    cdef Py_ssize_t j
    with nogil:
        while k > 0:
            if region[k] == c"{":
                j = k - 1
                while j > 0 and (region[j] == 32 or region[j] == 10 or region[j] == 13 or region[j] == 9):
                    j -= 1
                if j > 0 and region[j] == c",":
                    j -= 1
                    while j > 0 and (region[j] == 32 or region[j] == 10 or region[j] == 13 or region[j] == 9):
                        j -= 1
                    if region[j] == c"}":
                        break
            k -= 1
    return max(k, 0)


def count(const unsigned char[::1] region, bytes mark):
    """Count the places in a region where one byte stands, or three in a row."""
    cdef Py_ssize_t k, length = region.shape[0] - len(mark) + 1
    cdef Py_ssize_t found = 0
    cdef unsigned char first = mark[0]
    cdef unsigned char second, third
    cdef Text at = NULL
    if length <= 0:
        return 0
    at = &region[0]
    if len(mark) == 1:
        with nogil:
            for k in range(length):
                found += at[k] == first
        return found
    second, third = mark[1], mark[2]
    with nogil:
        for k in range(length):
            found += (at[k] == first) & (at[k + 1] == second) & (at[k + 2] == third)
    return found
