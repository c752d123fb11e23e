// Overlay drawing and the layer toolbar, shared by the image grid and the image viewer.
// Names and numbers from the data reach the page only as text and attributes, never as markup.

const SVG = "http://www.w3.org/2000/svg";
const TRUTH = 0, SET = 1, AGAINST = 2;
const LETTERS = { truth: "t", set: "s", against: "b", masks: "m", difference: "d", pair: "p" };
const SIDE_NAMES = ["truth", "set", "against"];

const element = (tag, className, text) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
};

const shape = (tag, attributes, className) => {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (className) node.setAttribute("class", className);
  return node;
};

// "tsb", "tsbm~0.45", "d": one letter a layer, then the lowest score drawn where it differs.
const parseLayers = (text, score) => {
  const [letters, low] = text.split("~");
  const layers = { score: low === undefined ? score : Number(low) };
  for (const [name, letter] of Object.entries(LETTERS)) layers[name] = letters.includes(letter);
  return layers;
};

const writeLayers = (layers, score) => {
  const letters = Object.entries(LETTERS).map(([name, letter]) => (layers[name] ? letter : ""));
  const low = Math.abs(layers.score - score) < 0.005 ? "" : "~" + layers.score.toFixed(2);
  return letters.join("") + low;
};

// An object is {s side, b [x, y, w, h], o outline, c class, p score, k outcome, r crowd,
// d change, i IoU}; absent keys are null.
const outlineOf = (object, masks) => {
  if (masks && object.o) return { tag: "path", attributes: { d: object.o } };
  const [x, y, width, height] = object.b;
  return { tag: "rect", attributes: { x, y, width: Math.max(width, 0), height: Math.max(height, 0) } };
};

const classesOf = (object) => {
  const names = ["object", SIDE_NAMES[object.s], "is-" + object.k];
  if (object.r) names.push("is-crowd");
  if (object.d) names.push("diff-" + object.d);
  return names.join(" ");
};

const drawObject = (object, index, masks) => {
  const group = shape("g", { "data-index": index }, classesOf(object));
  if (object.p !== null && object.p !== undefined) group.dataset.score = object.p;
  const { tag, attributes } = outlineOf(object, masks);
  if (object.s === TRUTH) group.append(shape(tag, attributes, "halo"));
  group.append(shape(tag, attributes, "line"));
  return group;
};

const extentOf = (width, height, objects) => {
  if (width > 0 && height > 0) return [width, height];
  const right = objects.map((o) => o.b[0] + o.b[2]), bottom = objects.map((o) => o.b[1] + o.b[3]);
  return [Math.max(1, ...right), Math.max(1, ...bottom)];
};

const drawOverlay = (image, masks, keep) => {
  const [width, height] = extentOf(image.w, image.h, image.o);
  const svg = shape("svg", {
    viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "xMidYMid meet", "aria-hidden": "true",
  }, "overlay");
  if (!image.px) svg.append(shape("rect", { x: 0, y: 0, width, height }, "ground"));
  image.o.forEach((object, index) => {
    if (keep(object)) svg.append(drawObject(object, index, masks));
  });
  return svg;
};

const picture = (data, image, kind) => {
  const node = element("img");
  node.loading = "lazy";
  node.decoding = "async";
  node.alt = image.alt;
  node.draggable = false;
  node.onerror = () => node.remove();
  node.src = `/api/projects/${data.project}/images/${image.id}/${kind}?v=${encodeURIComponent(image.v)}`;
  return node;
};

// Layers are switched by attributes of the root, so that nothing is drawn again.
const applyLayers = (root, layers) => {
  for (const name of Object.keys(LETTERS)) root.toggleAttribute("data-" + name, layers[name]);
  for (const group of root.querySelectorAll("g.object[data-score]")) {
    group.classList.toggle("is-hidden", Number(group.dataset.score) < layers.score - 1e-9);
  }
};

const toggleButton = (label, title, pressed, onToggle) => {
  const button = element("button", "toggle");
  button.type = "button";
  button.title = title;
  button.setAttribute("aria-pressed", String(pressed));
  button.append(element("span", "", label));
  button.onclick = () => onToggle(button.getAttribute("aria-pressed") !== "true");
  return button;
};

const sideButton = (name, kind, color, pressed, onToggle) => {
  const button = toggleButton(name, `Show or hide: ${name}`, pressed, onToggle);
  const swatch = element("i", "swatch " + kind);
  if (color) swatch.style.setProperty("--side", color);
  button.prepend(swatch);
  return button;
};

const scoreSlider = (layers, change) => {
  const label = element("label", "score", "score \u2265");
  const slider = element("input");
  const value = element("output", "", layers.score.toFixed(2));
  Object.assign(slider, { type: "range", min: 0, max: 1, step: 0.01, value: layers.score });
  slider.setAttribute("aria-label", "Lowest score of the predictions drawn");
  slider.oninput = () => {
    value.textContent = Number(slider.value).toFixed(2);
    change({ score: Number(slider.value) });
  };
  label.append(slider, value);
  return label;
};

const group = (label, ...nodes) => {
  const node = element("div", "tool-group");
  node.setAttribute("role", "group");
  node.setAttribute("aria-label", label);
  node.append(...nodes);
  return node;
};

const shapeChoice = (layers, change) => {
  const choice = (label, masks) => toggleButton(label, `Draw ${label}`, layers.masks === masks,
    () => change({ masks }));
  return group("Shape", choice("boxes", false), choice("masks", true));
};

// A toolbar is drawn anew after each switch; whoever uses the keyboard stays on the same one.
const replaceKeepingFocus = (bar, nodes) => {
  const stops = () => [...bar.querySelectorAll("button, input")];
  const place = stops().indexOf(bar.getRootNode().activeElement);
  bar.replaceChildren(...nodes);
  if (place >= 0) stops()[place]?.focus();
};

const drawToolbar = (bar, data, layers, change) => {
  const { set, against } = data.sides;
  if (!set) return;  // no predictions: nothing to switch
  const sides = [
    sideButton("ground truth", "truth", null, layers.truth, (on) => change({ truth: on })),
    sideButton(set.name, "set", set.color, layers.set, (on) => change({ set: on })),
  ];
  if (against) {
    sides.push(sideButton(against.name, "against", against.color, layers.against,
      (on) => change({ against: on })));
  }
  const tools = [group("Layers", ...sides)];
  if (data.outlines) tools.push(shapeChoice(layers, change));
  if (against) {
    const label = "difference";
    tools.push(group("Mode", toggleButton(label, "Show only what changed: gained, lost, fixed, newly wrong",
      layers.difference, (on) => change({ difference: on }))));
  }
  if (against && data.pairable) {
    tools.push(group("Pictures",
      toggleButton("side by side", "One picture for each set", layers.pair, () => change({ pair: true })),
      toggleButton("one picture", "Both sets over one picture", !layers.pair, () => change({ pair: false }))));
  }
  tools.push(scoreSlider(layers, change));
  replaceKeepingFocus(bar, tools);
};

const LEGENDS = {
  difference: [["better", "gained"], ["worse", "lost"], ["worse dashed", "newly wrong"], ["better dashed", "fixed"]],
  plain: [["truth", "ground truth"], ["truth dashed", "missed"], ["tint", "tinted: false positive"]],
};

const drawLegend = (legend, layers) => {
  const items = LEGENDS[layers.difference ? "difference" : "plain"].map(([kind, text]) => {
    const item = element("span", "legend-item");
    item.append(element("i", "key " + kind), element("span", "", text));
    return item;
  });
  legend.replaceChildren(...items);
};

// What a component keeps between runs of its module function, by root element.
const memories = new WeakMap();

// Return the layers of a component: the ones on screen, unless Python has newer ones. `seq`
// counts what this browser sent; an answer to an older state never turns a newer one back.
const currentLayers = (root, data) => {
  const memory = memories.get(root) ?? { seq: data.seq, server: null, layers: null };
  memories.set(root, memory);
  const answer = data.layers + "|" + data.score;
  memory.adopted = data.seq >= memory.seq && answer !== memory.server;
  if (memory.adopted) {
    memory.layers = parseLayers(data.layers, data.score);
    memory.server = answer;
  }
  memory.data = data;
  return memory;
};

// Draw the toolbar only when it says something else, never under a hand that moves the slider.
const refreshToolbar = (root, data, memory, change) => {
  const names = JSON.stringify([data.sides, data.outlines]);
  if (memory.adopted || memory.names !== names) {
    drawToolbar(root.querySelector(".toolbar"), data, memory.layers, change);
  }
  memory.names = names;
};

const colorSides = (root, sides) => {
  root.toggleAttribute("data-plain", !sides.set);
  if (sides.set) root.style.setProperty("--set", sides.set.color);
  if (sides.against) root.style.setProperty("--against", sides.against.color);
};

const sendLayers = (root, setStateValue) => {
  const memory = memories.get(root);
  clearTimeout(memory.timer);
  memory.timer = setTimeout(() => {
    memory.seq += 1;
    const text = writeLayers(memory.layers, memory.data.score);
    memory.server = text + "|" + memory.data.score;
    setStateValue("view", { layers: text, seq: memory.seq });
  }, 350);
};
