"""Pictures over HTTP: thumbnails and originals, with addresses that never change their content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    Loader: TypeAlias = Callable[[int, int], bytes | None]

# A picture's type is read from its first bytes, never from its name: a file that is none of
# these is not sent, so nothing that a browser could run is ever served from our origin.
SIGNATURES: Final = (
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"WEBP", 8, "image/webp"),
    (b"BM", 0, "image/bmp"),
    (b"GIF8", 0, "image/gif"),
)
FOREVER: Final = "private, max-age=31536000, immutable"
BRIEFLY: Final = "private, max-age=60"


@dataclass(frozen=True, slots=True)
class PictureSource:
    """Where the routes get pictures from: `(project_id, image_id) -> bytes`, None if absent."""

    thumbnail: Loader
    original: Loader


def media_type(picture: bytes) -> str | None:
    """Return the media type that the first bytes of a picture tell, None if unknown.

    >>> media_type(b"BM..."), media_type(b"<svg>")
    ('image/bmp', None)
    """
    for signature, offset, name in SIGNATURES:
        if picture[offset : offset + len(signature)] == signature:
            return name
    return None


def picture_response(picture: bytes | None, *, versioned: bool) -> Response:
    """Return the response that carries a picture.

    Args:
        picture: The encoded picture, None if there is none.
        versioned: True when the address names the content (`?v=`), so it may be kept forever.
    """
    if picture is None:
        return PlainTextResponse("There are no pixels of this image.", 404)
    kind = media_type(picture)
    if kind is None:
        return PlainTextResponse("This image is in a format that browsers do not show.", 415)
    headers = {
        "Cache-Control": FOREVER if versioned else BRIEFLY,
        "Content-Disposition": "inline",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(picture, media_type=kind, headers=headers)


def image_routes(source: PictureSource) -> list[Route]:
    """Return the routes of thumbnails and originals."""

    def serve(load: Loader) -> Callable[[Request], object]:
        async def respond(request: Request) -> Response:
            project_id, image_id = request.path_params["project"], request.path_params["image"]
            picture = await run_in_threadpool(load, project_id, image_id)
            return picture_response(picture, versioned="v" in request.query_params)

        return respond

    base = "/api/projects/{project:int}/images/{image:int}"
    return [
        Route(f"{base}/thumb", serve(source.thumbnail), methods=["GET"]),
        Route(f"{base}/original", serve(source.original), methods=["GET"]),
    ]
