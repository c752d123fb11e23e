"""The one connection of the front end to the store, shared by screens and routes."""

from __future__ import annotations

from functools import cache

from curation.settings import Settings, load_settings
from curation.store.database import Database


@cache
def settings() -> Settings:
    """Return the settings of this process."""
    return load_settings()


@cache
def database() -> Database:
    """Return the store that the settings name."""
    return Database.from_settings(settings())


def forget() -> None:
    """Close the store and read the settings anew on the next use."""
    if database.cache_info().currsize:
        database().close()
    database.cache_clear()
    settings.cache_clear()
