"""Label Studio's brush masks: the bit format rle-pack, read and written.

A brush region is the picture's RGBA values in one row-major sequence, packed as rle-pack does
(thi.ng/umbrella, packages/rle-pack): 32 bits number of values; 5 bits word size less one; four
times 4 bits, the bits of the four run classes, less one; then tokens of 1 bit (run or literal),
2 bits class, the length less one in as many bits as the class has, and one word (run) or as many
words as the length says (literal).

The mask is the alpha plane. Strokes painted in the editor have soft edges: a pixel belongs to the
mask when its alpha is at least 128, the half, which moves the edge to neither side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from evaluation.errors import MalformedMask
from evaluation.mask_faults import FAULTS, MAX_PIXELS, SIZE
from evaluation.masks import Masks
from evaluation.run_lengths import decode

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]

LEAST_ALPHA: Final = 128

_CHANNELS: Final = 4
_WORD: Final = 8
_HEADER: Final = 32 + 5 + 4 * 4
_CLASS_BITS: Final = np.array([3, 4, 8, 16])
_LONGEST: Final = 1 << 16
# A token is read through a window of five bytes: up to 7 bits before it, 3 + 16 + 8 of its own.
_WINDOW: Final = 5


def decode_brush(rle: Any, size: tuple[int, int]) -> Masks:
    """Return the mask of a brush region.

    Args:
        rle: The numbers under `rle`, one a byte.
        size: Height and width of the image, pixels.

    Raises:
        MalformedMask: If these are no bytes, not of an image of this size, cut off, or of words
            other than bytes.

    Example:
        >>> decode_brush(encode_brush(b"12", (1, 3)), (1, 3)).texts()
        [b'12']
    """
    data = _packed(rle)
    expected = _CHANNELS * _pixels(size)
    values = int.from_bytes(data[:4], "big")
    if values != expected:
        raise MalformedMask(
            f"it holds {values} values, an image of {size[1]} x {size[0]} pixels has {expected}"
        )
    lengths, words = _runs(data, values)
    # Pixel p has its alpha at 4 p + 3: values from a up to b are pixels from a // 4 up to b // 4.
    stops = np.cumsum(lengths) // _CHANNELS
    picture = np.repeat(words >= LEAST_ALPHA, np.diff(stops, prepend=0))
    return Masks.from_pictures([picture.reshape(size)])


def encode_brush(counts: bytes, size: tuple[int, int]) -> list[int]:
    """Return a mask as the numbers of a brush region: white and opaque where it is set.

    Args:
        counts: COCO's compressed run-length mask.
        size: Height and width of the image, pixels.

    Raises:
        MalformedMask: If the text is none of a mask of this size.

    Example:
        >>> encode_brush(b"03", (1, 3))
        [0, 0, 0, 12, 57, 27, 253, 191, 240]
    """
    flat = decode(Masks.from_texts([counts], [size]).runs(0), size).ravel()
    starts = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]) + 1])
    lengths = np.diff(starts, append=len(flat)) * _CHANNELS
    words = flat[starts].astype(np.int64) * 255
    tokens, widths = _tokens(*_cut(lengths, words))
    return list(_bits(tokens, widths, _CHANNELS * len(flat)))


def _packed(rle: Any) -> bytes:
    """Return the numbers as bytes, with room behind them for the last window."""
    if not isinstance(rle, list) or len(rle) * 8 < _HEADER:
        raise MalformedMask("it has no run lengths")
    try:
        return bytes(rle) + bytes(_WINDOW)
    except (TypeError, ValueError) as error:
        raise MalformedMask("its run lengths are not numbers from 0 to 255") from error


def _pixels(size: tuple[int, int]) -> int:
    height, width = size
    if height <= 0 or width <= 0 or height * width > MAX_PIXELS:
        raise MalformedMask(FAULTS[SIZE])
    return height * width


def _runs(data: bytes, values: int) -> tuple[Numbers, Numbers]:
    """Return the lengths of the runs of equal words, literals as runs of one, and the words."""
    header = int.from_bytes(data[4:7], "big") >> 3
    if (header >> 16) + 1 != _WORD:
        raise MalformedMask(f"its words have {(header >> 16) + 1} bits, not {_WORD}")
    classes = [(header >> shift & 15) + 1 for shift in (12, 8, 4, 0)]
    lengths: list[int] = []
    words: list[int] = []
    place, filled = _HEADER, 0
    end = 8 * (len(data) - _WINDOW)
    while filled < values:
        window = int.from_bytes(data[place >> 3 : (place >> 3) + _WINDOW], "big")
        window = window << (place & 7) & 0xFFFFFFFFFF
        bits = classes[window >> 37 & 3]
        length = (window >> (37 - bits) & ((1 << bits) - 1)) + 1
        filled += length
        stop = place + 3 + bits + _WORD * (1 if window >> 39 else length)
        if stop > end:
            raise MalformedMask("its run lengths end too early")
        if window >> 39:
            lengths.append(length)
            words.append(window >> (29 - bits) & 255)
        else:
            lengths.extend([1] * length)
            words.extend(_literal(data, stop, length))
        place = stop
    if filled != values:
        raise MalformedMask("its run lengths go beyond the image")
    return np.array(lengths, dtype=np.int64), np.array(words, dtype=np.int64)


def _literal(data: bytes, stop: int, length: int) -> bytes:
    """Return so many words that end before bit `stop`."""
    first, last = (stop - _WORD * length) >> 3, (stop + 7) >> 3
    number = int.from_bytes(data[first:last], "big") >> (-stop & 7)
    return number.to_bytes(last - first, "big")[-length:]


def _cut(lengths: Numbers, words: Numbers) -> tuple[Numbers, Numbers]:
    """Cut the runs that are longer than a token can say."""
    pieces = -(-lengths // _LONGEST)
    cut = np.full(int(pieces.sum()), _LONGEST)
    cut[np.cumsum(pieces) - 1] = lengths - (pieces - 1) * _LONGEST
    return cut, np.repeat(words, pieces)


def _tokens(lengths: Numbers, words: Numbers) -> tuple[Numbers, Numbers]:
    """Return each run as a token of the least class that holds it, and the token's bits."""
    class_ = np.searchsorted(1 << _CLASS_BITS, lengths)
    bits = _CLASS_BITS[class_]
    tokens = (4 | class_) << (bits + _WORD) | (lengths - 1) << _WORD | words
    return tokens, 3 + bits + _WORD


def _bits(tokens: Numbers, widths: Numbers, values: int) -> bytes:
    """Return header and tokens as bytes, the last one filled with zeros."""
    stops = _HEADER + np.cumsum(widths)
    packed = np.zeros((int(stops[-1]) >> 3) + _WINDOW + 1, dtype=np.uint8)
    header = values << 21 | (_WORD - 1) << 16
    for shift, bits in zip((12, 8, 4, 0), _CLASS_BITS.tolist(), strict=True):
        header |= (bits - 1) << shift
    packed[:7] = np.frombuffer((header << 3).to_bytes(7, "big"), dtype=np.uint8)
    first = (stops - widths) >> 3
    window = tokens << (8 * _WINDOW - ((stops - widths) & 7) - widths)
    for place in range(_WINDOW):
        # Tokens share bytes but never bits, so adding is joining.
        part = (window >> (8 * (_WINDOW - 1 - place)) & 255).astype(np.uint8)
        np.add.at(packed, first + place, part)
    return packed[: (int(stops[-1]) + 7) >> 3].tobytes()
