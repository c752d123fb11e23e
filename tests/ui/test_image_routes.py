from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette

from ui.image_routes import PictureSource, image_routes

if TYPE_CHECKING:
    from starlette.types import Message

JPEG = b"\xff\xd8\xff\xe0 pixels"
PNG = b"\x89PNG\r\n\x1a\n pixels"


def get(path: str, query: str = "") -> tuple[int, dict[str, str], bytes]:
    """Ask an app whose project 1 holds images 1 (JPEG and PNG), 2 (a script) and no other."""
    thumbnails = {(1, 1): JPEG, (1, 2): b"<script>alert(1)</script>"}
    originals = {(1, 1): PNG}
    source = PictureSource(
        lambda project, image: thumbnails.get((project, image)),
        lambda project, image: originals.get((project, image)),
    )
    app = Starlette(routes=image_routes(source))
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": path,
        "root_path": "",
        "query_string": query.encode(),
        "headers": [],
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], headers, body


def test_thumb__is_sent_with_its_type_and_may_be_kept_forever() -> None:
    status, headers, body = get("/api/projects/1/images/1/thumb", "v=abc")
    assert (status, body) == (200, JPEG)
    assert headers["content-type"] == "image/jpeg"
    assert headers["cache-control"] == "private, max-age=31536000, immutable"
    assert headers["x-content-type-options"] == "nosniff"


def test_original__is_another_picture() -> None:
    status, headers, body = get("/api/projects/1/images/1/original", "v=abc")
    assert (status, headers["content-type"], body) == (200, "image/png", PNG)


def test_thumb__without_a_version_is_kept_briefly() -> None:
    assert get("/api/projects/1/images/1/thumb")[1]["cache-control"] == "private, max-age=60"


def test_thumb__what_is_no_picture_is_never_sent() -> None:
    status, headers, body = get("/api/projects/1/images/2/thumb")
    assert status == 415
    assert b"script" not in body
    assert headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "path",
    [
        "/api/projects/2/images/1/thumb",
        "/api/projects/1/images/9/original",
        "/api/projects/x/images/1/thumb",
        "/api/projects/1/images/../1/thumb",
        "/api/projects/1/images/-1/thumb",
    ],
)
def test_routes__what_is_not_there_is_not_found(path: str) -> None:
    assert get(path)[0] == 404
