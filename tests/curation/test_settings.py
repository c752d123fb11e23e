"""Settings: environment before file before defaults; private by default; no secret is shown."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from curation.errors import InvalidSetting
from curation.settings import load_settings, read_settings


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATA_DIR", "DATABASE_URL", "HOST", "PORT", "SETTINGS_FILE"):
        monkeypatch.delenv(f"CURATION_{name}", raising=False)


def test_defaults__are_local(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    settings = read_settings()
    assert (settings.host, settings.import_roots) == ("127.0.0.1", ())
    assert settings.data_dir == tmp_path / "curation"
    assert settings.store_url() == f"sqlite:///{tmp_path / 'curation' / 'curation.sqlite'}"


def test_environment__wins_over_the_file(monkeypatch, tmp_path) -> None:
    file = tmp_path / "curation.toml"
    file.write_text("port = 9000\nrow_floor = 0.2\n")
    monkeypatch.setenv("CURATION_SETTINGS_FILE", str(file))
    monkeypatch.setenv("CURATION_PORT", "9001")
    settings = read_settings()
    assert (settings.port, settings.row_floor) == (9001, 0.2)


def test_values__out_of_range_are_refused(monkeypatch) -> None:
    monkeypatch.setenv("CURATION_ROW_FLOOR", "7")
    with pytest.raises(InvalidSetting, match="CURATION_ROW_FLOOR"):
        load_settings()


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "a file that exists"), ("port = ", "a TOML file"), ("port = 'x'", "CURATION_PORT")],
)
def test_file__that_cannot_be_used_is_named(monkeypatch, tmp_path, content, says) -> None:
    file = tmp_path / "curation.toml"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("CURATION_SETTINGS_FILE", str(file))
    with pytest.raises(InvalidSetting, match=says):
        load_settings(tmp_path / "data")


def test_values__that_are_no_json_are_refused(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("CURATION_IMPORT_ROOTS", "/a,/b")
    with pytest.raises(InvalidSetting, match="CURATION_IMPORT_ROOTS"):
        load_settings(tmp_path)


def test_import_roots__are_a_json_list_of_folders(monkeypatch) -> None:
    monkeypatch.setenv("CURATION_IMPORT_ROOTS", '["/a", "/b"]')
    assert read_settings().import_roots == (Path("/a"), Path("/b"))


def test_values__of_another_type_are_refused_without_showing_them(monkeypatch, tmp_path) -> None:
    file = tmp_path / "curation.toml"
    file.write_text('database_url = ["canary"]\n')
    monkeypatch.setenv("CURATION_SETTINGS_FILE", str(file))
    with pytest.raises(InvalidSetting, match="CURATION_DATABASE_URL") as refused:
        load_settings(tmp_path)
    assert "canary" not in str(refused.value)


def test_load__a_data_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InvalidSetting, match="CURATION_DATA_DIR"):
        load_settings(tmp_path / "file" / "data")


def test_load__creates_a_private_data_directory(tmp_path: Path) -> None:
    settings = load_settings(tmp_path / "new" / "data")
    assert stat.S_IMODE(settings.data_dir.stat().st_mode) == 0o700


def test_repr__hides_the_password(monkeypatch) -> None:
    monkeypatch.setenv("CURATION_DATABASE_URL", "postgresql://me:canary@127.0.0.1/x")
    settings = read_settings()
    assert "canary" not in repr(settings)
    assert "canary" in settings.store_url()
