"""The ASGI application: Streamlit, the routes of pictures and syncs, and the gate before all.

`uvicorn.run("ui.server:app", host=…, port=…)` serves it in one process. Never use
`streamlit run`: its sockets lack TCP_NODELAY, which makes small responses 16 to 50 times slower.
Streamlit's own options lie in `.streamlit/config.toml` beside the script, which `st.App` finds by
the script's absolute path, whatever the working directory.
"""

from __future__ import annotations

import logging
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Final

import streamlit as st
from starlette.middleware import Middleware

from curation.access.tokens import authenticate
from curation.projects.pictures import original_bytes, thumbnail_bytes
from curation.store.jobs import get_job
from curation.store.sources import get_source
from curation.sync.schedules import hint
from curation.sync.source_states import source_states
from curation.sync.syncing import start_sync
from ui.connection import database, settings
from ui.gate import Gate, host_name, inline_script_hashes, is_loopback
from ui.image_routes import PictureSource, image_routes
from ui.sync_routes import SyncService, sync_routes

if TYPE_CHECKING:
    from curation.settings import Settings

SCRIPT: Final = Path(__file__).resolve().with_name("main.py")
STREAMLIT_PAGE: Final = Path(st.__file__).with_name("static") / "index.html"

logger = logging.getLogger(__name__)


def allowed_hosts(current: Settings) -> frozenset[str]:
    """Return the host names that the app answers to besides loopback."""
    name = host_name(current.host)
    return frozenset() if name is None or is_loopback(name) else frozenset({name})


def create_app(current: Settings) -> st.App:
    """Return the application for the given settings."""
    source = PictureSource(
        thumbnail=lambda project, image: thumbnail_bytes(database(), settings(), project, image),
        original=lambda project, image: original_bytes(database(), settings(), project, image),
    )
    gate = Middleware(
        Gate,
        allowed_hosts=allowed_hosts(current),
        script_hashes=inline_script_hashes(STREAMLIT_PAGE),
    )
    return st.App(
        SCRIPT,
        routes=[*image_routes(source), *sync_routes(sync_service())],
        middleware=[gate],
        on_script_error=show_unexpected,
    )


def sync_service() -> SyncService:
    """Return what the routes of syncs call, on the one store of this process."""
    return SyncService(
        authenticate=lambda token: authenticate(database(), token),
        source=lambda source_id: get_source(database(), source_id),
        states=lambda project_id: source_states(database(), project_id),
        job=lambda job_id: get_job(database(), job_id),
        start=lambda source_id, author, reconcile: start_sync(
            database(), settings(), source_id, author=author, reconcile=reconcile
        ),
        hint=lambda source_id: hint(database(), source_id),
    )


def show_unexpected(error: Exception) -> bool:
    """Log an error that no screen expected under an id, and show the id instead of a traceback."""
    reference = secrets.token_hex(4)
    logger.error("Unexpected error %s in a screen", reference, exc_info=error)
    st.error(
        f"**Something went wrong.** Reload the page; if it happens again, look for `{reference}` "
        "in the server's log.",
        icon=":material/error:",
    )
    return True


app = create_app(settings())
