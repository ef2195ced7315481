// The selected sentence of the transcript, and what can be done with it: edit, split, join, delete, make an insight or a bookmark of it.

import { ask } from "./ask.js";
import { change, mayEdit } from "./changes.js";
import { toast } from "../toast.js";
import { gettext } from "../text.js";

const bar = document.getElementById("sentence-bar");
const contents = document.getElementById("contents");
let selected; // the id of the element: a refresh may replace the element itself
let before; // the words before they were edited

const element = () => (selected ? document.getElementById(selected) : null);
const messageOf = (sentence) => sentence.id.slice(2);
const all = () => [...contents.querySelectorAll(".message")];
export const current = element;
const editing = () => contents.querySelector("[contenteditable]");

function mode(name) {
  for (const group of bar.children) group.hidden = group.dataset.mode !== name;
}

function place() {
  const sentence = element();
  if (!sentence) return;
  const [first] = sentence.getClientRects();
  if (!first) return;
  bar.style.left = `${Math.min(first.left + window.scrollX, document.documentElement.clientWidth - bar.offsetWidth - 8)}px`;
  bar.style.top = `${first.top + window.scrollY - bar.offsetHeight - 6}px`;
}

/** Select a sentence, show what can be done with it, and focus it. */
export function select(sentence, { focus = true, scroll = false } = {}) {
  element()?.classList.remove("selected");
  for (const one of contents.querySelectorAll('.message[tabindex="0"]')) one.tabIndex = -1;
  selected = sentence?.id;
  bar.hidden = !sentence;
  if (!sentence) return;
  sentence.classList.add("selected");
  sentence.tabIndex = 0;
  if (scroll) sentence.scrollIntoView({ block: "center" });
  if (focus) sentence.focus({ preventScroll: true });
  mode(sentence.isContentEditable ? "editing" : "selected");
  place();
}

/** Select the sentence `step` places further. */
export function move(step) {
  const sentences = all();
  const at = sentences.indexOf(element());
  const next = sentences[at < 0 ? 0 : at + step];
  if (!next) return;
  select(next);
  next.scrollIntoView({ block: "nearest" });
}

/** Show the sentence that a link, a hit or a place of the recording points to. */
export function show(sentence) {
  select(sentence, { scroll: true });
  sentence.classList.add("shown");
  setTimeout(() => sentence.classList.remove("shown"), 2500);
}

export function edit() {
  const sentence = element();
  if (!mayEdit || !sentence || sentence.isContentEditable) return;
  before = sentence.textContent;
  sentence.contentEditable = "plaintext-only";
  sentence.setAttribute("role", "textbox");
  sentence.setAttribute("aria-multiline", "true");
  sentence.setAttribute("aria-label", gettext("Words of the sentence"));
  sentence.focus();
  getSelection().selectAllChildren(sentence);
  getSelection().collapseToEnd();
  mode("editing");
  place();
}

function leave(sentence) {
  sentence.contentEditable = "inherit";
  for (const name of ["contenteditable", "role", "aria-multiline", "aria-label"]) sentence.removeAttribute(name);
  mode("selected");
}

export async function save() {
  const sentence = editing();
  if (!sentence) return;
  const [text, message] = [sentence.textContent.trim(), messageOf(sentence)];
  leave(sentence);
  if (!text) {
    sentence.textContent = before;
    toast(gettext("A sentence needs at least one word. To remove it, delete it."));
  } else if (text !== before) {
    await change(gettext("Sentence edited"), ["PATCH", `/messages/${message}`, { text }]);
  }
  reselect();
}

export function cancel() {
  const sentence = editing();
  if (!sentence) return;
  sentence.textContent = before;
  leave(sentence);
  select(sentence);
}

/** Characters before the cursor, counted as the server counts them. */
function cursor(sentence) {
  const { anchorNode, anchorOffset } = getSelection();
  if (!sentence.contains(anchorNode)) return 0;
  const range = document.createRange();
  range.selectNodeContents(sentence);
  range.setEnd(anchorNode, anchorOffset);
  return [...range.toString()].length;
}

async function split() {
  const sentence = editing();
  const [offset, text, message] = [cursor(sentence), sentence.textContent.trim(), messageOf(sentence)];
  leave(sentence);
  const calls = text !== before ? [["PATCH", `/messages/${message}`, { text }]] : [];
  await change(gettext("Sentence split"), ...calls, ["POST", `/messages/${message}/split`, { offset }]);
  reselect();
}

/** The words that the person marked inside one sentence, else the whole sentence. */
function marked(sentence) {
  const chosen = getSelection();
  const words = chosen.isCollapsed || !sentence.contains(chosen.anchorNode) ? "" : chosen.toString().trim();
  return words || sentence.textContent.trim();
}

async function add(kind, label) {
  const sentence = element();
  const body = { type: kind, messageId: messageOf(sentence), text: marked(sentence) };
  await change(gettext("{kind} added", { kind: label }), ["POST", "/insights", body]);
}

async function bookmark() {
  const sentence = element();
  const messageRefs = [{ id: messageOf(sentence) }];
  const label = await ask({ title: gettext("New bookmark"), label: gettext("Name"), initial: marked(sentence).slice(0, 60), yes: gettext("Add bookmark") });
  if (label) await change(gettext("Bookmark added"), ["POST", "/bookmarks", { label, messageRefs }]);
}

async function remove() {
  const sentence = element();
  const text = gettext("Its words, insights and audio are removed for good. This cannot be undone.");
  if (!(await ask({ title: gettext("Delete this sentence?"), text, yes: gettext("Delete"), danger: true }))) return;
  const next = all()[all().indexOf(sentence) + 1]?.id;
  if (await change(gettext("Sentence deleted"), ["DELETE", `/messages/${messageOf(sentence)}`])) {
    toast(gettext("Sentence deleted"));
    const there = next && document.getElementById(next);
    select(there ?? undefined);
  }
}

async function copyLink() {
  const url = new URL(location.href);
  url.hash = element().id;
  try {
    await navigator.clipboard.writeText(url.href);
    toast(gettext("Link copied"));
  } catch {
    await ask({ title: gettext("Copy this link"), label: gettext("Link"), initial: url.href, yes: gettext("Close") }); // pages without https may not write
  }
}

const DO = {
  edit,
  save,
  cancel,
  split,
  bookmark,
  remove,
  "copy-link": copyLink,
  add: ({ kind, label }) => add(kind, label),
  join: () => change(gettext("Sentences joined"), ["POST", `/messages/${messageOf(element())}/join`]),
};

function reselect() {
  const sentence = element();
  if (!sentence) {
    bar.hidden = true;
    return;
  }
  select(sentence, { focus: document.activeElement === document.body || sentence.contains(document.activeElement) });
}

document.addEventListener("contents", reselect);
bar.addEventListener("mousedown", (event) => event.preventDefault()); // the marked words stay marked
document.addEventListener("click", (event) => {
  const button = event.target.closest("#sentence-bar [data-do], #sentence-menu [data-do], #add-menu [data-do]");
  if (button) DO[button.dataset.do]?.(button.dataset);
});
contents.addEventListener("click", (event) => {
  const sentence = event.target.closest(".message");
  if (sentence && !sentence.isContentEditable) select(sentence, { focus: getSelection().isCollapsed });
});
contents.addEventListener("keydown", (event) => {
  if (!event.target.isContentEditable) return;
  event.stopPropagation();
  if (event.key === "Enter") {
    event.preventDefault();
    save();
  } else if (event.key === "Escape") cancel();
  else if (event.key === "Tab" && !event.shiftKey) {
    event.preventDefault();
    bar.querySelector("[data-mode=editing] button").focus();
  }
});
contents.addEventListener("keydown", (event) => {
  if (event.key !== "Tab" || event.shiftKey || !event.target.matches(".message")) return;
  event.preventDefault();
  bar.querySelector("[data-mode=selected] button").focus();
});
bar.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (editing()) cancel();
  else element()?.focus();
});
contents.addEventListener("focusout", (event) => {
  const to = event.relatedTarget;
  if (event.target.isContentEditable && !(to && bar.contains(to))) save();
});
window.addEventListener("resize", place);
