"""Light and dark, wide and narrow: texts stand out, nothing runs over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.journeys.screen import Screen

OpenScreen = Callable[..., Screen]
DEMO = {"project": "blood-smear", "set": "smear-detector v2", "against": "smear-detector v1"}
ENOUGH = 4.5  # WCAG 2.1, level AA, for text of this size
SCREENS: list[tuple[str, dict[str, str]]] = [
    ("/", {}),
    ("/project", {"project": "blood-smear"}),
    ("/imports", {"project": "blood-smear"}),
    ("/jobs", {}),
    *(
        ("/model-evaluation", DEMO | {"entry": entry})
        for entry in ("Summary", "Classes", "Size buckets", "Precision–recall", "Images")
    ),
]
# Contrast of every visible text with the nearest opaque ground behind it, alpha blended.
LOW_CONTRAST = """(enough) => {
  const parse = (text) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 });
    const draw = canvas.getContext('2d');
    draw.fillStyle = text; draw.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = draw.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((v, i) => v * a + under[i] * (1 - a));
  const parent = (node) => node.parentElement ?? node.getRootNode().host ?? null;
  const ground = (node) => {
    if (!node) return [255, 255, 255];
    const color = parse(getComputedStyle(node).backgroundColor);
    return color[3] === 1 ? color.slice(0, 3) : over(color, ground(parent(node)));
  };
  const light = (color) => {
    const [r, g, b] = color.map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const opacity = (node) => (node ? Number(getComputedStyle(node).opacity) * opacity(parent(node)) : 1);
  const low = [];
  const visit = (root) => {
    for (const node of root.querySelectorAll('*')) {
      if (node.shadowRoot) visit(node.shadowRoot);
      const own = [...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
      if (!own || !node.checkVisibility({ visibilityProperty: true }) || node.closest('svg, canvas, style')) continue;
      if (node.closest(':disabled, [aria-hidden=true], [aria-disabled=true]')) continue;
      const behind = ground(node);
      const color = parse(getComputedStyle(node).color);
      color[3] *= opacity(node);
      const [a, b] = [light(over(color, behind)), light(behind)].sort((x, y) => y - x);
      const ratio = (a + 0.05) / (b + 0.05);
      if (ratio < enough) low.push(`${ratio.toFixed(2)} ${node.textContent.trim().slice(0, 40)}`);
    }
  };
  visit(document.querySelector('[data-testid=stApp]'));
  return [...new Set(low)];
}"""
# Number cards whose text is cut, and how far the page is wider than the window.
CUT = """() => {
  const cut = [...document.querySelectorAll('[data-testid=stMetric] p, button p, [role=radiogroup] p')]
    .filter((node) => node.checkVisibility() && node.scrollWidth > node.clientWidth + 1)
    .map((node) => node.textContent);
  const page = document.querySelector('[data-testid=stMain]');
  if (page.scrollWidth > page.clientWidth) cut.push(`page wider by ${page.scrollWidth - page.clientWidth}`);
  return cut;
}"""


def show_all(open_screen: OpenScreen, **options: Any) -> Screen:
    return open_screen(options=options)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 1024])
def test_every_screen_is_readable(open_screen: OpenScreen, scheme: str, width: int) -> None:
    viewport = {"width": width, "height": 900}
    screen = show_all(open_screen, color_scheme=scheme, viewport=viewport)
    problems = {}
    for path, parameters in SCREENS:
        screen.go(path, **parameters)
        if parameters.get("entry") == "Images":
            screen.cells.first.wait_for()
        found = [*screen.page.evaluate(LOW_CONTRAST, ENOUGH), *screen.page.evaluate(CUT)]
        if found:
            problems[path, parameters.get("entry")] = found
    assert not problems
    ground = screen.page.evaluate(
        "() => getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
    )
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(18, 22, 28)"}[scheme]
