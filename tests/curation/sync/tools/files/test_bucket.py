from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from PIL import Image

from curation.errors import NotFound, Unavailable, UnreadableFile, UnsafePath
from curation.media.sources import S3Prefix
from curation.sync.tools.files import pictures
from tests.curation.sync.tools.files.conftest import COCO, OpenFiles
from tests.servers.s3 import ObjectStore

PLACE = "s3://labels/street"
KEY = "street/instances.json"


def put(client: Any, content: Any, key: str = KEY) -> None:
    body = content if isinstance(content, str | bytes) else json.dumps(content)
    client.put_object(Bucket="labels", Key=key, Body=body)


@pytest.fixture
def bucket(object_store: ObjectStore) -> Any:
    client = boto3.client("s3")
    client.create_bucket(Bucket="labels")
    put(client, COCO)
    put(client, "{", "streets/other.json")  # a neighbour, not below the prefix
    return client


def test_tasks__are_those_of_the_objects(bucket: Any, open_files: OpenFiles) -> None:
    tool = open_files(PLACE)
    assert tool.project().classes == ("cell", "clot")
    first, second = tool.tasks()
    assert (first.id, second.id) == ("a.png", "d/b.png")
    assert first.annotations[0].regions[0] == {"class": "cell", "box": [1, 2, 3.1, 4], "area": 11.7}
    assert first.updated_at.endswith("Z")
    tool.close()


def test_fingerprint__changes_with_content_and_names_and_reads_nothing(
    bucket: Any, open_files: OpenFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(S3Prefix, "copy", None)
    tool = open_files(PLACE)
    before = tool.fingerprint()
    assert tool.fingerprint() == before
    put(bucket, {**COCO, "annotations": []})
    after = tool.fingerprint()
    put(bucket, COCO, "street/more.json")
    assert len({before, after, tool.fingerprint()}) == 3


def test_listing__goes_through_all_pages(
    locked_object_store: ObjectStore, open_files: OpenFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert locked_object_store.folder is not None
    root = locked_object_store.folder / "labels" / "street"
    root.mkdir(parents=True)
    for number in range(1_005):  # a page has 1,000
        (root / f"{number:04}.md").write_text("x")
    (root / "instances.json").write_text(json.dumps(COCO))
    images = [{"id": 1, "file_name": "z.png", "width": 2, "height": 2}]
    (root / "zz.json").write_text(json.dumps({"images": images, "annotations": []}))
    locked_object_store.offer(monkeypatch)
    assert [task.id for task in open_files(PLACE).tasks()] == ["a.png", "d/b.png", "z.png"]


def test_object_that_changes_after_it_was_listed__is_read_again(
    bucket: Any, open_files: OpenFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, changes = S3Prefix.copy, [{**COCO, "images": COCO["images"][:1], "annotations": []}]

    def late(self: S3Prefix, *args: Any, **options: Any) -> str:
        if changes:
            put(bucket, changes.pop())
        return copy(self, *args, **options)

    monkeypatch.setattr(S3Prefix, "copy", late)
    assert [task.id for task in open_files(PLACE).tasks()] == ["a.png"]


def test_object_that_changes_while_another_is_read__is_read_again(
    bucket: Any, open_files: OpenFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, changes = S3Prefix.copy, [{**COCO, "images": COCO["images"][:1], "annotations": []}]

    def meddled(self: S3Prefix, *args: Any, **options: Any) -> str:
        version = copy(self, *args, **options)
        if changes:
            put(bucket, changes.pop())
        return version

    monkeypatch.setattr(S3Prefix, "copy", meddled)
    tool = open_files(PLACE)
    assert [task.id for task in tool.tasks()] == ["a.png"]
    assert tool.faults.counts == {"changed while read": 1}


def test_object_that_is_gone_when_it_is_read__is_no_error(
    bucket: Any, open_files: OpenFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(bucket, {**COCO}, "street/second.json")
    copy = S3Prefix.copy

    def late(self: S3Prefix, name: str, *args: Any, **options: Any) -> str:
        bucket.delete_object(Bucket="labels", Key="street/second.json")
        return copy(self, name, *args, **options)

    monkeypatch.setattr(S3Prefix, "copy", late)
    assert len(list(open_files(PLACE).tasks())) == 2


def test_half_written_object__is_refused_by_name(bucket: Any, open_files: OpenFiles) -> None:
    put(bucket, json.dumps(COCO)[:100])
    with pytest.raises(UnreadableFile, match=r"s3://labels/street/instances\.json cannot be read"):
        list(open_files(PLACE).tasks())


@pytest.mark.parametrize("key", ["street/../up.json", "street//absolute.json", "street/a\\b.json"])
def test_keys__that_are_no_names_below_a_folder(
    bucket: Any, open_files: OpenFiles, key: str
) -> None:
    put(bucket, COCO, key)
    with pytest.raises(UnsafePath):
        list(open_files(PLACE).tasks())


def test_object_larger_than_is_read__is_refused(
    bucket: Any, open_files: OpenFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("curation.sync.tools.files.copies.MAX_FILE", 100)
    with pytest.raises(UnreadableFile, match="larger than 100 bytes"):
        list(open_files(PLACE).tasks())
    monkeypatch.setattr("curation.sync.tools.files.copies.MAX_TOTAL", 100)
    with pytest.raises(UnreadableFile, match="larger than 100 bytes"):
        list(open_files(PLACE).tasks())


def test_yolo__only_the_beginnings_of_pictures_are_fetched(
    bucket: Any, open_files: OpenFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = Image.effect_noise((300, 200), 90)
    # The size of the last stands behind what it says of itself.
    comment: dict[str, Any] = {"comment": b"x" * 9_000}
    for name, options in {"a.png": {}, "b.jpg": {}, "c.jpg": comment}.items():
        noise.convert("RGB").save(tmp_path / name, **options)
        put(bucket, (tmp_path / name).read_bytes(), f"tree/images/{name}")
    put(bucket, "names: [cell]\ntrain: images\n", "tree/data.yaml")
    put(bucket, "0 0.5 0.5 0.5 0.5\n", "tree/labels/b.txt")
    monkeypatch.setattr(pictures, "BEGINNING", 1 << 12)
    whole: list[str] = []
    read = S3Prefix.read

    def noted(self: S3Prefix, name: str, **options: Any) -> bytes:
        whole.append(name)
        return read(self, name, **options)

    monkeypatch.setattr(S3Prefix, "read", noted)
    tasks = list(open_files("s3://labels/tree").tasks())
    assert [(task.id, task.width, task.height) for task in tasks] == [
        ("images/a.png", 300, 200),
        ("images/b.jpg", 300, 200),
        ("images/c.jpg", 300, 200),
    ]
    assert tasks[1].annotations[0].regions == [
        {"class": "cell", "box": [75, 50, 150, 100], "area": 15_000}
    ]
    assert whole == ["images/c.jpg"]


def test_bucket__that_is_not_there(object_store: ObjectStore, open_files: OpenFiles) -> None:
    with pytest.raises(NotFound, match="labels"):
        open_files(PLACE).fingerprint()


def test_locked_store__with_its_key_and_with_another(
    locked_object_store: ObjectStore, open_files: OpenFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert locked_object_store.folder is not None
    root = locked_object_store.folder / "labels" / "street"
    (root / "images").mkdir(parents=True)
    (root / "labels").mkdir()
    (root / "instances.json").write_text(json.dumps(COCO))
    Image.new("RGB", (20, 10)).save(root / "images" / "a.png")
    (root / "labels" / "a.txt").write_text("0 0.5 0.5 0.5 0.2\n")
    locked_object_store.offer(monkeypatch)
    tool = open_files(PLACE, format="coco")
    stamp = tool.fingerprint()
    assert [task.id for task in tool.tasks()] == ["a.png", "d/b.png"]
    assert tool.faults.counts == {}
    (yolo,) = open_files(PLACE, format="yolo").tasks()
    assert (yolo.width, yolo.annotations[0].regions[0]["box"]) == (20, [5, 4, 10, 2])
    assert open_files(PLACE, format="coco").fingerprint() == stamp

    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    with pytest.raises(Unavailable) as caught:
        open_files(PLACE).fingerprint()
    assert "another" not in str(caught.value)
