"""Files that another process changes: between readings, and during them."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from curation.errors import UnreadableFile
from curation.media.sources import LocalFolder
from curation.sync.tools.files.copies import Copies
from tests.curation.sync.tools.files.conftest import COCO, OpenFiles, digests, write


def test_fingerprint__changes_with_every_way_a_file_can(
    folder: Path, open_files: OpenFiles
) -> None:
    tool = open_files(folder)
    seen = [tool.fingerprint()]
    assert tool.fingerprint() == seen[0]
    file = folder / "instances.json"

    def step() -> None:
        seen.append(tool.fingerprint())

    os.utime(file, ns=(1, 1))
    step()
    old = file.stat()
    write(folder, file.read_text())  # moved into place with its old time
    os.utime(file, ns=(old.st_atime_ns, old.st_mtime_ns))
    step()
    write(folder, {"images": []}, "more.json")
    step()
    (folder / "more.json").rename(folder / "other.json")
    step()
    (folder / "other.json").unlink()
    step()
    assert seen[2] == seen[5]
    assert len(set(seen)) == len(seen) - 1
    assert {len(one) for one in seen} == {64}


def test_fingerprint__ignores_other_files_and_hidden_ones(
    folder: Path, open_files: OpenFiles
) -> None:
    before = open_files(folder).fingerprint()
    (folder / "readme.txt").write_text("x")
    (folder / ".instances.json.part").write_text("half")
    (folder / ".cache").mkdir()
    (folder / ".cache" / "x.json").write_text("x")
    assert open_files(folder).fingerprint() == before
    assert open_files(folder, missing_label="background").fingerprint() != before


def test_touched_but_equal__gives_another_fingerprint_and_the_same_tasks(
    folder: Path, open_files: OpenFiles
) -> None:
    tool = open_files(folder)
    stamp, before = tool.fingerprint(), list(tool.tasks())
    os.utime(folder / "instances.json", ns=(1, 1))
    assert tool.fingerprint() != stamp
    after = list(tool.tasks())
    assert digests(after) == digests(before)
    assert after[0].updated_at == "1970-01-01T00:00:00.000000Z" != before[0].updated_at


def test_rewritten_in_another_order__is_no_change(folder: Path, open_files: OpenFiles) -> None:
    before = digests(list(open_files(folder).tasks()))
    annotations = [
        {**one, "id": 50 + number} for number, one in enumerate(reversed(COCO["annotations"]))
    ]
    write(folder, {**COCO, "images": COCO["images"][::-1], "annotations": annotations})
    assert digests(list(open_files(folder).tasks())) == before


def test_one_image_of_many__is_the_only_change(folder: Path, open_files: OpenFiles) -> None:
    images = [{"id": n, "file_name": f"{n}.png", "width": 9, "height": 9} for n in range(50)]
    annotations = [
        {"id": n, "image_id": n, "category_id": 7, "bbox": [1, 1, 2, 2], "area": 4}
        for n in range(50)
    ]
    whole = {**COCO, "images": images, "annotations": annotations}
    write(folder, whole)
    tool = open_files(folder)
    before = digests(list(tool.tasks()))
    annotations[17]["bbox"] = [1, 1, 2, 2.5]
    write(folder, whole)
    after = digests(list(tool.tasks()))
    assert {name for name in after if after[name] != before[name]} == {"17.png"}
    write(folder, {**whole, "images": images[1:], "annotations": annotations[1:]})
    assert before.keys() - digests(list(tool.tasks())).keys() == {"0.png"}


def test_close__leaves_no_copy_behind(folder: Path, open_files: OpenFiles, tmp_path: Path) -> None:
    tool = open_files(folder)
    list(tool.tasks())
    assert [path for path in (tmp_path / "spool").iterdir() if path.is_dir()]
    tool.close()
    assert list((tmp_path / "spool").iterdir()) == []


def test_known_files__are_not_read_again_for_their_classes(
    folder: Path, open_files: OpenFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_files(folder)
    project = first.project()
    first.close()
    monkeypatch.setattr(Copies, "refresh", None)  # reading would fail
    assert open_files(folder).project() == project
    (outline,) = (tmp_path / "spool").iterdir()
    outline.write_text("{")
    monkeypatch.undo()
    assert open_files(folder).project() == project


def test_file_that_changes_while_it_is_copied__is_copied_again(
    folder: Path, open_files: OpenFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = open_files(folder)
    copy, left = LocalFolder.copy, [2]

    def meddled(self: LocalFolder, *args: Any, **options: Any) -> str:
        version = copy(self, *args, **options)
        if left[0]:
            left[0] -= 1
            write(folder, {**COCO, "images": COCO["images"][: left[0]], "annotations": []})
        return version

    monkeypatch.setattr(LocalFolder, "copy", meddled)
    assert list(tool.tasks()) == []  # the last of the versions, whole
    assert tool.faults.counts == {"changed while read": 2}


def test_file_that_never_stands_still__is_refused(
    folder: Path, open_files: OpenFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = LocalFolder.copy

    def meddled(self: LocalFolder, *args: Any, **options: Any) -> str:
        version = copy(self, *args, **options)
        write(folder, COCO)
        return version

    monkeypatch.setattr(LocalFolder, "copy", meddled)
    with pytest.raises(UnreadableFile, match="keep changing"):
        list(open_files(folder).tasks())


def test_refreshed_all_the_time__every_reading_is_of_one_version(
    folder: Path, open_files: OpenFiles
) -> None:
    def version(number: int) -> dict[str, Any]:
        images = [{"id": n, "file_name": f"{n}.png", "width": 9, "height": 9} for n in range(200)]
        annotations = [
            {"id": n, "image_id": n, "category_id": 7, "bbox": [0, 0, 1 + number, 1]}
            for n in range(200)
        ]
        return {**COCO, "images": images, "annotations": annotations}

    write(folder, version(0))
    stop = threading.Event()

    def refresh() -> None:
        number = 0
        while not stop.wait(0.05):
            number += 1
            write(folder, version(number))

    writer = threading.Thread(target=refresh)
    writer.start()
    read = 0
    try:
        for _ in range(12):
            try:
                tasks = list(open_files(folder).tasks())
            except UnreadableFile:  # it never stood still
                continue
            widths = {task.annotations[0].regions[0]["box"][2] for task in tasks}
            assert (len(tasks), len(widths)) == (200, 1)
            read += 1
    finally:
        stop.set()
        writer.join()
    assert read
