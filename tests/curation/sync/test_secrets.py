"""Tokens of tools are fetched from their places, and stand in no message, repr or traceback."""

from __future__ import annotations

import base64
import copy
import dataclasses
import logging
import os
import traceback
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import InvalidSetting
from curation.settings import Secret, Settings, read_settings
from curation.sync.connection import Connection
from curation.sync.secrets import check_place, new_key, open_secret, seal
from tests.curation.sync.canaries import new_canary, traces_in_text

HERE = Path(__file__).parent
OLD, NEW = new_key(), new_key()


def with_keys(*keys: str) -> Settings:
    return Settings(data_dir=HERE, secret_key=Secret(",".join(keys)) if keys else None)


def opened(settings: Settings, kind: str, value: str) -> str:
    secret = open_secret(settings, kind, value)
    assert secret is not None
    return secret.reveal()


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text("the-token\n")
    file.chmod(0o600)
    return file


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1))
def test_seal__what_was_sealed_opens_again(token: str) -> None:
    sealed = seal(with_keys(OLD), token)
    assert token not in sealed or len(token) < 8
    check_place("stored", sealed)
    assert opened(with_keys(OLD), "stored", sealed) == token


def test_seal__twice_is_not_the_same_text() -> None:
    assert seal(with_keys(OLD), "a") != seal(with_keys(OLD), "a")


def test_seal__rotation_the_first_key_encrypts_and_all_decrypt() -> None:
    before = seal(with_keys(OLD), "token")
    after = seal(with_keys(NEW, OLD), "token")
    assert opened(with_keys(NEW, OLD), "stored", before) == "token"
    assert opened(with_keys(NEW), "stored", after) == "token"
    with pytest.raises(InvalidSetting, match="not the key that the token was stored with"):
        open_secret(with_keys(NEW), "stored", before)


def test_seal__without_a_key_says_how_to_get_one() -> None:
    with pytest.raises(InvalidSetting) as refused:
        seal(with_keys(), "canary")
    assert str(refused.value) == (
        "CURATION_SECRET_KEY is 'not set'. Use a key from 'curation source new-key', "
        "or keep the token in a variable or file."
    )


def key_of(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode()


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ("", "empty"),
        (" ", "empty"),
        (f"{OLD},", "empty"),
        (f",{OLD}", "empty"),
        ("changeme", "of the wrong length"),
        ("not base64!", "not a key"),
        (OLD[:-1], "not a key"),
        (key_of(bytes(range(31))), "of the wrong length"),
        (key_of(bytes(range(33))), "of the wrong length"),
        (key_of(bytes(32)), "easy to guess"),
        (key_of(bytes(range(8)) * 4), "easy to guess"),
        (key_of(b"a passphrase of 32 letters, ok??"), "easy to guess"),
        ("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=", "publicly known"),
        (f"{OLD},{key_of(bytes(32))}", "easy to guess"),
    ],
)
def test_key__weak_ones_are_refused_and_not_shown(keys: str, says: str) -> None:
    settings = Settings(data_dir=HERE, secret_key=Secret(keys))
    sealed = seal(with_keys(OLD), "token")
    for attempt in (lambda: seal(settings, "token"), lambda: opened(settings, "stored", sealed)):
        with pytest.raises(InvalidSetting, match=says) as refused:
            attempt()
        for key in filter(None, keys.split(",")):
            assert key.strip() == "" or key not in str(refused.value)


def test_new_key__every_one_is_another_and_good() -> None:
    keys = {new_key() for _ in range(1000)}
    assert len(keys) == 1000
    for key in keys:
        assert len(base64.urlsafe_b64decode(key)) == 32
        seal(with_keys(key), "token")


def test_env__is_read_when_it_is_needed(monkeypatch) -> None:
    monkeypatch.delenv("LABELS_TOKEN", raising=False)
    check_place("env", "LABELS_TOKEN")
    with pytest.raises(InvalidSetting, match="LABELS_TOKEN is 'not set'"):
        open_secret(with_keys(), "env", "LABELS_TOKEN")
    monkeypatch.setenv("LABELS_TOKEN", " abc\n")
    assert opened(with_keys(), "env", "LABELS_TOKEN") == "abc"


@pytest.mark.parametrize("value", ["", "labels_token", "0" * 40, "1A", "A B", "A=B", "A" * 101])
def test_env__what_is_no_name_may_be_the_token_and_is_not_shown(value: str) -> None:
    with pytest.raises(InvalidSetting, match="not a name of one") as refused:
        check_place("env", value)
    assert not value or value not in str(refused.value)


@pytest.mark.parametrize(
    "value",
    ["CURATION_SECRET_KEY", "CURATION_DATABASE_URL", "CURATION_TOKEN", "CURATION_SETTINGS_FILE"],
)
def test_env__no_secret_of_ours_is_sent_to_a_tool(value: str, monkeypatch) -> None:
    monkeypatch.setenv(value, "canary")
    for use in (check_place, lambda kind, name: open_secret(with_keys(), kind, name)):
        with pytest.raises(InvalidSetting, match="no secret of Curation itself"):
            use("env", value)


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_env__that_is_empty_is_told(text: str, monkeypatch) -> None:
    monkeypatch.setenv("LABELS_TOKEN", text)
    with pytest.raises(InvalidSetting, match="LABELS_TOKEN is 'empty'"):
        open_secret(with_keys(), "env", "LABELS_TOKEN")


def test_file__its_text_without_the_last_line_break(token_file: Path) -> None:
    check_place("file", str(token_file))
    assert opened(with_keys(), "file", str(token_file)) == "the-token"


def test_file__a_key_of_several_lines_is_kept_whole(token_file: Path) -> None:
    key = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----"
    token_file.write_text(f"{key}\n")
    assert opened(with_keys(), "file", str(token_file)) == key


@pytest.mark.parametrize(
    ("mode", "is_open"),
    [(0o400, False), (0o600, False), (0o440, False), (0o604, True), (0o644, True), (0o602, True)],
)
def test_file__that_every_user_can_read_is_refused(
    token_file: Path, mode: int, is_open: bool
) -> None:
    token_file.chmod(mode)
    if not is_open:
        check_place("file", str(token_file))
        return
    for use in (check_place, lambda kind, value: open_secret(with_keys(), kind, value)):
        with pytest.raises(InvalidSetting, match="chmod o="):
            use("file", str(token_file))


def test_file__a_link_counts_as_what_it_leads_to(token_file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(token_file)
    assert opened(with_keys(), "file", str(link)) == "the-token"
    token_file.chmod(0o644)
    with pytest.raises(InvalidSetting, match="open to every user"):
        open_secret(with_keys(), "file", str(link))


def test_file__what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    for place in (pipe, tmp_path):
        with pytest.raises(InvalidSetting, match="not a regular file"):
            check_place("file", str(place))
    with pytest.raises(InvalidSetting, match="no such file"):
        check_place("file", str(tmp_path / "none"))


def test_file__no_descriptor_stays_open(token_file: Path, tmp_path: Path) -> None:
    descriptors = Path("/proc/self/fd")
    if not descriptors.is_dir():
        descriptors = Path("/dev/fd")
    before = len(list(descriptors.iterdir()))
    for place in (token_file, tmp_path):
        for _ in range(5):
            try:
                open_secret(with_keys(), "file", str(place))
            except InvalidSetting:
                continue
    assert len(list(descriptors.iterdir())) == before


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", b"a\x00b", b"x" * 70_000])
def test_file__without_a_token_in_it_is_refused(token_file: Path, content: bytes) -> None:
    token_file.write_bytes(content)
    with pytest.raises(InvalidSetting) as refused:
        open_secret(with_keys(), "file", str(token_file))
    assert str(token_file) in str(refused.value)


@pytest.mark.parametrize("value", ["", "token", "~/token", "../token", "a" * 40, "/a\x00b"])
def test_file__a_relative_path_may_be_the_token_and_is_not_shown(value: str) -> None:
    with pytest.raises(InvalidSetting, match="not an absolute path") as refused:
        check_place("file", value)
    assert not value or value not in str(refused.value).replace("file of the token", "")


@pytest.mark.parametrize("value", ["", "canary", "gAAAA", "gAAAA" + "é" * 100])
def test_stored__text_that_was_never_sealed_is_refused_and_not_shown(value: str) -> None:
    for use in (check_place, lambda kind, text: open_secret(with_keys(OLD), kind, text)):
        with pytest.raises(InvalidSetting, match="not sealed") as refused:
            use("stored", value)
        assert not value or value not in str(refused.value)


def test_stored__a_changed_byte_is_noticed() -> None:
    sealed = seal(with_keys(OLD), "token")
    changed = sealed[:60] + ("A" if sealed[60] != "A" else "B") + sealed[61:]
    with pytest.raises(InvalidSetting, match="not the key"):
        open_secret(with_keys(OLD), "stored", changed)


def test_none__is_no_token() -> None:
    check_place("none", "")
    assert open_secret(with_keys(), "none", "") is None
    with pytest.raises(InvalidSetting, match="something was given") as refused:
        check_place("none", "canary")
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("kind", ["", "vault", "canary"])
def test_place__of_no_known_kind_is_refused(kind: str) -> None:
    with pytest.raises(InvalidSetting, match="env, file, stored, none") as refused:
        open_secret(with_keys(), kind, "x")
    assert not kind or repr(kind) not in str(refused.value)


def connected(canary: str) -> tuple[Settings, Connection]:
    return Settings(data_dir=HERE, secret_key=Secret(canary)), Connection(
        name="labels",
        location="https://labels.example",
        tool_project="1",
        secret=Secret(canary),
        allowed_origins=(),
    )


def test_canary__no_way_of_printing_shows_it(caplog: pytest.LogCaptureFixture) -> None:
    canary = new_canary()
    settings, connection = connected(canary)
    shown = [f"{it!r} {it!s} {it}" for it in (settings, connection, connection.secret)]
    shown += [repr(dataclasses.asdict(connection)), repr(copy.deepcopy(connection))]
    logging.getLogger("tests").warning("%s %r", settings, connection)
    for text in [*shown, caplog.text]:
        assert traces_in_text(canary, text) == []
    with pytest.raises(TypeError):
        msgspec.json.encode(settings)


def frames_below(error: BaseException, name: str) -> str:
    """Return the traceback with the variables of every frame from the function `name` on."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    names = [frame.name for frame in shown.stack]
    shown.stack[:] = shown.stack[names.index(name) :]
    return "".join(shown.format())


def uses(settings: Settings, connection: Connection, sealed: str) -> None:
    secret = connection.secret
    assert secret is not None
    open_secret(settings, "stored", sealed)


def test_canary__a_traceback_with_every_variable_does_not_hold_it() -> None:
    canary = new_canary()
    settings, connection = connected(canary)
    with pytest.raises(InvalidSetting) as refused:
        uses(settings, connection, seal(with_keys(OLD), "token"))
    shown = frames_below(refused.value, "uses")
    assert "_key" in shown
    assert "secret = Secret('***')" in shown
    assert traces_in_text(canary, shown) == []


@pytest.mark.parametrize("kind", ["env", "file"])
def test_canary__an_error_of_a_place_does_not_hold_what_is_in_it(
    kind: str, token_file: Path, monkeypatch
) -> None:
    canary = new_canary()
    monkeypatch.setenv("LABELS_TOKEN", f"{canary}\x07")
    token_file.write_text(f"{canary}\x07")
    place = {"env": "LABELS_TOKEN", "file": str(token_file)}[kind]
    with pytest.raises(InvalidSetting) as refused:
        open_secret(with_keys(), kind, place)
    shown = frames_below(refused.value, "open_secret")
    assert "not a token" in shown
    assert traces_in_text(canary, shown) == []


def test_canary__settings_of_the_environment_do_not_show_the_key(monkeypatch) -> None:
    canary = new_canary()
    monkeypatch.setenv("CURATION_SECRET_KEY", canary)
    settings = read_settings()
    assert settings.secret_key is not None
    assert settings.secret_key.reveal() == canary
    assert traces_in_text(canary, repr(settings)) == []
    with pytest.raises(InvalidSetting) as refused:
        seal(settings, "token")
    assert traces_in_text(canary, "".join(traceback.format_exception(refused.value))) == []
