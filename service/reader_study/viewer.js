// Both pictures in step: one view, one window.

import { Pane } from "./pane.js";

const MOST_SCALE = 16;
const STEP = 1.25; // of zoom
const NUDGE = 0.15; // of the screen
const CONTRAST = 1.12;
const BRIGHTNESS = 0.05; // of the width of the window

const main = document.querySelector("main");
const canvases = [...document.querySelectorAll("canvas")];
const markers = [...document.querySelectorAll(".marker")];
const view = { x: 0, y: 0, scale: 1, shift: 0, stretch: 1 };
let panes = [];
let isFitted = true;
let isDue = false;

const isPressed = (button) => button.getAttribute("aria-pressed") === "true";

function redraw() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    for (const pane of panes) pane.draw(view);
    tell();
  });
}

function tell() {
  const { center, width } = panes[0].window;
  const [c, w] = [center + view.shift * width, view.stretch * width].map(Math.round);
  document.getElementById("zoom").textContent = `${Math.round(100 * view.scale)} %`;
  document.getElementById("window").textContent = `C ${c}  W ${w}`;
  main.dataset.drawn = panes.every((pane) => pane.isWhole) ? "yes" : "no";
}

function size() {
  const [rows, columns] = panes[0].sizes[0];
  return { rows, columns, width: canvases[0].width, height: canvases[0].height };
}

function fittingScale() {
  const { rows, columns, width, height } = size();
  return Math.min(width / columns, height / rows);
}

function fit() {
  const { rows, columns } = size();
  Object.assign(view, { x: columns / 2, y: rows / 2, scale: fittingScale() });
  isFitted = true;
  redraw();
}

// Zoom so that the point of the picture at (fromX, fromY) from the middle stays where it is.
function zoom(scale, fromX = 0, fromY = 0) {
  const next = Math.min(Math.max(scale, fittingScale() / 2), MOST_SCALE);
  view.x += fromX / view.scale - fromX / next;
  view.y += fromY / view.scale - fromY / next;
  view.scale = next;
  isFitted = false;
  move(0, 0);
}

function move(byX, byY) {
  const { rows, columns } = size();
  view.x = Math.min(Math.max(view.x + byX / view.scale, 0), columns);
  view.y = Math.min(Math.max(view.y + byY / view.scale, 0), rows);
  isFitted = isFitted && !byX && !byY;
  redraw();
}

function setWindow(shift, stretch) {
  view.shift = Math.min(Math.max(shift, -1.5), 1.5);
  view.stretch = Math.min(Math.max(stretch, 0.02), 8);
  for (const pane of panes) pane.setWindow(view.shift, view.stretch);
  redraw();
}

const nudge = (x, y) => () => move(x * NUDGE * canvases[0].width, y * NUDGE * canvases[0].height);
const brighten = (by) => () => setWindow(view.shift - by * view.stretch, view.stretch);

export const acts = {
  larger: () => zoom(view.scale * STEP),
  smaller: () => zoom(view.scale / STEP),
  fit,
  every: () => zoom(1),
  left: nudge(-1, 0),
  right: nudge(1, 0),
  up: nudge(0, -1),
  down: nudge(0, 1),
  harder: () => setWindow(view.shift, view.stretch / CONTRAST),
  softer: () => setWindow(view.shift, view.stretch * CONTRAST),
  brighter: brighten(BRIGHTNESS),
  darker: brighten(-BRIGHTNESS),
  reset: () => setWindow(0, 1),
};

export function act(name) {
  if (panes.length) acts[name]();
}

function resized() {
  for (const canvas of canvases) {
    canvas.width = Math.round(canvas.clientWidth * devicePixelRatio);
    canvas.height = Math.round(canvas.clientHeight * devicePixelRatio);
  }
  if (!panes.length) return;
  if (isFitted) fit();
  else redraw();
}

// Where an event is, from the middle of its canvas, in pixels of the screen.
function fromMiddle(canvas, event) {
  const box = canvas.getBoundingClientRect();
  const x = (event.clientX - box.left - box.width / 2) * devicePixelRatio;
  const y = (event.clientY - box.top - box.height / 2) * devicePixelRatio;
  return [x, y];
}

function listen(canvas, number) {
  const drag = document.getElementById("drag");
  let held = null;
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (panes.length) zoom(view.scale * STEP ** (-Math.sign(event.deltaY)), ...fromMiddle(canvas, event));
  }, { passive: false });
  canvas.addEventListener("pointerdown", (event) => {
    const isWindow = event.button === 2 || event.shiftKey || isPressed(drag);
    held = { x: event.clientX, y: event.clientY, isWindow };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    mark(number, event);
    if (!held || !panes.length) return;
    const [dx, dy] = [event.clientX - held.x, event.clientY - held.y];
    Object.assign(held, { x: event.clientX, y: event.clientY });
    if (held.isWindow) {
      const shift = view.shift + (dy / canvas.clientHeight) * view.stretch;
      setWindow(shift, view.stretch * Math.exp((2 * dx) / canvas.clientWidth));
    } else move(-dx * devicePixelRatio, -dy * devicePixelRatio);
  });
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { held = null; });
  canvas.addEventListener("pointerleave", () => markers.forEach((marker) => { marker.hidden = true; }));
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener("dblclick", (event) => {
    if (!panes.length) return;
    if (isFitted) zoom(1, ...fromMiddle(canvas, event));
    else fit();
  });
}

// Show on the other picture where the pointer is on this one.
function mark(number, event) {
  const box = canvases[number].getBoundingClientRect();
  const [here, other] = [markers[number], markers[1 - number]];
  here.hidden = true;
  other.hidden = false;
  other.style.transform = `translate(${event.clientX - box.left}px, ${event.clientY - box.top}px)`;
}

async function open() {
  const address = `/case/${main.dataset.case}`;
  const loading = document.getElementById("loading");
  try {
    const answer = await fetch(`${address}/pictures`);
    if (!answer.ok) throw new Error(await answer.text());
    const told = await answer.json();
    const found = canvases.map((canvas) => new Pane(canvas, address, canvas.id, told, redraw));
    await Promise.all(found.map((pane) => pane.open()));
    panes = found;
    loading.hidden = true;
    resized();
  } catch (error) {
    loading.textContent = `This case cannot be shown: ${error.message}`;
  }
}

export function start() {
  canvases.forEach(listen);
  for (const button of document.querySelectorAll("[data-act]")) {
    button.addEventListener("click", () => act(button.dataset.act));
  }
  const drag = document.getElementById("drag");
  drag.addEventListener("click", () => {
    drag.setAttribute("aria-pressed", String(!isPressed(drag)));
    for (const canvas of canvases) canvas.classList.toggle("window", isPressed(drag));
  });
  new ResizeObserver(resized).observe(canvases[0]);
  open();
}
