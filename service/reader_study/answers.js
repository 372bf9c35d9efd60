// The questions: which one is asked, what was answered, and that it is kept.

const main = document.querySelector("main");
const questions = [...document.querySelectorAll(".question")];
const alert = document.getElementById("alert");
const said = document.getElementById("said");
const nextLink = document.getElementById("next");
let current = 0;
let saving = Promise.resolve(); // one after the other, in the order in which they were given
let hasWarned = false;

const pressed = (question) => question.querySelector('[aria-pressed="true"]');
const firstOpen = () => questions.findIndex((question) => !pressed(question));

function mark(question) {
  question.classList.toggle("done", Boolean(pressed(question)));
}

export function moveTo(number) {
  current = Math.min(Math.max(number, 0), questions.length - 1);
  questions.forEach((question, index) => {
    question.classList.toggle("current", index === current);
    if (index === current) question.setAttribute("aria-current", "true");
    else question.removeAttribute("aria-current");
  });
  questions[current].scrollIntoView({ block: "nearest" });
}

export const move = (by) => moveTo(current + by);

export function answer(key, number = current) {
  const question = questions[number];
  const before = pressed(question);
  const button = question.querySelector(`[data-key="${key}"]`);
  press(question, button);
  button.classList.add("saving");
  hasWarned = false;
  saving = saving.then(() => save(question, button, before));
  moveTo(number + 1);
}

function press(question, button) {
  for (const one of question.querySelectorAll(".choice")) {
    one.setAttribute("aria-pressed", String(one === button));
  }
  mark(question);
}

async function save(question, button, before) {
  const { criterion } = question.dataset;
  const given = button.dataset.key === "n" ? null : Number(button.dataset.key);
  try {
    const kept = await fetch(`/case/${main.dataset.case}/answers`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ criterion, given }),
      keepalive: true,
    });
    if (!kept.ok) throw new Error(await kept.text());
    tell(await kept.json(), question, button);
  } catch (error) {
    press(question, before);
    warn(`“${name(question)}” was not kept: ${error.message}. What was answered before is safe; `
      + "see whether senoscope reader-study still runs, and answer again.");
  } finally {
    button.classList.remove("saving");
  }
}

const name = (question) => question.getAttribute("aria-label");

function tell(told, question, button) {
  alert.hidden = true;
  document.getElementById("progress").value = told.all;
  document.getElementById("answered").textContent = told.all;
  said.textContent = `${name(question)}: ${button.getAttribute("aria-label")}. Kept.`;
}

function warn(message) {
  alert.textContent = message;
  alert.hidden = false;
}

// Go to the next case; where questions are open, only when asked twice.
export async function next() {
  await saving;
  const open = questions.filter((question) => !pressed(question)).length;
  if (open && !hasWarned) {
    hasWarned = true;
    moveTo(firstOpen());
    warn(`${open} of ${questions.length} questions are open; Enter goes on all the same.`);
    return;
  }
  location.assign(nextLink.href);
}

export async function turn(id) {
  await saving;
  const link = document.getElementById(id);
  if (link) location.assign(link.href);
}

export function start() {
  questions.forEach((question, number) => {
    mark(question);
    for (const button of question.querySelectorAll(".choice")) {
      button.addEventListener("click", () => answer(button.dataset.key, number));
    }
    question.addEventListener("pointerdown", () => moveTo(number));
    question.addEventListener("focusin", () => moveTo(number));
  });
  moveTo(firstOpen());
}
