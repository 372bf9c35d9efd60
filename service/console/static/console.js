// Times in the reader's own zone, questions before deeds, and a word when the node is gone.

const LOCAL = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium" });

function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    time.textContent = LOCAL.format(moment);
    time.title = moment.toISOString();
  }
}

function lost(is) {
  document.getElementById("lost").hidden = !is;
}

localise(document);
document.body.addEventListener("htmx:afterSwap", () => localise(document));
document.body.addEventListener("htmx:sendError", () => lost(true));
document.body.addEventListener("htmx:timeout", () => lost(true));
document.body.addEventListener("htmx:responseError", () => lost(true));
document.body.addEventListener("htmx:afterOnLoad", () => lost(false));

document.addEventListener("submit", (event) => {
  const question = event.target.dataset.ask;
  if (question && !window.confirm(question)) event.preventDefault();
});

for (const link of document.querySelectorAll("[data-back]")) {
  link.addEventListener("click", (event) => {
    if (history.length < 2) return;
    event.preventDefault();
    history.back();
  });
}
