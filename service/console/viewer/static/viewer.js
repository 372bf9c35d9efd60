// An image and what it was enlarged to, in step: side by side or under a bar, with outlines.

import { Pane } from "./pane.js";
import { View } from "./view.js";

const NUDGE = 4; // per cent of the width that a key moves the bar by

const byId = (id) => document.getElementById(id);
const viewer = byId("viewer");
const stages = byId("stages");
const figures = [...stages.querySelectorAll("figure")];
const canvases = figures.map((figure) => figure.querySelector("canvas"));
const overlays = figures.map((figure) => figure.querySelector(".outlines"));
const [bar, drag, outlines, help] = ["bar", "drag", "outlines", "keys"].map(byId);
const findings = [...document.querySelectorAll(".finding")];
const grid = { rows: Number(viewer.dataset.rows), columns: Number(viewer.dataset.columns) };
const sourceScale = Math.max(...overlays.map((overlay) => Number(overlay.dataset.scale)));

const isPressed = (button) => button?.getAttribute("aria-pressed") === "true";
const press = (button, is) => button.setAttribute("aria-pressed", String(is));

const view = new View(canvases, tell, () => isPressed(drag));
const panes = new Map(); // by figure
let share = 50; // where the bar stands, in per cent

function tell() {
  const { place } = view;
  const { center, width } = view.windowOf(view.panes[0]);
  byId("zoom").textContent = `${Math.round(100 * place.scale)} %`;
  byId("window").textContent = `C ${Math.round(center)}  W ${Math.round(width)}`;
  overlays.forEach((overlay, number) => outline(overlay, canvases[number], place));
  const isWhole = panes.size === figures.length && view.isWhole;
  viewer.dataset.drawn = isWhole ? "yes" : "no";
}

// Lay the outlines, which are in pixels of the source, over what a canvas shows.
function outline(overlay, canvas, place) {
  const scale = (place.scale * sourceScale) / devicePixelRatio;
  const left = canvas.clientWidth / 2 - (place.x / sourceScale) * scale;
  const top = canvas.clientHeight / 2 - (place.y / sourceScale) * scale;
  overlay.querySelector(".shapes").setAttribute("transform", `translate(${left} ${top}) scale(${scale})`);
  for (const label of overlay.querySelectorAll("text")) {
    label.setAttribute("x", left + Number(label.dataset.x) * scale + 8);
    label.setAttribute("y", top + Number(label.dataset.y) * scale);
  }
  overlay.classList.toggle("on", isPressed(outlines));
}

function setMode(isSwipe) {
  if (!bar) return;
  press(byId("beside"), !isSwipe);
  press(byId("swipe"), isSwipe);
  stages.classList.toggle("swipe", isSwipe);
  bar.hidden = !isSwipe;
  moveBar(share);
}

function moveBar(to) {
  if (!bar) return;
  share = Math.min(Math.max(to, 0), 100);
  bar.setAttribute("aria-valuenow", String(Math.round(share)));
  bar.style.left = `${share}%`;
  byId("enlarged").style.clipPath = bar.hidden ? "" : `inset(0 0 0 ${share}%)`;
}

function toggleOutlines() {
  if (!outlines) return;
  press(outlines, !isPressed(outlines));
  view.redraw();
}

function toggleDrag() {
  press(drag, !isPressed(drag));
  for (const canvas of canvases) canvas.classList.toggle("window", isPressed(drag));
}

function goTo(finding) {
  if (!finding || !view.panes.length) return;
  const [left, top, right, bottom] = finding.dataset.box.split(" ").map((one) => one * sourceScale);
  view.lookAt((left + right) / 2, (top + bottom) / 2, right - left, bottom - top);
}

async function open(figure, number) {
  const loading = figure.querySelector(".loading");
  const address = figure.dataset.pictures;
  try {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error((await answer.json()).detail);
    const pane = new Pane(canvases[number], address, await answer.json(), view.redraw);
    await pane.open();
    pane.setWindow(view.shift, view.stretch);
    panes.set(figure, pane);
    loading.hidden = true;
    view.show(figures.map((one) => panes.get(one)).filter(Boolean), grid.rows, grid.columns);
  } catch (error) {
    loading.textContent = `It cannot be shown: ${error.message}`;
    loading.classList.add("failed");
  }
}

const acts = {
  "+": "larger", "=": "larger", "-": "smaller", "−": "smaller", f: "fit", z: "every",
  "[": "harder", "]": "softer", ",": "darker", ".": "brighter", r: "reset",
  ArrowUp: "up", ArrowDown: "down", ArrowLeft: "left", ArrowRight: "right",
};
const keys = {
  s: () => setMode(bar?.hidden),
  a: () => moveBar(share - NUDGE),
  d: () => moveBar(share + NUDGE),
  o: toggleOutlines,
  "?": () => help.showModal(),
};
for (const [key, name] of Object.entries(acts)) keys[key] = () => view.act(name);
for (let number = 1; number <= 9; number += 1) keys[number] = () => goTo(findings[number - 1]);

const barKeys = {
  ArrowLeft: -NUDGE, ArrowDown: -NUDGE, ArrowRight: NUDGE, ArrowUp: NUDGE,
  PageDown: -20, PageUp: 20, Home: -100, End: 100,
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.target === bar && key in barKeys) moveBar(share + barKeys[key]);
  else if (key in keys) keys[key]();
  else return;
  event.preventDefault();
});

bar?.addEventListener("pointerdown", (event) => bar.setPointerCapture(event.pointerId));
bar?.addEventListener("pointermove", (event) => {
  if (!bar.hasPointerCapture(event.pointerId)) return;
  const box = stages.getBoundingClientRect();
  moveBar((100 * (event.clientX - box.left)) / box.width);
});
byId("beside")?.addEventListener("click", () => setMode(false));
byId("swipe")?.addEventListener("click", () => setMode(true));
outlines?.addEventListener("click", toggleOutlines);
drag.addEventListener("click", toggleDrag);
byId("help").addEventListener("click", () => help.showModal());
for (const button of document.querySelectorAll("[data-act]")) {
  button.addEventListener("click", () => view.act(button.dataset.act));
}
for (const finding of findings) finding.addEventListener("click", () => goTo(finding));
figures.forEach(open);
