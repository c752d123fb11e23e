"""Pixels of images: thumbnails and originals, as the app serves them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from curation.errors import NotFound, UnreadableFile
from curation.media.sources import ImageSource, open_source
from curation.media.thumbnail_cache import ThumbnailCache
from curation.store.images import PictureAddress, picture_address

if TYPE_CHECKING:
    from curation.settings import Settings
    from curation.store.database import Database


def thumbnail_bytes(
    database: Database, settings: Settings, project_id: int, image_id: int
) -> bytes | None:
    """Return an image's thumbnail as JPEG, None when it has no pixels any more.

    Args:
        database: The store.
        settings: The settings.
        project_id: A project that the caller may read.
        image_id: An image of it.

    Raises:
        Unavailable: If the storage does not answer.
    """
    address = _address(database, project_id, image_id)
    if address is None:
        return None
    cache = ThumbnailCache(settings.data_dir)
    found = cache.find(address.sha256)
    if found is not None:
        return found
    try:
        return cache.make(_source(settings, address), address.file_name, address.sha256)
    except (NotFound, UnreadableFile):
        return None


def original_bytes(
    database: Database, settings: Settings, project_id: int, image_id: int
) -> bytes | None:
    """Return an image's file as it is, None when it has no pixels any more.

    Args:
        database: The store.
        settings: The settings.
        project_id: A project that the caller may read.
        image_id: An image of it.

    Raises:
        Unavailable: If the storage does not answer.
    """
    address = _address(database, project_id, image_id)
    if address is None:
        return None
    try:
        return _source(settings, address).read(address.file_name)
    except (NotFound, UnreadableFile):
        return None


def _address(database: Database, project_id: int, image_id: int) -> PictureAddress | None:
    with database.read() as connection:
        return picture_address(connection, project_id, image_id)


def _source(settings: Settings, address: PictureAddress) -> ImageSource:
    return open_source(address.root, s3_endpoint=settings.s3_endpoint)
