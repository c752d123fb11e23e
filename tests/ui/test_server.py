from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from curation.settings import Settings
from ui.gate import inline_script_hashes
from ui.server import STREAMLIT_PAGE, allowed_hosts

if TYPE_CHECKING:
    from pathlib import Path

OPTIONS = """
import json, sys
import ui.server
from streamlit import config
names = sys.argv[1:]
print(json.dumps({name: config.get_option(name) for name in names}))
"""
EXPECTED = {
    "browser.gatherUsageStats": False,
    "client.allowedOrigins": [],
    "client.showErrorDetails": "none",
    "client.toolbarMode": "minimal",
    "server.enableAgentApi": False,
    "server.enableStaticServing": False,
    "server.enableXsrfProtection": True,
    "server.fileWatcherType": "none",
    "server.maxUploadSize": 200,
    "theme.baseFontSize": 14,
}


def test_server__options_apply_whatever_the_working_directory(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", OPTIONS, *EXPECTED]
    environment = {**os.environ, "CURATION_DATA_DIR": str(tmp_path)}
    printed = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(printed.stdout) == EXPECTED


@pytest.mark.parametrize(
    ("host", "names"),
    [("127.0.0.1", set()), ("localhost", set()), ("curation.example", {"curation.example"})],
)
def test_allowed_hosts__loopback_needs_no_name(tmp_path: Path, host: str, names: set[str]) -> None:
    assert allowed_hosts(Settings(data_dir=tmp_path, host=host)) == names


def test_streamlit_page__has_inline_scripts_to_allow() -> None:
    assert inline_script_hashes(STREAMLIT_PAGE)
