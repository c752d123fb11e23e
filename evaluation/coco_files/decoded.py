"""Lists of COCO files decoded by msgspec: for whatever the compiled scanner refuses.

Also where no scanner is built. Every bad record is named, and the good ones are read on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from evaluation.coco_files.columns import Columns, concatenated
from evaluation.coco_files.records import Records
from evaluation.json_windows import JsonText, elements, open_json, sections

if TYPE_CHECKING:
    from pathlib import Path

    from evaluation.coco_files.problems import ProblemLog
    from evaluation.coco_files.records import Getter
    from evaluation.json_windows import Chunk

Id = int | float | str


class Result(msgspec.Struct, gc=False):
    """One entry of a results file."""

    image_id: Id
    category_id: Id
    score: float
    bbox: list[float] | None = None


class MaskedResult(Result, gc=False):
    """One entry of a results file, with its segmentation as it is."""

    segmentation: Any = None


class Annotation(msgspec.Struct, gc=False):
    """One object of a ground truth file."""

    image_id: Id
    category_id: Id
    id: Any = None
    bbox: list[float] | None = None
    area: float | None = None
    iscrowd: bool | float | None = None


class MaskedAnnotation(Annotation, gc=False):
    """One object of a ground truth file, with its segmentation as it is."""

    segmentation: Any = None


class Image(msgspec.Struct, gc=False):
    """One image of a ground truth file."""

    id: Id
    file_name: str | None = None
    width: float | None = None
    height: float | None = None


class Category(msgspec.Struct, gc=False):
    """One class of a ground truth file."""

    id: Id
    name: str | None = None


def results(path: Path, log: ProblemLog, *, masks: bool) -> Columns:
    """Read a results file.

    Raises:
        MalformedJson: The file is not one list of JSON.
        OSError: The file cannot be opened.
    """
    kind = MaskedResult if masks else Result
    with open_json(path) as text:
        return _columns(text, kind, "results", log, scored=True, masks=masks)


def lists(path: Path, log: ProblemLog, *, masks: bool) -> tuple[Records, Records, Columns]:
    """Read images, categories and annotations of a ground truth file.

    Raises:
        MalformedJson: The file is not one object of JSON, or a list is missing.
        OSError: The file cannot be opened.
    """
    kind = MaskedAnnotation if masks else Annotation
    with open_json(path) as text:
        found = sections(text, ("images", "annotations", "categories"))
        for name in ("images", "annotations", "categories"):
            if name not in found:
                raise text.error(0, f'there is no list "{name}" in the object that begins')
        return (
            _records(found["images"], Image, "images", log),
            _records(found["categories"], Category, "categories", log),
            _columns(found["annotations"], kind, "annotations", log, scored=False, masks=masks),
        )


def _columns(
    text: JsonText,
    kind: type[msgspec.Struct],
    list_name: str,
    log: ProblemLog,
    *,
    scored: bool,
    masks: bool,
) -> Columns:
    parts = [Records(lambda _: [], np.empty(0, np.int64), list_name, log)]
    columns = [parts[0].columns(scored=scored, masks=masks)]
    for chunk in elements(text, kind):
        _note_bad(chunk, list_name, log, scored=scored, masks=masks)
        records = Records(_getter(chunk.elements), chunk.index, list_name, log)
        columns.append(records.columns(scored=scored, masks=masks))
    return concatenated(columns)


def _note_bad(
    chunk: Chunk[Any], list_name: str, log: ProblemLog, *, scored: bool, masks: bool
) -> None:
    """Name what is wrong with records that are not of their type."""
    for bad in chunk.bad:
        before = log.count
        if isinstance(bad.value, dict):
            value: dict[str, Any] = bad.value
            records = Records(_member_of(value), np.array([bad.index]), list_name, log)
            records.columns(scored=scored, masks=masks)
        if log.count == before:
            note_malformed(log, list_name, bad.index, bad.reason)


def note_malformed(log: ProblemLog, list_name: str, place: int, reason: str) -> None:
    """Note a record that is not of its type."""
    log.add("record is malformed", np.array([place]), lambda _: f"{list_name}[{place}]: {reason}")


def _records(
    text: JsonText, kind: type[msgspec.Struct], list_name: str, log: ProblemLog
) -> Records:
    found: list[Any] = []
    places = [np.empty(0, dtype=np.int64)]
    for chunk in elements(text, kind):
        found += chunk.elements
        places.append(chunk.index)
        for bad in chunk.bad:
            note_malformed(log, list_name, bad.index, bad.reason)
    return Records(_getter(found), np.concatenate(places), list_name, log)


def _getter(rows: list[Any]) -> Getter:
    return lambda name: [getattr(row, name, None) for row in rows]


def _member_of(value: dict[str, Any]) -> Getter:
    return lambda name: [value.get(name)]
