// A page of images with their overlays: layers are switched in the browser, opening goes to Python.

const keepAll = () => true;

const caption = (image) => {
  const line = element("span", "caption");
  image.cap.forEach(([text, tone]) => line.append(element("span", "note " + tone, text)));
  return line;
};

const gridCell = (data, image, masks) => {
  const cell = element("button", "cell" + (image.px ? "" : " no-pixels"));
  cell.type = "button";
  cell.dataset.id = image.id;
  cell.tabIndex = -1;
  cell.setAttribute("aria-label", `${image.alt}. ${image.cap.map(([text]) => text).join(", ")}. Open`);
  const frame = element("span", "frame");
  if (image.px) frame.append(picture(data, image, "thumb"));
  frame.append(drawOverlay(image, masks, keepAll));
  const name = element("span", "name", image.name);
  name.title = image.name;
  const foot = element("span", "foot");
  foot.append(caption(image), name);
  cell.append(frame, foot);
  return cell;
};

const focusCell = (cells, target) => {
  cells.forEach((cell) => { cell.tabIndex = -1; });
  target.tabIndex = 0;
  target.focus();
};

// Cells stand in rows of equal tops: the number of columns is how many share the first top.
const moveFocus = (grid, event) => {
  const cells = [...grid.querySelectorAll(".cell")];
  const here = cells.indexOf(event.target.closest(".cell"));
  if (here < 0) return;
  const columns = cells.filter((cell) => cell.offsetTop === cells[0].offsetTop).length;
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns };
  const target = { Home: 0, End: cells.length - 1 }[event.key] ?? here + (steps[event.key] ?? NaN);
  if (Number.isNaN(target) || !cells[target]) return;
  event.preventDefault();
  focusCell(cells, cells[target]);
};

// Whoever comes back from a large image goes on with the keyboard where they left.
let lastOpened = null;

const returnFocus = (cells) => {
  const cell = cells.find((candidate) => candidate.dataset.id === lastOpened);
  lastOpened = null;
  if (cell && document.activeElement === document.body) focusCell(cells, cell);
};

const drawGrid = (root, data, layers) => {
  const grid = root.querySelector(".grid");
  const cells = data.cells.map((image) => gridCell(data, image, layers.masks));
  if (cells.length) cells[0].tabIndex = 0;
  grid.replaceChildren(...cells);
  returnFocus(cells);
};

export default function (component) {
  const { data, parentElement, setStateValue, setTriggerValue } = component;
  const root = parentElement.querySelector(".images");
  const memory = currentLayers(root, data);

  const show = () => {
    const drawn = data.signature + (memory.layers.masks ? "m" : "b");
    if (root.dataset.drawn !== drawn) drawGrid(root, data, memory.layers);
    root.dataset.drawn = drawn;
    applyLayers(root, memory.layers);
    drawLegend(root.querySelector(".legend"), memory.layers);
  };
  const change = (patch) => {
    Object.assign(memory.layers, patch);
    show();
    if (!("score" in patch)) drawToolbar(root.querySelector(".toolbar"), data, memory.layers, change);
    sendLayers(root, setStateValue);
  };

  colorSides(root, data.sides);
  root.style.setProperty("--cell", data.cell_width + "px");
  refreshToolbar(root, data, memory, change);
  show();

  const grid = root.querySelector(".grid");
  grid.onclick = (event) => {
    const cell = event.target.closest(".cell");
    if (!cell) return;
    lastOpened = cell.dataset.id;
    setTriggerValue("opened", Number(lastOpened));
  };
  grid.onkeydown = (event) => moveFocus(grid, event);
}
