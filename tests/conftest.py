"""Fixtures that every test may use, and the rules of what may be skipped."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import hypothesis
import pytest

# A deadline per example would measure how busy the machine is.
hypothesis.settings.register_profile("project", deadline=None)
hypothesis.settings.load_profile("project")

pytest_plugins = [
    "tests.servers.postgres",
    "tests.servers.databases",
    "tests.servers.s3",
    "tests.servers.application",
    "tests.servers.browser",
    "tests.servers.web",
    "tests.servers.label_studio",
    "tests.servers.fault_proxy",
    "tests.servers.raw_answers",
]

SHARED_DATA = Path(
    os.environ.get("CURATION_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data")
)
# A test that asks for the fixture bears the marker, so that lanes select by marker alone.
MARKER_OF_FIXTURE: Final = {
    "postgres_server": "postgresql",
    "browser": "journey",
    "application": "journey",
    "moto_server": "s3",
    "locked_object_store": "s3",
    "label_studio_server": "label_studio",
    "shared_data": "shared_data",
}
MAY_BE_SKIPPED = "shared_data"
FORBIDDEN_SKIPS = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real ground truth and detector outputs, where the machine has it."""
    if not SHARED_DATA.is_dir():
        pytest.skip("no shared data on this machine")
    return SHARED_DATA


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by the servers they ask for, before `-m` chooses among them."""
    for item in items:
        for fixture in getattr(item, "fixturenames", ()):
            if fixture in MARKER_OF_FIXTURE:
                item.add_marker(MARKER_OF_FIXTURE[fixture])


def pytest_configure(config: pytest.Config) -> None:
    """Start the list of skips that a CI run does not accept."""
    config.stash[FORBIDDEN_SKIPS] = []
    config.pluginmanager.register(SkipPolicy(config), "skip-policy")


class SkipPolicy:
    """With `CI=true` a skipped test fails the run, but for tests of data that CI may lack."""

    def __init__(self, config: pytest.Config) -> None:
        self._forbidden = config.stash[FORBIDDEN_SKIPS]
        self._strict = os.environ.get("CI", "").lower() == "true"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect skipped tests (an expected failure is reported as a skip, but is none)."""
        expected_failure = hasattr(report, "wasxfail")
        if report.skipped and not expected_failure and MAY_BE_SKIPPED not in report.keywords:
            self._forbidden.append(f"{report.nodeid}: {_reason(report.longrepr)}")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Collect modules that skipped themselves."""
        if report.skipped:
            self._forbidden.append(f"{report.nodeid}: {_reason(report.longrepr)}")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail the run."""
        if self._strict and self._forbidden:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say which."""
        if self._strict and self._forbidden:
            terminalreporter.section("skipped, which CI=true forbids", red=True)
            for line in self._forbidden:
                terminalreporter.line(line)


def _reason(longrepr: object) -> str:
    return str(longrepr[2]) if isinstance(longrepr, tuple) else str(longrepr)
