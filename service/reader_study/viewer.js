// The two pictures of a case, in step.

import { Pane } from "./pane.js";
import { View } from "./view.js";

const main = document.querySelector("main");
const canvases = [...document.querySelectorAll("canvas")];
const markers = [...document.querySelectorAll(".marker")];
const drag = document.getElementById("drag");

const isPressed = (button) => button.getAttribute("aria-pressed") === "true";

const view = new View(canvases, tell, () => isPressed(drag));

export const act = (name) => view.act(name);

function tell() {
  const { center, width } = view.windowOf(view.panes[0]);
  const [c, w] = [center, width].map(Math.round);
  document.getElementById("zoom").textContent = `${Math.round(100 * view.place.scale)} %`;
  document.getElementById("window").textContent = `C ${c}  W ${w}`;
  main.dataset.drawn = view.isWhole ? "yes" : "no";
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
    const panes = canvases.map((canvas) => {
      const shown = { tile: told.tile, sizes: told.sizes, window: told.windows[canvas.id] };
      return new Pane(canvas, `${address}/${canvas.id}`, shown, view.redraw);
    });
    await Promise.all(panes.map((pane) => pane.open()));
    loading.hidden = true;
    view.show(panes, ...told.sizes[0]);
  } catch (error) {
    loading.textContent = `This case cannot be shown: ${error.message}`;
  }
}

export function start() {
  canvases.forEach((canvas, number) => {
    canvas.addEventListener("pointermove", (event) => mark(number, event));
    canvas.addEventListener("pointerleave", () => markers.forEach((marker) => { marker.hidden = true; }));
  });
  for (const button of document.querySelectorAll("[data-act]")) {
    button.addEventListener("click", () => act(button.dataset.act));
  }
  drag.addEventListener("click", () => {
    drag.setAttribute("aria-pressed", String(!isPressed(drag)));
    for (const canvas of canvases) canvas.classList.toggle("window", isPressed(drag));
  });
  open();
}
