// The page of a conversation: starts its parts, and has the actions at its top.

import { ApiError, call } from "../api.js";
import { toast } from "../toast.js";
import { ask } from "./ask.js";
import "./cards.js";
import { change, root } from "./changes.js";
import { deletesItself, follow } from "./contents.js";
import "./find.js";
import "./keys.js";
import { Notes } from "../notes.js";
import "./outline.js";
import { goTo, position } from "./player.js";
import { ready } from "../ready.js";
import "./replace.js";
import { show } from "./sentences.js";
import "./speakers.js";
import { gettext } from "../text.js";

const main = document.getElementById("main");
const by = (id) => document.getElementById(id);

/** Show the sentence or the card that the address names. */
function showTarget() {
  const target = by(location.hash.slice(1));
  if (target?.matches(".message")) show(target);
  else if (target?.matches(".insight")) {
    target.closest("details")?.setAttribute("open", "");
    target.closest(".long")?.classList.add("all");
    target.scrollIntoView({ block: "center" });
    target.focus({ preventScroll: true });
  }
}

async function rename() {
  const name = await ask({ title: gettext("Rename the conversation"), label: gettext("Title"), initial: by("title").textContent, yes: gettext("Rename") });
  if (name && name !== by("title").textContent) await change(gettext("Conversation renamed"), ["PUT", "", { name }]);
}

/** Copy the minutes as Markdown; pages without https may not, and download them instead. */
async function copyMinutes(query = "") {
  const url = `/conversations/${main.dataset.conversation}/download.minutes.md${query}`;
  const text = async () => {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`minutes: status ${answer.status}`);
    return new Blob([await answer.text()], { type: "text/plain" });
  };
  try {
    await navigator.clipboard.write([new ClipboardItem({ "text/plain": text() })]);
    toast(gettext("Minutes copied"));
  } catch {
    location.assign(url);
    toast(gettext("This browser cannot copy here. The minutes are downloaded instead."));
  }
}

async function deleteNow() {
  by("delete").close();
  const text = gettext("The transcript, the insights and the audio are removed at once, and cannot be restored.");
  if (!(await ask({ title: gettext("Delete now?"), text, yes: gettext("Delete for good"), danger: true }))) return;
  deletesItself(true);
  try {
    await call("DELETE", root);
    location.assign("/conversations/?done=deleted");
  } catch (error) {
    deletesItself(false);
    if (!(error instanceof ApiError)) throw error;
    toast(error.message);
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#']");
  if (link && by(link.getAttribute("href").slice(1))?.matches(".message, .insight")) {
    event.preventDefault();
    history.replaceState(null, "", link.href);
    showTarget();
  }
  // No submit button: Enter in a field of a form presses the first of them.
  if (event.target.closest("[data-cancel]")) event.target.closest("dialog").close();
  if (event.target.closest("[data-do=title]")) rename();
  const mark = event.target.closest("[data-do=remove-bookmark]");
  if (mark) change(gettext("Bookmark deleted"), ["DELETE", `/bookmarks/${mark.dataset.bookmark}`]);
});
by("copy-minutes").addEventListener("click", () => copyMinutes());
by("copy-with-notes").addEventListener("click", () => copyMinutes("?notes=yes"));
if (by("note-list")) new Notes({ conversation: () => main.dataset.conversation, now: position });
by("open-delete").addEventListener("click", () => by("delete").showModal());
by("delete-now").addEventListener("click", deleteNow);
by("delete").querySelector("[method=post]").addEventListener("submit", () => deletesItself(true));
by("open-help").addEventListener("click", () => by("help").showModal());
window.addEventListener("hashchange", showTarget);
showTarget();
const at = new URLSearchParams(location.search).get("at");
if (at && !location.hash) goTo(Number(at), false);
follow();
ready("conversation");
