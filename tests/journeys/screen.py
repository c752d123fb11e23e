"""What a person does and sees on a screen, in words: pick, press, upload, read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Locator, Page, expect

from tests.servers.browser import settle

# A run starts a moment after the click; what it draws may take this long on a busy machine.
PATIENCE_MILLISECONDS = 20_000
ROW_PIXELS = 31  # of a table
expect.set_options(timeout=PATIENCE_MILLISECONDS)
ARROWS = {"stMetricDeltaIcon-Up": "up", "stMetricDeltaIcon-Down": "down"}
FOCUSED = """() => {
  let node = document.activeElement;
  while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
  return node;
}"""


# The focused element and the boxes around it look different once the focus is taken away.
LOOKS_FOCUSED = f"""async () => {{
  const node = ({FOCUSED})();
  const boxes = [];
  for (let box = node, up = 0; box && up < 5; box = box.parentElement, up += 1) boxes.push(box);
  const look = () => boxes.map((box) => {{
    const style = getComputedStyle(box);
    return [style.outline, style.boxShadow, style.borderColor, style.backgroundColor].join();
  }}).join();
  const drawn = () => new Promise((done) =>
    requestAnimationFrame(() => requestAnimationFrame(done)));
  const focused = look();
  node.blur();
  await drawn();
  const blurred = look();
  node.focus();
  return focused !== blurred;
}}"""


@dataclass(frozen=True, slots=True)
class Number:
    """A card: its value, its difference and the arrow of better ("up") or worse ("down")."""

    value: str
    change: str = ""
    arrow: str = ""


@dataclass(frozen=True, slots=True)
class Screen:
    """A page of the application."""

    page: Page

    def go(self, path: str, **parameters: str) -> None:
        """Open a screen by its address."""
        self.page.goto(f"{path}?{urlencode(parameters)}" if parameters else path)
        settle(self.page)

    @property
    def main(self) -> Locator:
        """The part beside the side bar."""
        return self.page.get_by_test_id("stMainBlockContainer")

    def sees(self, text: str | re.Pattern[str]) -> None:
        """Wait until the screen shows a text."""
        expect(self.main.get_by_text(text).first).to_be_visible()
        settle(self.page)

    def presses(self, name: str) -> None:
        """Press the button of a name."""
        self.main.get_by_role("button", name=name, exact=True).click()
        settle(self.page)

    def picks(self, label: str, option: str) -> None:
        """Pick an option of a drop-down list and wait until it is shown."""
        box = self.page.get_by_role("combobox", name=re.compile(re.escape(label)))
        box.click()
        self.page.get_by_role("option", name=option, exact=True).click()
        settle(self.page)

    def writes(self, label: str, text: str) -> None:
        """Fill a text field."""
        field = self.main.get_by_label(label, exact=True)
        field.fill(text)
        field.press("Tab")
        settle(self.page)

    def uploads(self, file: Path) -> None:
        """Upload a file and wait until it is there."""
        self.main.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(file)
        expect(self.main.get_by_text(file.name)).to_be_visible()
        settle(self.page)

    def enters(self, entry: str) -> None:
        """Choose an entry of Model Evaluation."""
        self.main.get_by_role("radiogroup", name="Entry").get_by_text(entry, exact=True).click()
        expect(self.main.get_by_role("radio", name=entry, exact=True)).to_be_checked()
        settle(self.page)

    def shows_numbers(self, expected: dict[str, Number], *, within: Locator | None = None) -> None:
        """Wait until cards show these numbers."""
        for label, number in expected.items():
            card = self.card(label, within=within)
            expect(card.get_by_test_id("stMetricValue")).to_have_text(number.value)
            change = card.get_by_test_id("stMetricDelta")
            if not number.change:
                expect(change).to_have_count(0)
                continue
            expect(change).to_have_text(number.change)
            for test_id, arrow in ARROWS.items():
                expect(card.get_by_test_id(test_id)).to_have_count(int(arrow == number.arrow))

    def card(self, label: str, *, within: Locator | None = None) -> Locator:
        """Return the card of a metric."""
        name = self.page.get_by_test_id("stMetricLabel").get_by_text(label, exact=True)
        return (within or self.main).get_by_test_id("stMetric").filter(has=name)

    def table(self, place: int = 0) -> list[list[str]]:
        """Return the cells of a table that are in view, at full precision."""
        rows = self.grid(place).locator("tbody tr").all()
        return [row.locator("td").all_inner_texts() for row in rows]

    def columns(self, place: int = 0) -> list[str]:
        """Return the headers of a table that are in view."""
        return self.grid(place).locator("thead th").all_inner_texts()

    def grid(self, place: int = 0) -> Locator:
        """Return a table once it is drawn."""
        frame = self.main.get_by_test_id("stDataFrame").nth(place)
        expect(frame.locator("tbody tr").first).to_be_attached()
        return frame

    def cell_box(self, *, row: int, column: int, place: int = 0) -> tuple[float, float]:
        """Return the middle of a table's cell; tables are drawn, so only their place is known."""
        frame = self.grid(place)
        frame.scroll_into_view_if_needed()
        widths = frame.locator("thead th").count()
        box = frame.bounding_box()
        assert box is not None
        x = box["x"] + 16 if column < 0 else box["x"] + box["width"] * (column + 0.5) / widths
        return x, box["y"] + ROW_PIXELS * (row + 1.5)

    def pick_row(self, row: int) -> None:
        """Pick a row of the first table by its box."""
        self.page.mouse.click(*self.cell_box(row=row, column=-1))
        settle(self.page)

    def edits_cell(self, *, row: int, column: int, option: str) -> None:
        """Pick another option in a cell of the first table."""
        self.page.mouse.dblclick(*self.cell_box(row=row, column=column))
        self.page.get_by_role("option", name=option, exact=True).click()
        settle(self.page)

    def downloads(self, name: str) -> str:
        """Press a download button and return the file's text."""
        with self.page.expect_download() as started:
            self.main.get_by_role("button", name=name).click()
        return Path(started.value.path()).read_text(encoding="utf-8")

    def block(self, title: str) -> Locator:
        """Return the bordered block that starts with a title."""
        heading = self.page.get_by_test_id("stMarkdown").filter(has_text=re.compile(f"^{title} ·"))
        return self.main.get_by_test_id("stVerticalBlock").filter(has=heading).last

    @property
    def cells(self) -> Locator:
        """The images of the grid."""
        return self.page.locator(".cell")

    def layers(self) -> dict[str, str | None]:
        """Return the switches over the pictures and whether they are pressed."""
        toggles = self.page.locator(".toolbar .toggle").all()
        return {node.inner_text(): node.get_attribute("aria-pressed") for node in toggles}

    def text(self) -> str:
        """Return all text of the main part, as a person reads it."""
        return self.main.inner_text()

    def focused(self) -> str:
        """Return the text or label of the element that has the focus."""
        return str(
            self.page.evaluate(
                f"() => {{ const node = ({FOCUSED})(); return node.getAttribute('aria-label')"
                " || node.labels?.[0]?.innerText || node.tagName }"
            )
        )

    def focus_is_visible(self) -> bool:
        """Tell whether the focused element, or a box around it, looks other than without focus."""
        return bool(self.page.evaluate(LOOKS_FOCUSED))
