"""Large JSON files in constant memory: sections of an object, then typed elements by windows.

The file is mapped, not read. An array is decoded one window (1 MiB) at a time: the text up to a `}`
is wrapped in brackets and decoded as a list. A prefix that starts at an element and decodes as a
list must end at an element, so the cut is exact wherever it falls. A window that does not decode
is walked element by element, so that every bad record is named and the good ones go on.
"""

from __future__ import annotations

import json
import mmap
import re
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import msgspec
import numpy as np

from evaluation.errors import MalformedJson

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

T = TypeVar("T")

WINDOW: Final = 1 << 20
MAX_ELEMENT: Final = 16 << 20
_CUTS_TRIED: Final = 4  # after these the walk is cheaper than more decoding
_BOM: Final = b"\xef\xbb\xbf"
_OPENING: Final = frozenset(b"[{")
_QUOTE: Final = ord('"')
_NOTHING: Final = (b"", b"null")

# bytes.strip and \s know vertical tab and form feed; JSON does not.
_SPACE: Final = re.compile(rb"[ \t\n\r]*+")
_STRING: Final = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_KEY: Final = re.compile(_STRING, re.DOTALL)
_SCALAR: Final = re.compile(_STRING + rb'|[^ \t\n\r,\[\]{}":]++', re.DOTALL)
_BRACKET: Final = re.compile(_STRING + rb'|[\[\]{}"]', re.DOTALL)
_AFTER_ELEMENT: Final = re.compile(rb"[ \t\n\r]*+(?:\]|,[ \t\n\r]*+\{)")


@dataclass(frozen=True, slots=True)
class JsonText:
    """A stretch of a JSON file: its bytes and the place of its first byte in the file."""

    file: str
    view: memoryview
    offset: int = 0

    def error(self, position: int, reason: str) -> MalformedJson:
        """Return the error for the byte at `position` of this stretch."""
        return MalformedJson(self.file, f"{reason} at byte {self.offset + position}")


@dataclass(frozen=True, slots=True)
class BadElement:
    """An element that is not of the type: its place, why, and its value if it is JSON at all.

    The value comes from a lenient second reading, which lets NaN and Infinity through.
    """

    index: int
    reason: str
    value: Any


@dataclass(frozen=True, slots=True)
class Chunk(Generic[T]):
    """Neighbouring elements of an array, with their 0-based places in it."""

    elements: list[T]
    index: NDArray[np.int64]
    bad: tuple[BadElement, ...] = ()


@contextmanager
def open_json(path: Path) -> Iterator[JsonText]:
    """Map a JSON file into memory, without its byte order mark.

    Raises:
        MalformedJson: The file is empty.
        OSError: The file cannot be opened.
    """
    with path.open("rb") as stream:
        try:
            mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError as error:
            raise MalformedJson(path.name, "the file is empty") from error
    start = len(_BOM) if mapped[: len(_BOM)] == _BOM else 0
    try:
        yield JsonText(path.name, memoryview(mapped)[start:], start)
    finally:
        # Sections that are still referenced keep the mapping alive; it goes with the last of them.
        with suppress(BufferError):
            mapped.close()


def first_byte(text: JsonText) -> bytes:
    """Return the first byte that is not white space, or nothing."""
    start = _skip_space(text.view, 0)
    return bytes(text.view[start : start + 1])


def sections(text: JsonText, names: Collection[str]) -> dict[str, JsonText]:
    """Return the values of some keys of the object that a file holds, undecoded.

    Key order does not matter and of a repeated key the last value counts.

    Raises:
        MalformedJson: The text is not one JSON object.
    """
    # Raw in a union would refuse every value, so an absent key is an empty Raw.
    absent = msgspec.Raw()
    shape = msgspec.defstruct("_Sections", [(name, msgspec.Raw, absent) for name in names])
    try:
        found = msgspec.json.decode(text.view, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _walk_sections(text, names)
    values = ((name, getattr(found, name)) for name in names)
    present = ((name, raw) for name, raw in values if bytes(memoryview(raw)[:5]) not in _NOTHING)
    return {name: _stretch(text, raw) for name, raw in present}


def elements(text: JsonText, kind: type[T], *, window: int = WINDOW) -> Iterator[Chunk[T]]:
    """Decode the elements of an array, one window at a time.

    Args:
        text: The array, with white space around it at most.
        kind: What msgspec makes of each element, usually a `Struct` with `gc=False`.
        window: Bytes decoded at once.

    Raises:
        MalformedJson: The text is not one JSON array; elements read before that were yielded.
    """
    reader = _Elements(text, kind, window)
    position = reader.first()
    index = 0
    while position is not None:
        chunk, position = reader.decode(position, index) or reader.walk(position, index)
        index += len(chunk.elements) + len(chunk.bad)
        yield chunk


class _Elements(Generic[T]):
    """Decodes one array; positions are bytes of its text."""

    def __init__(self, text: JsonText, kind: type[T], window: int) -> None:
        self._text = text
        self._view = text.view
        self._window = window
        self._many: msgspec.json.Decoder[list[T]] = msgspec.json.Decoder(list[kind])  # type: ignore[valid-type]
        self._one = msgspec.json.Decoder(kind)
        self._kind = kind

    def first(self) -> int | None:
        """Return where the first element starts, nothing in an empty array."""
        start = _skip_space(self._view, 0)
        if bytes(self._view[start : start + 1]) != b"[":
            raise self._text.error(start, "a list is expected")
        start = _skip_space(self._view, start + 1)
        if bytes(self._view[start : start + 1]) == b"]":
            self._check_end(start + 1)
            return None
        return start

    def decode(self, position: int, index: int) -> tuple[Chunk[T], int | None] | None:
        """Decode a whole window at once, or nothing if no cut of it decodes."""
        window = bytes(self._view[position : position + self._window])
        cut = len(window)
        tries = 0
        while tries < _CUTS_TRIED:
            cut = window.rfind(b"}", 0, cut)
            if cut < 0:
                return None
            if not _AFTER_ELEMENT.match(self._view, position + cut + 1):
                continue
            tries += 1
            try:
                found = self._many.decode(b"".join((b"[", window[: cut + 1], b"]")))
            except (msgspec.ValidationError, UnicodeDecodeError, RecursionError):
                return None
            except msgspec.DecodeError:
                continue
            places = np.arange(index, index + len(found), dtype=np.int64)
            return Chunk(found, places), self._next(position + cut + 1)
        return None

    def walk(self, position: int, index: int) -> tuple[Chunk[T], int | None]:
        """Decode a window element by element, at least one, and collect the bad ones."""
        good: list[T] = []
        places: list[int] = []
        bad: list[BadElement] = []
        stop = position + self._window
        following: int | None = position
        while following is not None and following < stop:
            start = following
            end = _value_end(self._text, start)
            found = self._element(start, end, index)
            if isinstance(found, BadElement):
                bad.append(found)
            else:
                good.append(found)
                places.append(index)
            index += 1
            following = self._next(end)
        return Chunk(good, np.array(places, dtype=np.int64), tuple(bad)), following

    def _element(self, start: int, end: int, index: int) -> T | BadElement:
        if end - start > MAX_ELEMENT:
            return BadElement(index, f"longer than {MAX_ELEMENT} bytes", None)
        try:
            return self._one.decode(self._view[start:end])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return self._second_reading(start, end, BadElement(index, str(error), None))

    def _second_reading(self, start: int, end: int, bad: BadElement) -> T | BadElement:
        """Read leniently what msgspec refused: NaN or 1e999 can be in a field nobody reads."""
        try:
            value = json.loads(str(self._view[start:end], "utf-8"))
            return msgspec.convert(value, self._kind)
        except UnicodeDecodeError:
            return replace(bad, reason="text is not UTF-8")
        except RecursionError:
            return replace(bad, reason="nested too deeply")
        except json.JSONDecodeError as error:
            # The offset counts characters; where the text is ASCII, as nearly always, also bytes.
            raise self._text.error(start + error.pos, error.msg) from error
        except msgspec.ValidationError:
            return replace(bad, value=value)
        except ValueError as error:  # an integer of thousands of digits
            return replace(bad, reason=str(error))

    def _next(self, position: int) -> int | None:
        """Return the start of the element after the one that ended, nothing at the array's end."""
        start = _skip_space(self._view, position)
        mark = bytes(self._view[start : start + 1])
        if mark == b"]":
            self._check_end(start + 1)
            return None
        if mark != b",":
            raise self._text.error(start, "a comma or the end of the list is expected")
        start = _skip_space(self._view, start + 1)
        if bytes(self._view[start : start + 1]) in (b"]", b""):
            raise self._text.error(start, "an element is expected after the comma")
        return start

    def _check_end(self, position: int) -> None:
        start = _skip_space(self._view, position)
        if start < len(self._view):
            raise self._text.error(start, "nothing is expected after the list")


def _skip_space(view: memoryview, position: int) -> int:
    match = _SPACE.match(view, position)
    return match.end() if match else position


def _value_end(text: JsonText, start: int) -> int:
    """Return where a value ends, by brackets and strings only; decoding judges the rest."""
    view = text.view
    if start >= len(view):
        raise text.error(start, "the file is cut short")
    if view[start] not in _OPENING:
        match = _SCALAR.match(view, start)
        if match is None:
            raise text.error(start, "a value is expected")
        return match.end()
    depth = 0
    for token in _BRACKET.finditer(view, start):
        place = token.start()
        mark = view[place]
        if mark == _QUOTE:
            if token.end() == place + 1:
                raise text.error(place, "a text without end starts")
            continue
        depth += 1 if mark in _OPENING else -1
        if depth == 0:
            return token.end()
    raise text.error(len(view), "the file is cut short")


def _walk_sections(text: JsonText, names: Collection[str]) -> dict[str, JsonText]:
    """Find the sections by brackets, for a file that holds NaN or nests too deeply."""
    view = text.view
    position = _skip_space(view, 0)
    if bytes(view[position : position + 1]) != b"{":
        raise text.error(position, "an object is expected")
    found: dict[str, JsonText] = {}
    position = _skip_space(view, position + 1)
    more = bytes(view[position : position + 1]) != b"}"
    while more:
        name, start = _key(text, position)
        end = _value_end(text, start)
        if name in names and bytes(view[start:end]) != b"null":
            found[name] = JsonText(text.file, view[start:end], text.offset + start)
        position = _skip_space(view, end)
        mark = bytes(view[position : position + 1])
        if mark not in (b",", b"}"):
            raise text.error(position, "a comma or the end of the object is expected")
        more = mark == b","
        position = _skip_space(view, position + 1) if more else position
    position = _skip_space(view, position + 1)
    if position < len(view):
        raise text.error(position, "nothing is expected after the object")
    return found


def _key(text: JsonText, position: int) -> tuple[str, int]:
    """Return a key and where its value starts."""
    match = _KEY.match(text.view, position)
    if match is None:
        raise text.error(position, "a key is expected")
    try:
        name = json.loads(str(text.view[position : match.end()], "utf-8"))
    except ValueError as error:
        raise text.error(position, "a key is not text") from error
    position = _skip_space(text.view, match.end())
    if bytes(text.view[position : position + 1]) != b":":
        raise text.error(position, "a colon is expected")
    return str(name), _skip_space(text.view, position + 1)


def _stretch(text: JsonText, raw: msgspec.Raw) -> JsonText:
    """Return a section as a stretch of its file; both views share the mapped bytes."""
    view = memoryview(raw)
    whole = np.frombuffer(text.view, dtype=np.uint8).ctypes.data
    start = np.frombuffer(view, dtype=np.uint8).ctypes.data - whole
    return JsonText(text.file, view, text.offset + start)
