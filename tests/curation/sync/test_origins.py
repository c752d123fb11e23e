"""Addresses are compared as scheme, host and port, and by nothing that looks like them."""

from __future__ import annotations

import pytest

from curation.errors import InvalidSetting, OriginNotAllowed
from curation.sync.origins import check_origin, origin_of


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://Labels.Example.com", "https://labels.example.com"),
        ("https://labels.example.com:443/studio/", "https://labels.example.com"),
        ("http://labels.example.com:80", "http://labels.example.com"),
        ("http://labels.example.com:8080", "http://labels.example.com:8080"),
        ("https://labels.example.com./", "https://labels.example.com"),
        (" http://[::1]:8080/ ", "http://[::1]:8080"),
    ],
)
def test_origin_of__has_one_spelling(address: str, origin: str) -> None:
    assert origin_of(address) == origin


@pytest.mark.parametrize(
    "address",
    [
        "",
        "labels.example.com",
        "ftp://labels.example.com",
        "file:///etc/passwd",
        "https://",
        "https://ann:secret@labels.example.com",
        "https://labels.example.com:port",
        "https://labels.example.com:99999",
    ],
)
def test_origin_of__refuses_other_addresses_and_repeats_no_password(address: str) -> None:
    with pytest.raises(InvalidSetting) as caught:
        origin_of(address)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "http://labels.example.com",
        "https://labels.example.com:8443",
        "https://labels.example.com.evil.example",
        "https://evil.example/https://labels.example.com",
        "https://evil.example\\@labels.example.com",
        "https://evil.example#labels.example.com",
    ],
)
def test_check_origin__refuses_what_only_looks_alike(address: str) -> None:
    with pytest.raises((OriginNotAllowed, InvalidSetting)):
        check_origin(address, ["https://labels.example.com"])


def test_check_origin__accepts_another_spelling_and_any_path() -> None:
    check_origin("https://LABELS.example.com:443/studio", ["https://labels.example.com/"])


def test_check_origin__refuses_everything_when_nothing_is_allowed() -> None:
    with pytest.raises(OriginNotAllowed, match="CURATION_TOOL_ORIGINS"):
        check_origin("https://labels.example.com", [])
