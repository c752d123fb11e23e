"""Take the pictures of the README from the demo: `make screenshots`.

The demo is built by `curation demo`, served on a free port of loopback, and looked at with a
headless Chromium, 1440 × 900 pixels. The pictures are `docs/images/*.png`, with a palette of 256
colours and none larger than 250 kB. `--data-dir` reuses a demo that was built before.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.servers.application import COMMAND, served
from tests.servers.browser import CHROMIUM_ARGUMENTS, VIEWPORT, settle, watch
from tests.servers.programs import chromium

ROOT: Final = Path(__file__).resolve().parents[1]

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FOLDER: Final = ROOT / "docs" / "images"
MOST_BYTES: Final = 250_000
COLOURS: Final = 256
KMEANS_ROUNDS: Final = 3
LOOKS: Final = 40
PAUSE_MILLISECONDS: Final = 250
COMPARISON: Final = {
    "project": "blood-smear",
    "set": "smear-detector v2",
    "against": "smear-detector v1",
    "split": "test",
}


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: its file name without suffix, the entry of Model Evaluation, what is opened."""

    name: str
    entry: str
    scheme: Literal["light", "dark"] = "light"
    opens_first_image: bool = False


PICTURES: Final = (
    Picture("summary", "Summary"),
    Picture("classes", "Classes"),
    Picture("images", "Images"),
    Picture("image", "Images", opens_first_image=True),
    Picture("size-buckets-dark", "Size buckets", scheme="dark"),
)


def main() -> None:
    """Build or reuse the demo, and take every picture.

    Raises:
        SystemExit: There is no Chromium, or a page went wrong.
    """
    parser = argparse.ArgumentParser(description="Take the pictures of the README from the demo.")
    parser.add_argument("--data-dir", type=Path, help="a demo built by 'curation demo'")
    asked: Path | None = parser.parse_args().data_dir
    program = chromium()
    if program is None:
        raise SystemExit("There is no Chromium on this machine: see 'make servers'.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as scratch,
        demo(asked or Path(scratch, "data")) as data_dir,
        served(data_dir, log=Path(scratch, "server.log")) as application,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=program, args=list(CHROMIUM_ARGUMENTS), chromium_sandbox=False
        )
        for picture in PICTURES:
            pixels = take(browser, application.url, picture)
            print(f"{picture.name}.png: {save(picture.name, pixels):,} bytes", flush=True)
        browser.close()


@contextmanager
def demo(data_dir: Path) -> Iterator[Path]:
    """Build the demo where it is not built yet."""
    subprocess.run([COMMAND, "demo", "--no-serve", "--data-dir", data_dir], check=True)
    yield data_dir


def take(browser: Browser, url: str, picture: Picture) -> bytes:
    """Return a screen as PNG.

    Raises:
        SystemExit: The page raised a script error or asked a foreign host.
    """
    context = browser.new_context(
        base_url=url,
        viewport={"width": VIEWPORT["width"], "height": VIEWPORT["height"]},
        color_scheme=picture.scheme,
        reduced_motion="reduce",
    )
    watched = watch(context, origin=url)
    page = watched.page
    page.goto(f"/model-evaluation?{urlencode({**COMPARISON, 'entry': picture.entry})}")
    settle(page)
    if picture.opens_first_image:
        page.locator(".cell").first.click()
        page.locator(".panes svg").first.wait_for()
        settle(page)
    pixels = look_until_still(page)
    if watched.problems:
        raise SystemExit(f"{picture.name}: {watched.problems}")
    context.close()
    return pixels


def look_until_still(page: Page) -> bytes:
    """Return the first look at a page that the next one agrees with: charts and images are there.

    Raises:
        SystemExit: The page never stands still.
    """
    page.wait_for_load_state("networkidle")
    before = b""
    for _ in range(LOOKS):
        now = page.screenshot(caret="hide")
        if now == before:
            return now
        before = now
        page.wait_for_timeout(PAUSE_MILLISECONDS)
    raise SystemExit(f"{page.url} does not stand still.")


def save(name: str, pixels: bytes) -> int:
    """Write a picture with a palette; return its bytes.

    Raises:
        SystemExit: It is too large for a README.
    """
    file = FOLDER / f"{name}.png"
    with Image.open(io.BytesIO(pixels)) as image:
        # Maximum coverage keeps the few pixels of a line in their colour, k-means the large areas.
        palette = image.convert("RGB").quantize(
            COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=KMEANS_ROUNDS, dither=Image.Dither.NONE
        )
        palette.save(file, optimize=True)
    size = file.stat().st_size
    if size > MOST_BYTES:
        raise SystemExit(f"{file.name} has {size:,} bytes, more than {MOST_BYTES:,}.")
    return size


if __name__ == "__main__":
    main()
