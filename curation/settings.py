"""Settings from `CURATION_*` variables and one TOML file; defaults are private and local.

msgspec checks them rather than pydantic-settings: the latter takes 0.3 s to import, as long as
everything else that a command loads.
"""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from curation.errors import InvalidSetting

_PREFIX: Final = "CURATION_"
_FILE: Final = "CURATION_SETTINGS_FILE"
_JSON_EXAMPLES: Final = {
    "import_roots": '["/data/photos"]',
    "tool_origins": '["https://labels.example.com"]',
}


def default_data_dir() -> Path:
    """Return the data directory used when none is named: `$XDG_DATA_HOME/curation`."""
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "curation"


class Secret:
    """A value that is shown only to who asks for it by name."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "Secret('***')"

    def reveal(self) -> str:
        """Return the value: for the one place that needs it, never for a message."""
        return self._value


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Where data lives and how the app is served."""

    data_dir: Annotated[Path, Meta(description="Folder of the database, spool and caches.")] = (
        msgspec.field(default_factory=default_data_dir)
    )
    database_url: Annotated[
        Secret | None,
        Meta(description="SQLAlchemy URL of a PostgreSQL store; SQLite in data_dir when unset."),
    ] = None
    host: Annotated[str, Meta(description="Address the app listens on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port the app listens on.")] = 8501
    s3_endpoint: Annotated[
        str | None, Meta(description="Endpoint of an S3-compatible store; AWS when unset.")
    ] = None
    row_floor: Annotated[
        float,
        Meta(ge=0, le=1, description="Lowest score of predictions that also become SQL rows."),
    ] = 0.05
    import_roots: Annotated[
        tuple[Path, ...],
        Meta(description="Folders that the browser may import from; none: only uploads."),
    ] = ()
    tool_origins: Annotated[
        tuple[str, ...],
        Meta(description="Annotation tools that may be contacted, as https://host[:port]."),
    ] = ()
    secret_key: Annotated[
        Secret | None,
        Meta(description="Key that encrypts stored tokens; needed only to keep them in the store."),
    ] = None

    def store_url(self) -> str:
        """Return the SQLAlchemy URL of the store (it may hold a password: never log it)."""
        if self.database_url is not None:
            return self.database_url.reveal()
        return f"sqlite:///{self.data_dir / 'curation.sqlite'}"

    def jobs_url(self) -> str:
        """Return the SQLAlchemy URL of the job engine's own tables."""
        if self.database_url is not None:
            return self.database_url.reveal()
        return f"sqlite:///{self.data_dir / 'jobs.sqlite'}"


def read_settings() -> Settings:
    """Read the environment, then the TOML file that it names, then the defaults.

    Raises:
        InvalidSetting: If a variable or the file holds a value outside its range.
    """
    given = {**_from_file(), **_from_environment()}
    try:
        return msgspec.convert(given, Settings, strict=False, dec_hook=_special)
    except msgspec.ValidationError as error:
        # "Expected `int` <= 65535 - at `$.port`"; of a secret the message names only the type.
        reason, _, place = str(error).partition(" - at `$.")
        name = place.rstrip("`").split("[")[0]
        raise InvalidSetting(
            _PREFIX + name.upper(), "not valid", allowed=reason.replace("`", "").lower()
        ) from None


def load_settings(data_dir: Path | None = None) -> Settings:
    """Read the settings and create the data directory, readable by its owner only.

    Args:
        data_dir: Data directory that overrides the environment.

    Raises:
        InvalidSetting: If a variable or the file holds a value outside its range.
    """
    settings = read_settings()
    chosen = (data_dir or settings.data_dir).expanduser().resolve()
    try:
        chosen.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or "it cannot be made"
        raise InvalidSetting(
            "CURATION_DATA_DIR", str(chosen), allowed=f"a folder of yours ({reason})"
        ) from None
    return msgspec.structs.replace(settings, data_dir=chosen)


def _special(kind: type, value: Any) -> Any:
    """Make the types that msgspec does not know from text."""
    if kind in {Path, Secret} and isinstance(value, str):
        return kind(value)
    raise TypeError("Expected `str`")


def _from_environment() -> dict[str, Any]:
    fields = msgspec.structs.fields(Settings)
    found = {field.name: os.environ.get(_PREFIX + field.name.upper()) for field in fields}
    values: dict[str, Any] = {name: value for name, value in found.items() if value is not None}
    for name in {"import_roots", "tool_origins"} & values.keys():
        values[name] = _json(name, values[name])
    return values


def _json(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        variable = _PREFIX + name.upper()
        raise InvalidSetting(
            variable, text, allowed=f"JSON such as {_JSON_EXAMPLES[name]}"
        ) from None


def _from_file() -> dict[str, Any]:
    named = os.environ.get(_FILE)
    if not named:
        return {}
    file = Path(named)
    if not file.is_file():
        raise InvalidSetting(_FILE, named, allowed="a file that exists")
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidSetting(_FILE, named, allowed=f"a TOML file ({error})") from None
    except OSError as error:
        reason = error.strerror or "it cannot be opened"
        raise InvalidSetting(_FILE, named, allowed=f"a readable file ({reason})") from None
