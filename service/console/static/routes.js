// The editor of routes: numbers of lines, the caret where a mistake is, a file that is tried.

const HEADER = 1_000_000; // bytes of a file: its pixels stay here

const text = document.getElementById("text");
const gutter = document.getElementById("gutter");

function number() {
  const lines = text.value.split("\n").length;
  const wrong = new Set([...document.querySelectorAll("#findings .bad [data-line]")].map((one) => one.dataset.line));
  gutter.replaceChildren(
    ...Array.from({ length: lines }, (_, at) => {
      const line = document.createElement("span");
      line.textContent = `${at + 1}\n`;
      line.classList.toggle("bad", wrong.has(String(at + 1)));
      return line;
    }),
  );
  gutter.scrollTop = text.scrollTop;
}

function goTo(line, column) {
  const lines = text.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  const at = Math.min(start + column - 1, text.value.length);
  text.focus();
  text.setSelectionRange(at, at);
  const height = text.scrollHeight / Math.max(lines.length, 1);
  text.scrollTop = Math.max((line - 5) * height, 0);
  text.scrollLeft = 0;
}

if (text) {
  number();
  text.addEventListener("input", number);
  text.addEventListener("scroll", () => { gutter.scrollTop = text.scrollTop; });
  document.body.addEventListener("htmx:afterSettle", number);
  document.addEventListener("click", (event) => {
    const place = event.target.closest("[data-line]");
    if (place) goTo(Number(place.dataset.line), Number(place.dataset.column));
  });
  document.addEventListener("click", (event) => {
    const question = event.target.closest("[data-ask-before]")?.dataset.askBefore;
    if (question && !window.confirm(question)) event.preventDefault();
  });
}

async function tryFile(place, file) {
  const calling = document.querySelector('input[name="calling"]').value;
  const answer = await fetch(`${place.dataset.try}?${new URLSearchParams({ calling })}`, {
    method: "POST",
    headers: { "Content-Type": "application/dicom", "X-CSRF-Token": place.dataset.csrf, Accept: "text/html" },
    body: file.slice(0, HEADER),
  });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const found = page.getElementById("tried") ?? page.querySelector(".notice");
  const there = document.getElementById("tried");
  there.replaceChildren(...(found.id ? found.childNodes : [found]));
}

for (const place of document.querySelectorAll("[data-try]")) {
  const chosen = place.querySelector('input[type="file"]');
  chosen.addEventListener("change", () => chosen.files[0] && tryFile(place, chosen.files[0]));
  place.addEventListener("dragover", (event) => { event.preventDefault(); place.classList.add("over"); });
  place.addEventListener("dragleave", () => place.classList.remove("over"));
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    place.classList.remove("over");
    if (event.dataTransfer.files[0]) tryFile(place, event.dataTransfer.files[0]);
  });
}
