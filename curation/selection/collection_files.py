"""Lists of images or labels in files: text, CSV and JSON, read and written."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any, Final

import msgspec

from curation.errors import NothingToImport, UnknownFormat, UnreadableFile
from curation.selection.named_members import Entry, spreadsheet_original
from curation.store.reports import spreadsheet_safe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from curation.store.collection_images import CollectionImage

MOST_BYTES: Final = 64 * 2**20
COLUMNS: Final = ("image", "file_name", "label_id", "note")
LABEL_COLUMNS: Final = ("image", "file_name", "label_id", "class", "box", "note")
EXPECTED: Final = (
    "a list of images or labels: a name a line, CSV with a column image, file_name or label_id, "
    "or a JSON list"
)


def read_entries(file: Path) -> tuple[Entry, ...]:
    """Read a list of images or labels: `.csv`, `.json`, or text with a name a line.

    Raises:
        UnreadableFile: If it is damaged, too large, or not UTF-8.
        UnknownFormat: If it is no such list.
        NothingToImport: If it is empty.
    """
    try:
        if file.stat().st_size > MOST_BYTES:
            raise UnreadableFile(file.name, f"it is larger than {MOST_BYTES // 2**20} MB")
        data = file.read_bytes()
    except OSError as error:
        raise UnreadableFile(file.name, error.strerror or "it cannot be opened") from error
    return parse_entries(file.name, data)


def parse_entries(name: str, data: bytes) -> tuple[Entry, ...]:
    """Read the content of a list; its name tells the format.

    Raises:
        UnreadableFile: If it is damaged or not UTF-8.
        UnknownFormat: If it is no such list.
        NothingToImport: If it is empty.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile(name, f"byte {error.start} is not UTF-8") from error
    read = READERS.get(name.rpartition(".")[2].lower(), _lines)
    entries = tuple(read(name, text))
    if not entries:
        raise NothingToImport(name, "it names no image")
    return entries


def _lines(name: str, text: str) -> Iterator[Entry]:
    del name
    for number, line in enumerate(io.StringIO(text, newline=None), start=1):
        if line.strip():
            yield Entry(f"line {number}", image=line.strip())


def _csv(name: str, text: str) -> Iterator[Entry]:
    header = text.partition("\n")[0]
    # Spreadsheets separate by what the language of the machine has.
    delimiter = max(",;\t", key=header.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = [cell.strip().lower() for cell in next(rows, [])]
        if not set(columns) & {"image", "file_name", "label_id"}:
            raise UnknownFormat(name, expected=EXPECTED)
        line = rows.line_num
        for row in rows:
            number, line = line + 1, rows.line_num
            cells = dict(zip(columns, (cell.strip() for cell in row), strict=False))
            if any(cells.values()):
                note = spreadsheet_original(cells.get("note", ""))
                yield _entry(f"line {number}", cells | {"note": note})
    except csv.Error as error:
        raise UnreadableFile(name, f"line {rows.line_num}: {error}") from error


def _json(name: str, text: str) -> Iterator[Entry]:
    try:
        content = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise UnreadableFile(name, str(error)) from error
    if not isinstance(content, list):
        raise UnknownFormat(name, expected=EXPECTED)
    for number, value in enumerate(content, start=1):
        cells = value if isinstance(value, dict) else {"image": value}
        written = {key: _written(cells.get(key)) for key in COLUMNS}
        if None in written.values():
            raise UnknownFormat(f"Entry {number} of {name}", expected="a name, an id or an object")
        yield _entry(f"entry {number}", {key: text or "" for key, text in written.items()})


def _written(value: Any) -> str | None:
    """Return a JSON value as text, empty for null, None for what is neither text nor an id."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _entry(place: str, cells: Mapping[str, str]) -> Entry:
    return Entry(
        place,
        image=cells.get("image", ""),
        file_name=cells.get("file_name", ""),
        label=cells.get("label_id", ""),
        note=cells.get("note", ""),
    )


READERS: Final[Mapping[str, Callable[[str, str], Iterator[Entry]]]] = {"csv": _csv, "json": _json}


def collection_rows(images: Sequence[CollectionImage]) -> list[dict[str, Any]]:
    """Return one row an item: an image, or a label with its class and box."""
    rows: list[dict[str, Any]] = []
    for image in images:
        own = {"image": image.image_id, "file_name": image.file_name}
        if not image.labels:
            rows.append({**own, "note": image.note})
        rows += [
            {
                **own,
                "label_id": label.label_id,
                "class": label.class_name,
                "box": list(label.box),
                "note": label.note,
            }
            for label in image.labels
        ]
    return rows


def collection_json(images: Sequence[CollectionImage]) -> bytes:
    """Write the items of a collection, exact; `read_entries` reads it."""
    return json.dumps(collection_rows(images), indent=1, ensure_ascii=False).encode()


def collection_csv(images: Sequence[CollectionImage]) -> bytes:
    """Write the items of a collection, safe to open in a spreadsheet; `read_entries` reads it."""
    rows = collection_rows(images)
    columns = LABEL_COLUMNS if any("label_id" in row for row in rows) else (*COLUMNS[:2], "note")
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(columns)
    writer.writerows([_cell(row[column]) for column in columns] for row in rows)
    return buffer.getvalue().encode()


def collection_text(images: Sequence[CollectionImage]) -> bytes:
    """Write the file names of a collection's images, one a line."""
    return "".join(f"{image.file_name}\n" for image in images).encode()


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(repr(float(number)) for number in value)
    return spreadsheet_safe(value) if isinstance(value, str) else str(value)


WRITERS: Final = {"csv": collection_csv, "json": collection_json, "txt": collection_text}
