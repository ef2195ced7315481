// Keyboard shortcuts. In fields, menus and dialogs the keys are letters.

import { editCard, judge } from "./cards.js";
import { undoLast } from "./changes.js";
import { focusFind } from "./find.js";
import { hasAudio, playSentence, skip, toggle } from "./player.js";
import { current, edit, move } from "./sentences.js";

const SKIP_S = 5;
const TYPING = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], [role=textbox]";
const card = () => document.activeElement.closest?.(".section .insight");

const KEYS = {
  "/": focusFind,
  "?": () => document.getElementById("help").showModal(),
  e: () => (card() ? editCard(card()) : edit()),
  a: () => card() && judge(card(), "accepted"),
  r: () => card() && judge(card(), "rejected"),
  z: undoLast,
  ArrowUp: () => move(-1),
  ArrowDown: () => move(1),
  ...(hasAudio ? { " ": toggle, ArrowLeft: () => skip(-SKIP_S), ArrowRight: () => skip(SKIP_S) } : {}),
};

/** Whether a key belongs to the page and not to what has the focus. */
function isOurs(event) {
  const { target, key } = event;
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return false;
  if (target.matches(TYPING) || target.closest("dialog, .menu")) return false;
  if (key === " " && target.matches("button, a, summary, input")) return false;
  if (key.startsWith("Arrow") && (key === "ArrowUp" || key === "ArrowDown")) return Boolean(current()) && target.matches(".message, body, main");
  return true;
}

document.addEventListener("keydown", (event) => {
  if (!isOurs(event)) return;
  if (event.key === "Enter" && event.target.matches(".message")) {
    event.preventDefault();
    if (hasAudio) playSentence(event.target);
    else document.querySelector("#sentence-bar [data-mode=selected] button").focus();
    return;
  }
  const run = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!run) return;
  event.preventDefault();
  run();
});
