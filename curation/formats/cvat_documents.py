"""CVAT's XML as a stream: one finished element at a time, nothing that an attacker could use.

Document types are refused, so neither entities nor files can come in; what has been read is
dropped, so a file of any length takes the memory of its largest image.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import ParseError  # only the error; defusedxml parses

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from curation.errors import UnknownFormat, UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from xml.etree.ElementTree import Element  # a type

EXPECTED: Final = "a 'CVAT for images 1.1' XML file"
_DEEPEST: Final = 32  # the format itself needs seven
_ROOT: Final = "annotations"
_BEGINNING: Final = 1 << 16


def elements(path: Path) -> Iterator[Element]:
    """Yield the elements below the root, each when it is complete; it is emptied afterwards.

    Args:
        path: The XML file.

    Raises:
        UnreadableFile: It cannot be opened, is not complete XML, has a document type or tracks.
        UnknownFormat: It is XML of something else.
    """
    try:
        with path.open("rb") as stream:
            yield from _elements(stream, path)
    except DefusedXmlException as error:
        raise UnreadableFile(str(path), "it has a document type, which is refused") from error
    except ParseError as error:
        raise UnreadableFile(str(path), f"it is not complete XML ({error})") from error
    except (ValueError, LookupError) as error:  # an encoding that the parser does not know
        raise UnreadableFile(str(path), f"its encoding is not known ({error})") from error
    except OSError as error:
        raise UnreadableFile(str(path), error.strerror or str(error)) from error


def _elements(stream: object, path: Path) -> Iterator[Element]:
    root: Element | None = None
    depth = 0
    for event, element in iterparse(stream, events=("start", "end"), forbid_dtd=True):
        if event == "start":
            depth += 1
            if root is None:
                root = _checked_root(element, path)
            _check_start(element, depth, path)
            continue
        depth -= 1
        if depth == 1 and root is not None:
            yield element
            root.clear()


def _checked_root(element: Element, path: Path) -> Element:
    if element.tag != _ROOT:
        raise UnknownFormat(str(path), expected=EXPECTED)
    return element


def _check_start(element: Element, depth: int, path: Path) -> None:
    if depth == 2 and element.tag == "track":
        reason = (
            "it holds tracks ('CVAT for video'); only 'CVAT for images 1.1' is read, which the "
            "same task can be exported as"
        )
        raise UnreadableFile(str(path), reason)
    if depth > _DEEPEST:
        raise UnreadableFile(str(path), f"its elements nest more than {_DEEPEST} deep")


def sniff(path: Path) -> bool:
    """Tell whether a file looks like CVAT's XML: the root near its beginning."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        beginning = stream.read(_BEGINNING)
    if not beginning.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return False
    after = beginning.partition(b"<annotations")[2][:1]
    return after in {b">", b" ", b"\t", b"\r", b"\n", b"/"}
