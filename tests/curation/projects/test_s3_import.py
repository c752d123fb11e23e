"""Pictures in an S3 bucket: checked, hashed and shown like those of a folder."""

from __future__ import annotations

import boto3
import cv2
import numpy as np
import pytest

from curation.projects.catalog import project_home
from curation.projects.importing import ProjectImportRequest, create_project_import
from curation.projects.pictures import original_bytes, thumbnail_bytes
from curation.settings import Settings
from curation.store.images import read_images
from tests.curation.conftest import COCO, write_json


def png(width: int, height: int) -> bytes:
    _, encoded = cv2.imencode(".png", np.full((height, width, 3), 90, np.uint8))
    return encoded.tobytes()


@pytest.fixture
def bucket(object_store) -> str:
    """A bucket with the small project's pictures; one of them of another size."""
    client = boto3.Session().client("s3")
    client.create_bucket(Bucket="slides")
    client.put_object(Bucket="slides", Key="photos/a.png", Body=png(100, 80))
    client.put_object(Bucket="slides", Key="photos/b.png", Body=png(50, 40))
    return "s3://slides/photos"


def test_import__from_a_bucket(database, settings, bucket, object_store, run_job, tmp_path):
    source = write_json(tmp_path / "truth.json", COCO)
    request = ProjectImportRequest("slides", "coco", source, images=bucket)
    result = run_job(create_project_import(database, request))
    assert (result["images_with_pixels"], result["warnings"]) == (2, 1)
    with database.read() as connection:
        images = read_images(connection, result["project_id"])
    picture = int(images.id[0])
    thumb = thumbnail_bytes(database, settings, result["project_id"], picture)
    assert thumb is not None
    assert thumb.startswith(b"\xff\xd8\xff")
    assert original_bytes(database, settings, result["project_id"], picture) == png(100, 80)
    assert original_bytes(database, settings, result["project_id"] + 1, picture) is None
    assert project_home(database, result["project_id"]).card.cover_images


@pytest.fixture
def settings(tmp_path, object_store) -> Settings:
    return Settings(data_dir=tmp_path / "data", s3_endpoint=object_store.endpoint)
