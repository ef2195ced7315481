// Asks before a form with `data-confirm` (the question) is sent, by htmx or by the browser. `data-text` explains, `data-yes` names the button.

import { ready } from "./ready.js";

const dialog = document.getElementById("confirm");
let asked;

function ask(form) {
  asked = form;
  document.getElementById("confirm-title").textContent = form.dataset.confirm;
  document.getElementById("confirm-text").textContent = form.dataset.text;
  document.getElementById("confirm-yes").textContent = form.dataset.yes;
  dialog.returnValue = "";
  dialog.showModal();
}

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (!form.dataset.confirm || form.dataset.confirmed) return;
    event.preventDefault();
    event.stopImmediatePropagation(); // htmx listens to the form itself
    ask(form);
  },
  true,
);

dialog.addEventListener("close", () => {
  if (dialog.returnValue !== "yes") return;
  asked.dataset.confirmed = "yes";
  asked.requestSubmit();
});

document.addEventListener("htmx:afterSwap", () => ready("confirm"));
ready("confirm");
