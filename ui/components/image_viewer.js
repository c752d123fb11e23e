// One image, large: set and baseline side by side or over one picture, every object described.

const keepFor = (side) => (object) => side === null || object.s === TRUTH || object.s === side;

// The outcome of a label is the set's; what it was for the baseline follows from the change.
const asBaselineSaw = (object) => {
  if (object.s !== TRUTH || object.k === "ignored") return object;
  const missed = object.d === "gained" || (object.k === "missed" && object.d !== "lost");
  return { ...object, k: missed ? "missed" : "found" };
};

const OUTCOMES = {
  tp: "true positive", fp: "false positive", found: "found", missed: "missed",
  ignored: "ignored", below: "below the score threshold",
};
const CHANGES = { gained: "gained", lost: "lost", new: "newly wrong", fixed: "fixed" };
const SIDES = (data) => ["ground truth", data.sides.set?.name ?? "", data.sides.against?.name ?? ""];

const describe = (data, object) => {
  const number = (value) => (value === null || value === undefined ? null : value.toFixed(3));
  return [
    ["class", object.c], ["of", SIDES(data)[object.s]], ["is", OUTCOMES[object.k] ?? object.k],
    ["change", object.d ? CHANGES[object.d] : null], ["score", number(object.p)],
    ["IoU", number(object.i)], ["crowd", object.r ? "yes" : null],
  ].filter(([, value]) => value !== null && value !== "");
};

const pane = (data, image, side, title, masks) => {
  const figure = element("figure", "pane");
  if (title) figure.append(element("figcaption", "", title));
  const frame = element("div", "frame large" + (image.px ? "" : " no-pixels"));
  const [width, height] = extentOf(image.w, image.h, image.o);
  frame.style.setProperty("--ratio", `${width} / ${height}`);
  frame.style.setProperty("--wide", width / height);
  if (image.px) frame.append(picture(data, image, "original"));
  frame.append(drawOverlay(image, masks, keepFor(side)));
  figure.append(frame);
  return figure;
};

const drawPanes = (root, data, layers) => {
  const { set, against } = data.sides;
  const both = against && layers.pair;
  const before = both && { ...data.image, o: data.image.o.map(asBaselineSaw) };
  const panes = both
    ? [pane(data, data.image, SET, set.name, layers.masks), pane(data, before, AGAINST, against.name, layers.masks)]
    : [pane(data, data.image, null, null, layers.masks)];
  root.querySelector(".panes").replaceChildren(...panes);
};

const highlight = (root, chosen) => {
  const wanted = new Set(chosen.map(String));
  root.toggleAttribute("data-chosen", wanted.size > 0);
  for (const node of root.querySelectorAll("g.object")) {
    node.classList.toggle("is-chosen", wanted.has(node.dataset.index));
  }
};

const showTip = (root, data, event) => {
  const tip = root.querySelector(".tip");
  const node = event.target.closest?.("g.object");
  tip.hidden = !node;
  if (!node) return;
  const rows = describe(data, data.image.o[Number(node.dataset.index)]).map(([name, value]) => {
    const row = element("div");
    row.append(element("b", "", name), element("span", "", value));
    return row;
  });
  tip.replaceChildren(...rows);
  const box = root.getBoundingClientRect();
  const left = Math.min(event.clientX - box.left + 14, box.width - tip.offsetWidth - 8);
  tip.style.left = Math.max(0, left) + "px";
  tip.style.top = event.clientY - box.top + 14 + "px";
};

// Keys count wherever the focus is on the page, but for what needs them itself: text being
// written, open lists and tables; arrows also move radios, sliders and tabs.
const WRITTEN = "textarea, select, [contenteditable=true], [role=option], canvas, [data-testid=stDataFrame] *, [role=dialog] *";
const NEEDS_ESCAPE = `${WRITTEN}, input[type=search], [aria-expanded=true]`;
const NEEDS_ARROWS = `${WRITTEN}, input, [role=radio], [role=slider], [role=combobox], [role=tab]`;
const isElsewhere = (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return true;
  const needs = event.key === "Escape" ? NEEDS_ESCAPE : NEEDS_ARROWS;
  return event.composedPath()[0].matches?.(needs) ?? false;
};

const KEYS = { ArrowLeft: "previous", ArrowRight: "next", Escape: "close" };

export default function (component) {
  const { data, parentElement, setStateValue, setTriggerValue } = component;
  const root = parentElement.querySelector(".images");
  const memory = currentLayers(root, data);

  const show = () => {
    const { masks, pair } = memory.layers;
    const drawn = [data.signature, masks, pair].join("|");
    if (root.dataset.drawn !== drawn) drawPanes(root, data, memory.layers);
    root.dataset.drawn = drawn;
    applyLayers(root, memory.layers);
    highlight(root, data.chosen);
    drawLegend(root.querySelector(".legend"), memory.layers);
  };
  const change = (patch) => {
    Object.assign(memory.layers, patch);
    show();
    if (!("score" in patch)) drawToolbar(root.querySelector(".toolbar"), data, memory.layers, change);
    sendLayers(root, setStateValue);
  };

  colorSides(root, data.sides);
  refreshToolbar(root, data, memory, change);
  root.querySelector(".tip").hidden = true;
  show();

  const panes = root.querySelector(".panes");
  panes.onpointermove = (event) => showTip(root, data, event);
  panes.onpointerleave = () => { root.querySelector(".tip").hidden = true; };

  const onKey = (event) => {
    const move = KEYS[event.key];
    if (!move || isElsewhere(event)) return;
    event.preventDefault();
    setTriggerValue("move", move);
  };
  // Before anybody else: a list that closes on Escape would not be open any more afterwards.
  if (memory.onKey) document.removeEventListener("keydown", memory.onKey, true);
  memory.onKey = onKey;
  document.addEventListener("keydown", onKey, true);
  return () => document.removeEventListener("keydown", memory.onKey, true);
}
