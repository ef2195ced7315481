// The share dialog: a part of a page that is fetched when it opens and whose forms are sent without leaving the page.
// A button with `data-share` names the address of the part. On the page of the part itself only copying is added.

import "./copy.js";
import { localise } from "./page.js";
import { ready } from "./ready.js";
import { gettext } from "./text.js";

const dialog = document.getElementById("share-dialog");
const body = document.getElementById("share-body");

function problem(text) {
  const shown = Object.assign(document.createElement("p"), { className: "notice bad", textContent: text });
  shown.setAttribute("role", "alert");
  for (const earlier of body.querySelectorAll(".notice")) earlier.remove();
  body.prepend(shown);
}

async function show(address, options = {}) {
  let response;
  try {
    response = await fetch(address, { ...options, headers: { "X-Part": "1" }, redirect: "manual", cache: "no-store" });
  } catch {
    problem(gettext("No connection. Try again."));
    return;
  }
  if (response.type === "opaqueredirect") problem(gettext("You were signed out. Sign in again, then come back to this page."));
  else if (response.ok || response.status === 400) {
    body.innerHTML = await response.text(); // our own server's escaped template
    localise(body);
    ready("copy", body);
    const news = body.querySelector("[role=alert], [role=status]");
    (news ?? body.querySelector("input:not([type=hidden])"))?.scrollIntoView({ block: "nearest" });
    if (news) {
      news.tabIndex = -1; // the button that had the focus is gone
      news.focus();
    }
  } else problem(gettext("That did not work. Close this window and try again."));
}

for (const button of document.querySelectorAll("[data-share]"))
  button.addEventListener("click", () => {
    dialog.showModal();
    show(button.dataset.share);
  });

body?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const data = new FormData(form, event.submitter);
  const buttons = [...form.querySelectorAll("button")];
  for (const button of buttons) button.disabled = true;
  await show(form.action, { method: "POST", body: new URLSearchParams(data) });
  for (const button of buttons) button.disabled = false; // without an answer they are still there
});
ready("share");
