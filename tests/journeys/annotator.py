"""A person in front of the real Label Studio editor."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Page, expect

from tests.servers.label_studio import LabelStudioProject

PATIENCE_MILLISECONDS = 60_000


@dataclass(frozen=True, slots=True)
class Annotator:
    """Somebody who signed in to Label Studio; `page` is in a browser context of its own."""

    page: Page
    project: LabelStudioProject

    def signs_in(self) -> None:
        account = self.project.server.account
        self.page.goto(f"{self.project.server.url}/user/login/")
        self.page.fill("input[name=email]", account.email)
        self.page.fill("input[name=password]", account.password)
        self.page.click("button[type=submit]")
        self.page.wait_for_url(
            lambda url: "/user/login" not in url,
            wait_until="commit",
            timeout=PATIENCE_MILLISECONDS,
        )

    def draws_a_box(
        self, task_id: int, key: str, corners: tuple[float, float, float, float]
    ) -> None:
        """Open a task, press a label's key, drag from corner to corner, and submit.

        Args:
            task_id: The task.
            key: Hotkey of the label.
            corners: Left, top, right and bottom in shares of the image.
        """
        address = f"{self.project.server.url}/projects/{self.project.id}/data?task={task_id}"
        self.page.goto(address)
        canvas = self.page.locator("canvas").first
        expect(canvas).to_be_visible(timeout=PATIENCE_MILLISECONDS)
        self.page.wait_for_timeout(1500)  # the stage is laid out anew once the picture is there
        self.page.keyboard.press(key)
        box = canvas.bounding_box()
        assert box is not None
        left, top, right, bottom = corners
        x, y, width, height = box["x"], box["y"], box["width"], box["height"]
        self.page.mouse.move(x + left * width, y + top * height)
        self.page.mouse.down()
        self.page.mouse.move(x + (left + right) / 2 * width, y + (top + bottom) / 2 * height)
        self.page.mouse.move(x + right * width, y + bottom * height, steps=5)
        self.page.mouse.up()
        self.page.get_by_role("button", name="Submit").click()
        expect(self.page.locator("button", has_text="Update")).to_be_visible(
            timeout=PATIENCE_MILLISECONDS
        )
