"""Settings from `CURATION_*` variables and one TOML file; defaults are private and local."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from curation.errors import InvalidSetting


def default_data_dir() -> Path:
    """Return the data directory used when none is named: `$XDG_DATA_HOME/curation`."""
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "curation"


class Settings(BaseSettings):
    """Where data lives and how the app is served."""

    model_config = SettingsConfigDict(env_prefix="CURATION_", extra="ignore", frozen=True)

    data_dir: Annotated[Path, Field(description="Folder of the database, spool and caches.")] = (
        Field(default_factory=default_data_dir)
    )
    database_url: Annotated[
        SecretStr | None,
        Field(description="SQLAlchemy URL of a PostgreSQL store; SQLite in data_dir when unset."),
    ] = None
    host: Annotated[str, Field(description="Address the app listens on.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="Port the app listens on.")] = 8501
    s3_endpoint: Annotated[
        str | None, Field(description="Endpoint of an S3-compatible store; AWS when unset.")
    ] = None
    row_floor: Annotated[
        float,
        Field(ge=0, le=1, description="Lowest score of predictions that also become SQL rows."),
    ] = 0.05
    import_roots: Annotated[
        tuple[Path, ...],
        Field(description="Folders that the browser may import from; none: only uploads."),
    ] = ()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read explicit values first, then the environment, then the TOML file."""
        del dotenv_settings, file_secret_settings
        file = os.environ.get("CURATION_SETTINGS_FILE")
        if not file:
            return (init_settings, env_settings)
        return (init_settings, env_settings, _toml(settings_cls, Path(file)))

    def store_url(self) -> str:
        """Return the SQLAlchemy URL of the store (it may hold a password: never log it)."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir / 'curation.sqlite'}"

    def jobs_url(self) -> str:
        """Return the SQLAlchemy URL of the job engine's own tables."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir / 'jobs.sqlite'}"


def _toml(settings_cls: type[BaseSettings], file: Path) -> TomlConfigSettingsSource:
    name = "CURATION_SETTINGS_FILE"
    if not file.is_file():
        raise InvalidSetting(name, str(file), allowed="a file that exists")
    try:
        return TomlConfigSettingsSource(settings_cls, file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidSetting(name, str(file), allowed=f"a TOML file ({error})") from None
    except OSError as error:
        reason = error.strerror or "it cannot be opened"
        raise InvalidSetting(name, str(file), allowed=f"a readable file ({reason})") from None


def load_settings(data_dir: Path | None = None) -> Settings:
    """Read the settings and create the data directory, readable by its owner only.

    Args:
        data_dir: Data directory that overrides the environment.

    Raises:
        InvalidSetting: If a variable or the file holds a value outside its range.
    """
    try:
        settings = Settings(data_dir=data_dir) if data_dir is not None else Settings()
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = "CURATION_" + "_".join(str(part) for part in first["loc"]).upper()
        raise InvalidSetting(name, "not valid", allowed=first["msg"].lower()) from None
    except SettingsError as error:  # a list that is no JSON, named in the message
        raise InvalidSetting("A setting", "not valid", allowed=f"JSON: {error}") from None
    settings = settings.model_copy(update={"data_dir": settings.data_dir.expanduser().resolve()})
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or "it cannot be made"
        raise InvalidSetting(
            "CURATION_DATA_DIR", str(settings.data_dir), allowed=f"a folder of yours ({reason})"
        ) from None
    return settings
