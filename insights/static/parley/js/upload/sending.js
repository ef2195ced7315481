// The recordings that are being sent from this page: a few at a time, each with progress, Cancel and Retry.

import { onRetry, refresh, remember } from "./imports.js";
import { send } from "./send.js";
import { call } from "../api.js";
import { gettext } from "../text.js";

const AT_ONCE = 2; // more would only share the connection
const MB = 1024 * 1024;

const rows = document.getElementById("sending");
const section = document.getElementById("uploads");
const pattern = document.getElementById("sending-row");
const queue = [];
const items = new Set();
let running = 0;

const isOpen = (item) => item.state === "waiting" || item.state === "sending";

function show(item, text, percent) {
  const part = (selector) => item.row.querySelector(selector);
  part(".about").textContent = text;
  part(".about").classList.toggle("wrong", item.state === "failed");
  part("progress").hidden = !isOpen(item);
  if (percent === undefined) part("progress").removeAttribute("value");
  else part("progress").value = percent;
  part("[data-do=cancel]").hidden = !isOpen(item);
  part("[data-do=retry]").hidden = isOpen(item) || item.refused;
  part("[data-do=remove]").hidden = isOpen(item);
}

function fail(item, reason) {
  item.state = "failed";
  show(item, `${gettext("Failed.")} ${reason}`);
  document.getElementById("upload-news").textContent = `${item.recording.name}: ${gettext("failed")}. ${reason}`;
}

function refusal({ file }) {
  const most = Number(section.dataset.mostMb);
  if (file && file.size > most * MB) return gettext("The file is larger than {most} MB.", { most });
  if (file && !file.size) return gettext("The file is empty.");
  return "";
}

async function run(item) {
  running += 1;
  item.state = "sending";
  item.controller = new AbortController();
  show(item, item.recording.file ? gettext("Uploading, {percent}%", { percent: 0 }) : gettext("Starting"));
  try {
    const { signal } = item.controller;
    const onProgress = (share) => {
      const text = share < 1 ? gettext("Uploading, {percent}%", { percent: Math.floor(100 * share) }) : gettext("Starting");
      if (!signal.aborted) show(item, text, 100 * share);
    };
    const accepted = await send(item.recording, onProgress, signal);
    remember(accepted.jobId, item.recording);
    if (signal.aborted) await call("POST", `/v1/job/${accepted.jobId}/cancel`).catch(() => undefined); // the list shows what became of it
    await item.onAccepted?.();
    await refresh();
    item.row.remove();
    item.state = "accepted";
  } catch (error) {
    if (error.name === "AbortError") {
      item.state = "cancelled";
      show(item, gettext("Cancelled"));
    } else fail(item, error.message);
  }
  running -= 1;
  next();
}

function next() {
  while (running < AT_ONCE && queue.length) {
    const item = queue.shift();
    if (item.state === "waiting") run(item);
  }
}

function enqueue(item) {
  item.state = "waiting";
  show(item, gettext("Waiting"), 0);
  queue.push(item);
  next();
}

const ACTIONS = {
  cancel(item) {
    if (item.state === "sending") {
      show(item, gettext("Cancelling…"));
      item.row.querySelector("[data-do=cancel]").hidden = true;
      item.controller.abort();
    } else {
      item.state = "cancelled";
      show(item, gettext("Cancelled"));
    }
  },
  retry: enqueue,
  remove: (item) => item.row.remove(),
};

/** Send a recording `{file | url, name, language, storeAudio, several, translate}`; `onAccepted` is called when the server has it. */
export function add(recording, onAccepted) {
  section.hidden = false;
  const item = { recording, onAccepted, row: pattern.content.firstElementChild.cloneNode(true) };
  item.row.querySelector(".name").textContent = recording.name;
  item.row.querySelector("progress").setAttribute("aria-label", gettext("Upload of {name}", { name: recording.name }));
  for (const button of item.row.querySelectorAll("[data-do]")) {
    button.setAttribute("aria-label", `${button.textContent}: ${recording.name}`);
    button.addEventListener("click", () => {
      const list = item.row.parentElement;
      ACTIONS[button.dataset.do](item);
      if (!list.contains(document.activeElement) || document.activeElement.hidden) item.row.querySelector("[data-do]:not([hidden])")?.focus();
    });
  }
  rows.append(item.row);
  items.add(item);
  const reason = refusal(recording);
  item.refused = Boolean(reason);
  if (reason) fail(item, reason);
  else enqueue(item);
}

window.addEventListener("beforeunload", (event) => {
  if ([...items].some(isOpen)) event.preventDefault();
});

onRetry(add);
