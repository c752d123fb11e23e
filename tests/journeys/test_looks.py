"""Light and dark, wide and narrow: texts stand out, nothing runs over."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.journeys.screen import Screen

OpenScreen = Callable[..., Screen]
DEMO = {"project": "blood-smear", "set": "smear-detector v2", "against": "smear-detector v1"}
ENOUGH = [4.5, 3.9]  # WCAG 2.1, level AA, for text of this size; on the primary colour
WIDTHS = (1024, 1440)
SCREENS: list[tuple[str, dict[str, str]]] = [
    ("/", {}),
    ("/project", {"project": "blood-smear"}),
    ("/annotation", {"project": "blood-smear"}),
    ("/annotation", {"project": "blood-smear", "connect": "new"}),
    ("/imports", {"project": "blood-smear"}),
    ("/jobs", {}),
    *(
        ("/model-evaluation", DEMO | {"entry": entry})
        for entry in ("Summary", "Classes", "Size buckets", "Precision–recall", "Images")
    ),
]
# Contrast of every text that is shown with what is behind it, alpha blended. Streamlit writes white
# on the primary colour and the primary colour on the ground: none gives 4.5 to both in the dark.
LOW_CONTRAST = """([enough, enoughOfPrimary]) => {
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
  const linear = (v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = (color) => {
    const [r, g, b] = color.map((v) => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const opacity = (node) =>
    (node ? Number(getComputedStyle(node).opacity) * opacity(parent(node)) : 1);
  const left = 'svg *, canvas *, style, :disabled *, [aria-hidden=true], [aria-disabled=true], '
    + '[data-testid=stSliderThumbValue]';  // it stands above the thumb that it lies in
  const primary = '[data-testid=stBaseButton-primary], [data-testid=stButtonGroup]';
  const low = [];
  const judge = (node) => {
    const own = [...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !node.checkVisibility({ visibilityProperty: true }) || node.closest(left)) return;
    const behind = ground(node), color = parse(getComputedStyle(node).color);
    color[3] *= opacity(node);
    if (color[3] === 0) return;
    const [b, a] = [light(over(color, behind)), light(behind)].sort((x, y) => x - y);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio >= (node.closest(primary) ? enoughOfPrimary : enough)) return;
    low.push(`${ratio.toFixed(2)} ${node.textContent.trim().slice(0, 40)}`);
  };
  const visit = (root) => {
    for (const node of root.querySelectorAll('*')) {
      if (node.shadowRoot) visit(node.shadowRoot);
      judge(node);
    }
  };
  visit(document.querySelector('[data-testid=stApp]'));
  return [...new Set(low)];
}"""
# Texts that are cut, and how far the page is wider than its window.
CUT = """() => {
  const texts = '[data-testid=stMetric] p, button p, [role=radiogroup] p';
  const cut = [...document.querySelectorAll(texts)]
    .filter((node) => node.checkVisibility() && node.scrollWidth > node.clientWidth + 1)
    .map((node) => node.textContent);
  const page = document.querySelector('[data-testid=stMain]'), over = page.scrollWidth;
  if (over > page.clientWidth) cut.push(`page wider by ${over - page.clientWidth}`);
  return cut;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_screen_is_readable(open_screen: OpenScreen, scheme: str) -> None:
    screen = open_screen(options={"color_scheme": scheme})
    problems = {}
    for path, parameters in SCREENS:
        screen.page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        if parameters.get("entry", "Summary") == "Summary":
            screen.go(path, **parameters)
        else:  # a click is quicker than loading the app anew
            screen.enters(parameters["entry"])
        if parameters.get("entry") == "Images":
            screen.cells.first.wait_for()
        for width in WIDTHS:
            screen.page.set_viewport_size({"width": width, "height": 900})
            found = [*screen.page.evaluate(LOW_CONTRAST, ENOUGH), *screen.page.evaluate(CUT)]
            if found:
                problems[path, parameters.get("entry"), width] = found
    assert not problems
    ground = screen.page.evaluate(
        "() => getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
    )
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(18, 22, 28)"}[scheme]
