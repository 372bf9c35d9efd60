// The keyboard: everything can be done with it.

import * as answers from "./answers.js";
import * as viewer from "./viewer.js";

const help = document.getElementById("keys");

const keys = {
  ArrowUp: () => answers.move(-1),
  ArrowDown: () => answers.move(1),
  ArrowLeft: () => answers.turn("before"),
  ArrowRight: () => answers.turn("next"),
  Enter: () => answers.next(),
  n: () => answers.answer("n"),
  "?": () => help.showModal(),
};
for (const key of "12345") keys[key] = () => answers.answer(key);

const acts = {
  "+": "larger", "=": "larger", "-": "smaller", "−": "smaller", f: "fit", z: "every",
  "[": "harder", "]": "softer", ",": "darker", ".": "brighter", r: "reset",
};
for (const [key, name] of Object.entries(acts)) keys[key] = () => viewer.act(name);

const shifted = { ArrowUp: "up", ArrowDown: "down", ArrowLeft: "left", ArrowRight: "right" };

// A button or a link that has the focus is pressed by Enter, unless it is an answer already given.
function isFor(element) {
  const button = element.closest?.("a, button");
  return button && !button.matches('.choice[aria-pressed="true"]');
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
  if (event.key === "Enter" && (event.repeat || isFor(event.target))) return;
  const named = event.shiftKey && shifted[event.key];
  const deed = named ? () => viewer.act(named) : keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!deed) return;
  event.preventDefault();
  deed();
});

document.getElementById("help").addEventListener("click", () => help.showModal());
answers.start();
viewer.start();
