"""The darkroom: takes and saves pictures, and looks for candidates on them, in processes."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import cv2
import numpy as np

from curation.demo.detector_versions import DETECTOR_VERSIONS
from curation.demo.slides import take

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from curation.demo.candidates import Candidates
    from curation.demo.shapes import Shape
    from curation.demo.slides import Field

# Fewer pictures are done before a second process has imported OpenCV.
_WORTH_A_PROCESS = 40


@dataclass(frozen=True, slots=True)
class Print:
    """A saved picture and what is known of it.

    Attributes:
        field: which picture.
        width: pixels.
        height: pixels.
        shapes: the exact visible shapes; no detector sees them.
        candidates: of each detector version, found on the saved picture.
    """

    field: Field
    width: int
    height: int
    shapes: tuple[Shape, ...]
    candidates: tuple[Candidates, ...]


def develop(fields: Sequence[Field], *, seed: int, root: Path, workers: int) -> Iterator[Print]:
    """Yield the finished pictures in the order of the fields.

    Every picture depends on the seed and its field alone: any number of processes makes the
    same files.

    Args:
        fields: which pictures to take.
        seed: of the whole demo.
        root: image root; folders of the splits exist.
        workers: how many processes; with 1, or few pictures, this one.
    """
    slide_of = {field.image_id: field.slide for field in fields}
    tasks = [
        (field, field.slide if field.copy_of is None else slide_of[field.copy_of])
        for field in fields
    ]
    work = partial(_develop_one, seed=seed, root=root)
    if workers <= 1 or len(tasks) < _WORTH_A_PROCESS:
        yield from map(work, tasks)
        return
    # Spawned, not forked: the caller may run threads and hold database connections.
    pool = ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=cv2.setNumThreads,
        initargs=(1,),
    )
    try:
        yield from pool.map(work, tasks, chunksize=3)
    finally:
        pool.shutdown(cancel_futures=True)


def _develop_one(task: tuple[Field, int], *, seed: int, root: Path) -> Print:
    field, slide = task
    picture, shapes, quality = take(field, slide=slide, seed=seed)
    _, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    (root / field.file_name).write_bytes(encoded.tobytes())
    # The detector sees what everybody sees: the compressed picture.
    seen = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), dtype=np.uint8)
    return Print(
        field=field,
        width=picture.shape[1],
        height=picture.shape[0],
        shapes=tuple(shapes),
        candidates=tuple(version.find(seen) for version in DETECTOR_VERSIONS),
    )
