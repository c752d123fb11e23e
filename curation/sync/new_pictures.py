"""Pictures of images that a tool brings: found by name, measured, hashed, made small."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from curation.media.sources import open_source
from curation.media.thumbnail_cache import ThumbnailCache
from curation.media.verification import verify
from curation.sync.image_plans import NewImage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from curation.settings import Settings
    from curation.store.sources import SourceRow
    from curation.sync.image_plans import Pictures


@dataclass(frozen=True, slots=True)
class _Sought:
    """An image of unknown size."""

    file_name: str
    width: int = 0
    height: int = 0


def look_up(
    settings: Settings,
    source: SourceRow,
    names: Sequence[str],
    *,
    report: Callable[[str], None] | None = None,
) -> Pictures:
    """Find the pictures of new images below the source's `images`, and make their thumbnails.

    Args:
        settings: The settings.
        source: The source; without the option `images` nothing is looked up.
        names: Names as the tasks have them.
        report: Called with what is done.

    Returns:
        What was found, by the name in the task.

    Raises:
        NotFound: If there is no such folder.
        Unavailable: If the storage does not answer.
    """
    root = source.options.get("images")
    if not root or not names:
        return {}
    storage = open_source(root, s3_endpoint=settings.s3_endpoint)
    thumbnails = ThumbnailCache(settings.data_dir)
    found: Pictures = {}
    taken: set[str] = set()  # a file that two names mean is the first one's
    for check in verify([_Sought(name) for name in names], storage):
        if report is not None and check.index % 50 == 0:
            report(f"{check.index} of {len(names)} new pictures")
        if check.header is None or check.sha256 is None or check.name in taken:
            continue
        taken.add(check.name)
        thumbnails.make(storage, check.name, check.sha256)
        found[names[check.index]] = NewImage(
            check.name, check.header.width, check.header.height, check.sha256
        )
    return found
