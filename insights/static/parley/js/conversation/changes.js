// What was changed, with Undo: in a toast after each change, and in the history.

import { ApiError, call } from "../api.js";
import { localise } from "../page.js";
import { toast } from "../toast.js";
import { refresh } from "./contents.js";
import { gettext } from "../text.js";

const { conversation, edit } = document.getElementById("main").dataset;
const READ_ONLY = gettext("You can read this conversation, but not change it.");
export const mayEdit = edit !== "no";
export const root = `/v1/conversations/${conversation}`;
const latest = []; // changes of this page that can be undone, each a list of ids

let pending = Promise.resolve(); // the change that is being made

/**
 * Make one or more calls, show the result, and offer to undo it. Returns the answers; undefined after an error, which is shown. What was
 * changed before the error can be undone with the key for the last change.
 */
export function change(text, ...calls) {
  if (!mayEdit) {
    toast(READ_ONLY);
    return Promise.resolve();
  }
  const made = make(text, calls);
  pending = made;
  return made;
}

async function make(text, calls) {
  const answers = [];
  const ids = [];
  try {
    for (const [method, path, body] of calls) {
      const answer = await call(method, `${root}${path}`, body);
      answers.push(answer);
      if (answer.changeId) ids.push(answer.changeId);
    }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (ids.length) latest.push(ids);
    toast(error.message);
    await refresh();
    return undefined;
  }
  if (ids.length) {
    latest.push(ids);
    toast(text, { label: gettext("Undo"), run: () => undo(ids) });
  }
  await refresh();
  return answers;
}

/** Undo changes, the last one first. */
export async function undo(ids) {
  const place = latest.indexOf(ids);
  if (place >= 0) latest.splice(place, 1);
  try {
    for (const id of [...ids].reverse()) await call("POST", `${root}/changes/${id}/undo`);
    toast(gettext("Undone"));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast(error.message);
  }
  await refresh();
}

export async function undoLast() {
  await pending;
  if (latest.length) undo(latest.at(-1));
  else toast(gettext("Nothing to undo on this page. Older changes are in the history."));
}

/** Show the history. Its list comes from the server and is fetched each time. */
async function showHistory() {
  const dialog = document.getElementById("history");
  const list = document.getElementById("history-list");
  if (!dialog.open) dialog.showModal();
  const answer = await fetch(`/conversations/${conversation}/history/`);
  if (!answer.ok) return;
  list.innerHTML = await answer.text();
  localise(list);
}

document.getElementById("open-history").addEventListener("click", showHistory);
document.getElementById("history").addEventListener("click", async (event) => {
  const button = event.target.closest("[data-undo]");
  if (!button) return;
  button.disabled = true;
  await undo([button.dataset.undo]);
  await showHistory();
});
