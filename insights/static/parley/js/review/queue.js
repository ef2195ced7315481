// The review queue: keyboard shortcuts, the focus after each insight, and filters that apply at once.

import { ready } from "../ready.js";

const TYPING = "input, textarea, select, [contenteditable]";
const ARROWS = { ArrowLeft: "k", ArrowUp: "k", ArrowRight: "j", ArrowDown: "j" };
const help = document.getElementById("help");
const find = (selector) => document.querySelector(selector);
let settling = false; // the next insight is shown, but its buttons do nothing yet
let early; // the key that was pressed meanwhile

/** Select the text of an open form, unless somebody writes in it already. */
function startEdit(form) {
  const field = form.querySelector("textarea");
  if (form.open && document.activeElement !== field) field.select();
}

/** Press what has this key; return whether there is something. */
function press(key) {
  const found = find(`[data-key="${key}"]`);
  found?.click();
  if (found?.matches(".review-edit summary")) startEdit(found.parentElement); // the next key may come before the toggle event
  return Boolean(found);
}

function play() {
  const audio = find("#item audio");
  if (!audio) return false;
  if (audio.paused) {
    audio.currentTime = 0;
    audio.play().catch(() => {});
  } else audio.pause();
  return true;
}

function run(key) {
  if (key === "?") {
    help.showModal();
    return true;
  }
  return key === "p" ? play() : press(key);
}

document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || help.open) return;
  if (target.matches(".review-edit textarea")) {
    if (key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      target.form.requestSubmit();
    } else if (key === "Escape") {
      target.closest("details").open = false;
      find(".review-edit summary").focus();
    }
    return;
  }
  if (target.matches(TYPING) || (ARROWS[key] && target.matches("audio"))) return;
  const wanted = ARROWS[key] ?? key.toLowerCase();
  if (!["a", "r", "e", "u", "j", "k", "p", "?"].includes(wanted)) return;
  if (settling) early = wanted;
  if (settling || run(wanted)) event.preventDefault();
});

document.addEventListener(
  "toggle",
  ({ target }) => {
    if (target.matches(".review-edit")) startEdit(target);
  },
  true, // the event does not bubble
);

document.addEventListener("htmx:afterSwap", ({ target }) => {
  if (target.id === "item") settling = true;
});

document.addEventListener("htmx:afterSettle", ({ target }) => {
  if (target.id !== "item") return;
  find("#review-text")?.focus();
  const key = early;
  settling = false;
  early = undefined;
  if (key) run(key);
});

find(".review-filters").addEventListener("change", ({ currentTarget }) => currentTarget.requestSubmit());
find("[data-open=help]").addEventListener("click", () => help.showModal());
ready("review");
