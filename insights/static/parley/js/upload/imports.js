// The list of imports as the server shows it, fetched again while one is unfinished; cancel, retry and remove in it.

import { call, token } from "../api.js";
import { localise } from "../page.js";
import { ready } from "../ready.js";
import { toast } from "../toast.js";
import { gettext } from "../text.js";

const PAUSE_MS = 1000;
const HIDDEN_PAUSE_MS = 10_000;

const list = document.getElementById("imports");
const section = document.getElementById("uploads");
const unreachable = document.getElementById("unreachable");
const sources = new Map(); // by job: what was sent, to send it again
let waiting;
let retry = () => {};

/** Remember what a job was made of, so that it can be sent again. */
export function remember(job, recording) {
  sources.set(job, recording);
}

/** Call `send` with a recording, and with a function to call when it was accepted, when somebody presses Retry. */
export function onRetry(send) {
  retry = send;
}

function sourceOf(row) {
  const { job, url, name } = row.dataset;
  return sources.get(job) ?? (url ? { url, name } : undefined);
}

function offerRetry(root) {
  for (const row of root.querySelectorAll("[data-job]")) {
    const button = row.querySelector("[data-do=retry]");
    if (button) button.hidden = !sourceOf(row);
  }
}

function announce(made) {
  for (const row of made.querySelectorAll("[data-job]")) {
    const shown = document.getElementById(row.id);
    const { state, name } = row.dataset;
    if (!shown || shown.dataset.state === state) continue;
    const words = { finished: gettext("finished"), failed: gettext("failed"), cancelled: gettext("cancelled") }[state];
    if (words) document.getElementById("upload-news").textContent = `${name}: ${words}`;
  }
}

/** Show the imports as they are now, and continue while one is unfinished. */
export async function refresh() {
  clearTimeout(waiting);
  let again = true;
  try {
    const answer = await fetch(section.dataset.imports);
    if (answer.redirected) {
      location.reload(); // signed out
      return;
    }
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const made = document.createElement("div");
    made.innerHTML = await answer.text();
    localise(made);
    ready("upload", made);
    offerRetry(made);
    announce(made);
    globalThis.Idiomorph.morph(list, made, { morphStyle: "innerHTML" });
    again = Boolean(list.querySelector("[data-unfinished]"));
    unreachable.hidden = true;
  } catch {
    unreachable.hidden = false;
  }
  clearTimeout(waiting);
  if (again) waiting = setTimeout(refresh, document.hidden ? HIDDEN_PAUSE_MS : PAUSE_MS);
}

/** Move the empty conversation of a failed import to the bin. */
async function remove(row) {
  await fetch(`/conversations/${row.dataset.conversation}/delete/`, {
    method: "POST",
    headers: { "X-CSRFToken": token(), "HX-Request": "true" },
  });
  sources.delete(row.dataset.job);
}

const ACTIONS = {
  cancel: (row) => call("POST", `/v1/job/${row.dataset.job}/cancel`),
  remove,
  retry: (row) => retry(sourceOf(row), () => (row.dataset.messages === "0" ? remove(row) : undefined)),
};

list.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-do]");
  if (!button) return;
  button.disabled = true;
  try {
    await ACTIONS[button.dataset.do](button.closest("[data-job]"));
  } catch (error) {
    toast(error.message);
  }
  button.disabled = false;
  refresh();
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && list.querySelector("[data-unfinished]")) refresh();
});

offerRetry(list);
if (list.querySelector("[data-unfinished]")) waiting = setTimeout(refresh, PAUSE_MS);
