"""A real Chromium, and pages that fail on script errors and on requests to foreign hosts."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.servers.application import Application
from tests.servers.programs import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

RESULTS = Path(__file__).parents[2] / "test-results"
VIEWPORT = {"width": 1440, "height": 900}
SETTLE_MILLISECONDS = 30_000
CHROMIUM_ARGUMENTS = (
    "--disable-dev-shm-usage",  # containers have a small /dev/shm
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
NETWORK_SCHEMES = {"http", "https", "ws", "wss"}
# Streamlit has run the script, drawn the page and left no place holders.
IDLE = """() => {
  const app = document.querySelector('[data-testid=stApp]');
  const main = document.querySelector('[data-testid=stMainBlockContainer]');
  return app?.getAttribute('data-test-script-state') === 'notRunning'
    && main?.childElementCount > 0
    && !document.querySelector('[data-testid=stSkeleton]');
}"""
OUTCOME = pytest.StashKey[dict[str, pytest.TestReport]]()


@dataclass(slots=True)
class Watched:
    """A browser context with what went wrong in it."""

    context: BrowserContext
    page: Page
    problems: list[str] = field(default_factory=list)


OpenPage = Callable[..., "Page"]


def settle(page: Page) -> None:
    """Wait until Streamlit has finished running and drawing; then wait for content, never sleep."""
    page.wait_for_function(IDLE, timeout=SETTLE_MILLISECONDS)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep the reports on the item, so that the fixture knows whether its test failed."""
    report = yield
    item.stash.setdefault(OUTCOME, {})[report.when or ""] = report
    return report


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One headless Chromium a session; the test is skipped where there is none."""
    program = chromium()
    if program is None:
        pytest.skip("browser: no Chromium on this machine (make servers)")
    api = pytest.importorskip("playwright.sync_api", reason="browser: playwright is not installed")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=program, args=list(CHROMIUM_ARGUMENTS), chromium_sandbox=False
        )
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    """A function that opens a page in a context (cookies, storage) of its own.

    `open_page(url, color_scheme="dark", viewport={...})` returns a Playwright page on `url`.
    The test fails when one of its pages raised a script error or asked a foreign host.
    """
    opened: list[Watched] = []

    def open_one(url: str, **options: Any) -> Page:
        context = browser.new_context(
            **{"base_url": url, "viewport": VIEWPORT, "reduced_motion": "reduce"} | options
        )
        watched = watch(context, origin=url)
        opened.append(watched)
        watched.page.goto(url)
        return watched.page

    yield open_one
    problems = [problem for watched in opened for problem in watched.problems]
    if problems or _failed(request.node):
        _save_screenshots(request.node.nodeid, opened)
    for watched in opened:
        watched.context.close()
    assert not problems, problems


@pytest.fixture
def page(open_page: OpenPage, application: Application) -> Page:
    """The first page of the served application, settled."""
    opened = open_page(application.url)
    settle(opened)
    return opened


def watch(context: BrowserContext, *, origin: str) -> Watched:
    """Open a page and write down what must not happen."""
    watched = Watched(context, context.new_page())
    host = urlsplit(origin).netloc

    def note_request(url: str) -> None:
        target = urlsplit(url)
        if target.scheme in NETWORK_SCHEMES and target.netloc != host:
            watched.problems.append(f"request to a foreign host: {url}")

    watched.page.on("pageerror", lambda error: watched.problems.append(f"script error: {error}"))
    watched.page.on("websocket", lambda socket: note_request(socket.url))
    context.on("request", lambda request: note_request(request.url))
    return watched


def _failed(item: pytest.Item) -> bool:
    return any(report.failed for report in item.stash.get(OUTCOME, {}).values())


def _save_screenshots(nodeid: str, opened: list[Watched]) -> None:
    """Save what each page of a failed test shows, and its address."""
    RESULTS.mkdir(exist_ok=True)
    name = re.sub(r"[^\w.-]+", "-", nodeid)
    for number, watched in enumerate(opened):
        watched.page.screenshot(path=RESULTS / f"{name}-{number}.png", full_page=True)
        (RESULTS / f"{name}-{number}.url.txt").write_text(watched.page.url + "\n")
