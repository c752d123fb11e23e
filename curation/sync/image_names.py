"""Which image of the project a task is about: by our own key, else by the name in its address."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, unquote, urlsplit

from curation.media.paths import unsafe_reason

if TYPE_CHECKING:
    from curation.store.images import ImageTable

KEY: Final = re.compile(r"image-(\d{1,18})")
_UPLOAD_PREFIX: Final = re.compile(r"^[0-9a-f]{8}-")


def image_key(image_id: int) -> str:
    """Return the key that goes with an image into a tool."""
    return f"image-{image_id}"


def clean_name(address: str) -> str:
    """Return the path that an address of an image ends in, without scheme, host and query.

    >>> clean_name("/data/local-files/?d=street/a%20b.jpg")
    'street/a b.jpg'
    >>> clean_name("s3://bucket/street/a.jpg"), clean_name("https://cdn.example/x/a.jpg?v=2")
    ('street/a.jpg', 'x/a.jpg')
    >>> clean_name("/data/upload/3/0a1b2c3d-a.jpg"), clean_name("street/a.jpg")
    ('a.jpg', 'street/a.jpg')
    """
    parts = urlsplit(address)
    if parts.path.rstrip("/").endswith("/data/local-files"):
        return parse_qs(parts.query).get("d", [""])[0].lstrip("/")
    if not parts.scheme and not parts.path.startswith("/data/upload/"):
        return address.lstrip("/")  # a file's name may hold '?', '#' and '%'
    path = parts.path if parts.scheme == "s3" else unquote(parts.path)
    if path.startswith("/data/upload/"):
        return _UPLOAD_PREFIX.sub("", path.rsplit("/", 1)[-1])
    return path.lstrip("/")


def endings(name: str) -> list[str]:
    """Return a path and its shorter ends, longest first.

    >>> endings("a/b/c.jpg")
    ['a/b/c.jpg', 'b/c.jpg', 'c.jpg']
    """
    parts = name.split("/")
    return ["/".join(parts[start:]) for start in range(len(parts))]


@dataclass(frozen=True, slots=True)
class UnknownImage:
    """No image of the project is meant; `file_name` is what it would be called."""

    file_name: str


@dataclass(frozen=True, slots=True)
class DoubtfulImage:
    """It cannot be told which image is meant."""

    reason: str


class ImageNames:
    """Finds the images of a project by key and by name.

    Args:
        images: All images of the project, removed ones too.
    """

    def __init__(self, images: ImageTable) -> None:
        self._ids = set(images.id.tolist())
        self._by_end: dict[str, set[int]] = defaultdict(set)
        self._by_name: dict[str, set[int]] = defaultdict(set)
        for image_id, name in zip(images.id.tolist(), images.file_name, strict=True):
            self._by_name[name].add(image_id)
            for end in endings(name)[1:]:
                self._by_end[end].add(image_id)

    def find(self, address: str, key: str | None) -> int | UnknownImage | DoubtfulImage:
        """Return the image that a task is about.

        Our own key decides where there is one. A name is compared from its end, the longest match
        first: tools add folders in front, and imports may have left some out.
        """
        keyed = KEY.fullmatch(key or "")
        if keyed is not None and int(keyed[1]) in self._ids:
            return int(keyed[1])
        name = clean_name(address)
        for found in self._alike(name):
            if len(found) == 1:
                return next(iter(found))
            return DoubtfulImage(f"{len(found)} images of the project are called like {name!r}")
        reason = unsafe_reason(name)
        if reason is not None:
            return DoubtfulImage(f"the image's name {name[:100]!r} {reason}")
        return UnknownImage(name)

    def _alike(self, name: str) -> list[set[int]]:
        """Return the sets of images that a name may mean, best first."""
        found = [self._by_name.get(end) for end in endings(name)]
        found.append(self._by_end.get(name))
        return [images for images in found if images]
