"""Hold the compiled JSON scanner against msgspec and Python's own doubles, for millions of inputs.

    python -m benchmarks.json_fuzz --texts 2000000 --numbers 20000000 --files 100000 --seed 1

Three rounds. *Texts*: valid lists of records are spoiled (bytes flipped, cut, doubled, keys
repeated, numbers of every shape, escapes, other types) and given to both; whatever the scanner
accepts msgspec must accept, with the same value in every column, bit for bit. *Numbers*: decimal
texts of every length and exponent against `float`. *Files*: whole documents, read from disk by
windows of a few bytes up to all of it and by two threads, against one decoding of the whole.

The scanner may refuse what it likes, so the share of accepted texts is printed too, and texts of
the common shape must all be accepted.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks.json_texts import (
    CLASSES,
    IMAGES,
    MASKED,
    OBJECTS,
    RESULTS,
    SHAPES,
    Generator,
)
from evaluation import json_scan
from evaluation.json_scan import Refused, scan_list, scan_lists, scan_text
from evaluation.scanned_columns import ScannedColumns, Shape


class RunLengths(msgspec.Struct, forbid_unknown_fields=True):
    size: tuple[int, int]
    counts: str | list[int]


class Record(msgspec.Struct):
    """Every member that the scanner knows, with the only types that it reads."""

    id: int | msgspec.UnsetType = msgspec.UNSET
    image_id: int | msgspec.UnsetType = msgspec.UNSET
    category_id: int | msgspec.UnsetType = msgspec.UNSET
    bbox: tuple[float, float, float, float] | msgspec.UnsetType = msgspec.UNSET
    score: float | msgspec.UnsetType = msgspec.UNSET
    area: float | msgspec.UnsetType = msgspec.UNSET
    iscrowd: int | msgspec.UnsetType = msgspec.UNSET
    segmentation: RunLengths | list[list[float]] | msgspec.UnsetType = msgspec.UNSET
    name: str | msgspec.UnsetType = msgspec.UNSET
    file_name: str | msgspec.UnsetType = msgspec.UNSET
    width: int | msgspec.UnsetType = msgspec.UNSET
    height: int | msgspec.UnsetType = msgspec.UNSET


def scanned(text: bytes, shape: Shape) -> ScannedColumns | None:
    """Give a text to the scanner; None if it refuses."""
    # Its own allocation of just this size, so that an address sanitizer sees what lies beyond.
    own = np.frombuffer(text, dtype=np.uint8).copy()
    try:
        return scan_text(own, shape)
    except Refused:
        return None


def expected(records: list[Record], shape: Shape) -> list[tuple[Any, ...]]:
    """Give the members that a shape wants of records that msgspec decoded."""
    return [tuple(_plain(getattr(record, name)) for name in shape.wanted) for record in records]


def _plain(value: Any) -> Any:
    if value is msgspec.UNSET:
        return None
    if isinstance(value, RunLengths):
        counts = value.counts
        text = counts if isinstance(counts, str) else _compressed(counts)
        return "runs", tuple(value.size), text.encode()
    if isinstance(value, list):
        return "polygons", tuple(np.array(part, dtype=np.float64).tobytes() for part in value)
    if isinstance(value, tuple):
        return np.array(value, dtype=np.float64).tobytes()
    return np.float64(value).tobytes() if isinstance(value, float) else value


def _compressed(runs: list[int]) -> str:
    """Write runs as COCO's `rleToString` does."""
    text = ""
    for place, run in enumerate(runs):
        rest = run - runs[place - 2] if place > 2 else run
        more = True
        while more:
            group = rest & 31
            rest >>= 5
            more = rest != -1 if group & 16 else rest != 0
            text += chr((group | 32 if more else group) + 48)
    return text


def found(columns: ScannedColumns, shape: Shape) -> list[tuple[Any, ...]]:
    """Give the same of the columns that the scanner filled."""
    ends = np.cumsum(columns.part_length)
    parts = [
        columns.points[end - length : end].tobytes()
        for end, length in zip(ends.tolist(), columns.part_length.tolist(), strict=True)
    ]
    last = np.cumsum(columns.n_parts).tolist()
    rows = []
    has = {name: columns.has(name).tolist() for name in shape.wanted}
    for row in range(len(columns)):
        text = _text(columns, row)
        values = {name: _value(columns, name, row) for name in shape.wanted if name in _PLACES}
        values["name"] = values["file_name"] = (text or b"").decode()
        drawn = parts[last[row] - int(columns.n_parts[row]) : last[row]] if last else []
        values["segmentation"] = (
            ("polygons", tuple(drawn))
            if text is None
            else ("runs", tuple(columns.size[2 * row : 2 * row + 2].tolist()), text)
        )
        rows.append(tuple(values[name] if has[name][row] else None for name in shape.wanted))
    return rows


# member -> column, values a row, place among them
_PLACES = {
    "id": ("id", 1, 0),
    "image_id": ("image_id", 1, 0),
    "category_id": ("category_id", 1, 0),
    "bbox": ("boxes", 4, None),
    "score": ("score", 1, 0),
    "area": ("area", 1, 0),
    "iscrowd": ("crowd", 1, 0),
    "width": ("size", 2, 0),
    "height": ("size", 2, 1),
}


def _value(columns: ScannedColumns, name: str, row: int) -> Any:
    column, width, place = _PLACES[name]
    values = getattr(columns, column)[width * row : width * row + width]
    if place is None:
        return values.tobytes()
    value = values[place]
    return value.tobytes() if values.dtype == np.float64 else int(value)


def _text(columns: ScannedColumns, row: int) -> bytes | None:
    if not len(columns.text_start) or columns.text_start[row] < 0:
        return None
    start = int(columns.text_start[row])
    return columns.text[start : start + int(columns.text_length[row])].tobytes()


@dataclass
class Tally:
    """What a round saw."""

    inputs: int = 0
    accepted: int = 0
    faults: list[str] = field(default_factory=list)


def _decoder(shape: Shape) -> Any:
    """Make msgspec's reader of a shape; members that are skipped may be of any type."""
    types = {field.name: field.type for field in msgspec.structs.fields(Record)}
    members = [(name, types[name], msgspec.UNSET) for name in shape.wanted]
    return msgspec.json.Decoder(list[msgspec.defstruct("Wanted", members)])  # type: ignore[misc]


DECODERS = {shape: _decoder(shape) for shape in SHAPES}


def _same(columns: ScannedColumns, records: list[Record], shape: Shape) -> bool:
    try:
        return found(columns, shape) == expected(records, shape)
    except UnicodeDecodeError:  # a name that is not UTF-8: the caller of the scanner refuses it
        return True


def judge(text: bytes, shape: Shape, tally: Tally) -> bool:
    """Hold the scanner against msgspec on one text; say whether it was accepted."""
    tally.inputs += 1
    columns = scanned(text, shape)
    if columns is None:
        return False
    tally.accepted += 1
    decoder = DECODERS[shape]
    try:
        records = decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        names = {"name", "file_name"} & set(shape.wanted)
        if not (names and isinstance(error, UnicodeDecodeError)):
            tally.faults.append(f"accepted, msgspec says {error}: {text!r}")
        return True
    if not _same(columns, records, shape):
        tally.faults.append(f"other values: {text!r}")
    return True


def texts(n: int, seed: int) -> Tally:
    """Spoil texts and hold the scanner against msgspec; every sound one must be accepted."""
    make = Generator(random.Random(seed))
    tally = Tally()
    for place in range(n):
        shape = SHAPES[place % len(SHAPES)]
        if place % 20 < len(SHAPES):
            text = make.sound(shape).encode()
            if not judge(text, shape, tally):
                tally.faults.append(f"refused: {text!r}")
        else:
            judge(make.spoiled(shape), shape, tally)
    return tally


def numbers(n: int, seed: int) -> Tally:
    """Hold the scanner's doubles against Python's."""
    make = Generator(random.Random(seed))
    tally = Tally()
    while tally.inputs < n:
        written = [make.half_way() if i % 4 == 0 else make.decimal() for i in range(2000)]
        # The scanner refuses what overflows, as msgspec does.
        written = [text for text in written if abs(float(text)) < float("inf")]
        rows = ",".join(
            f'{{"image_id":1,"category_id":1,"bbox":[{text},{text} , {text},0],"score":{text}}}'
            for text in written
        )
        columns = scanned(f"[{rows}]".encode(), RESULTS)
        tally.inputs += len(written)
        if columns is None:
            tally.faults.append(f"refused one of {written}")
            continue
        tally.accepted += len(written)
        # An integer that is minus nothing is nothing: -0 is 0, -0.0 is -0.0.
        exact = np.array([0.0 if text == "-0" else float(text) for text in written])
        boxes = columns.boxes.reshape(-1, 4)
        for column in (columns.score, *boxes.T[:3]):
            bits = np.ascontiguousarray(column).view(np.int64)
            wrong = np.flatnonzero(bits != exact.view(np.int64)).tolist()
            tally.faults += [f"{written[row]}: {column[row]!r}" for row in wrong]
    return tally


def files(n: int, seed: int) -> Tally:
    """Read whole files by small windows and two threads, and hold them against one decoding."""
    make = Generator(random.Random(seed))
    tally = Tally()
    lists = {"images": IMAGES, "categories": CLASSES, "annotations": OBJECTS}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.json"
        for place in range(n):
            window = make.random.choice((16, 64, 200, 700, 1 << 20))
            make_text = make.spoiled if make.random.random() < 0.3 else _sound_bytes(make)
            if place % 2:
                path.write_bytes(make_text(MASKED))
                _judge_list(path, window, tally)
                continue
            order = make.random.sample(sorted(lists), 3)
            body = b",".join(
                f'"{name}" : '.encode() + make_text(lists[name]).strip() for name in order
            )
            path.write_bytes(b'{"info":{"year":"2017"}, ' + body + b"} \n")
            _judge_lists(path, lists, window, tally)
    return tally


def _sound_bytes(make: Generator) -> Callable[[Shape], bytes]:
    return lambda shape: make.sound(shape).encode()


def _judge_list(path: Path, window: int, tally: Tally) -> None:
    tally.inputs += 1
    try:
        columns = scan_list(path, MASKED, window=window)
    except Refused:
        return
    tally.accepted += 1
    text = path.read_bytes()
    try:
        records = DECODERS[MASKED].decode(text)
    except msgspec.DecodeError as error:
        tally.faults.append(f"accepted, msgspec says {error}: {text!r}")
        return
    if not _same(columns, records, MASKED):
        tally.faults.append(f"other values: {text!r}")


def _judge_lists(path: Path, lists: dict[str, Shape], window: int, tally: Tally) -> None:
    tally.inputs += 1
    try:
        columns = scan_lists(path, lists, window=window)
    except Refused:
        return
    tally.accepted += 1
    text = path.read_bytes()
    try:
        whole = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        records = {name: DECODERS[lists[name]].decode(whole[name]) for name in lists}
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError) as error:
        if not isinstance(error, UnicodeDecodeError):
            tally.faults.append(f"accepted, msgspec says {error!r}: {text!r}")
        return
    for name, shape in lists.items():
        if not _same(columns[name], records[name], shape):
            tally.faults.append(f"other values in {name}: {text!r}")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--texts", type=int, default=200_000)
    parser.add_argument("--numbers", type=int, default=2_000_000)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if json_scan.scanner() is None:
        print("the scanner is not built")
        return 2
    rounds: dict[str, Callable[[], Tally]] = {
        "texts": lambda: texts(options.texts, options.seed),
        "numbers": lambda: numbers(options.numbers, options.seed),
        "files": lambda: files(options.files, options.seed),
    }
    faults = 0
    for name, run in rounds.items():
        start = time.perf_counter()
        tally = run()
        faults += len(tally.faults)
        share = tally.accepted / max(tally.inputs, 1)
        seconds = time.perf_counter() - start
        counts = f"{tally.inputs:,} inputs, {share:.1%} accepted, {len(tally.faults)} faults"
        print(f"{name}: {counts}, {seconds:.0f} s")
        for fault in tally.faults[:10]:
            print("   ", fault[:400])
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
