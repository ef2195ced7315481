// Finds words in the transcript of the page, and lights them up.

import { select } from "./sentences.js";
import { gettext } from "../text.js";

const contents = document.getElementById("contents");
const field = () => document.getElementById("find-words");
let hits = [];
let now = -1;

const fold = (text) => text.toLowerCase();

/** What was searched for, as it was typed. */
export const wanted = () => field()?.value.trim() ?? "";

/** The hits on this page: the sentence, its text, and where in it the words begin and end. */
export const found = () => hits.map(({ sentence, range }) => ({ sentence, text: range.startContainer.data, start: range.startOffset, end: range.endOffset }));

function search() {
  const words = fold(wanted());
  hits = [];
  if (!words) return;
  for (const sentence of contents.querySelectorAll(".message")) {
    const node = sentence.firstChild;
    const text = fold(node?.data ?? "");
    for (let at = text.indexOf(words); at >= 0; at = text.indexOf(words, at + words.length)) {
      hits.push({ sentence, range: new StaticRange({ startContainer: node, startOffset: at, endContainer: node, endOffset: at + words.length }) });
    }
  }
}

function paint() {
  globalThis.CSS.highlights?.delete("found");
  globalThis.CSS.highlights?.delete("found-now");
  if (globalThis.CSS.highlights && hits.length) {
    globalThis.CSS.highlights.set("found", new Highlight(...hits.map(({ range }) => range)));
    if (hits[now]) globalThis.CSS.highlights.set("found-now", Object.assign(new Highlight(hits[now].range), { priority: 1 }));
  }
  const count = document.getElementById("find-count");
  if (count) count.textContent = wanted() ? (hits.length ? gettext("{number} of {total}", { number: now + 1, total: hits.length }) : gettext("No results")) : "";
  const replace = document.getElementById("open-replace");
  if (replace) replace.hidden = !hits.length;
}

function go(step) {
  if (!hits.length) return;
  now = (now + step + hits.length) % hits.length;
  select(hits[now].sentence, { focus: false });
  hits[now].sentence.scrollIntoView({ block: "center" });
  paint();
}

function begin() {
  search();
  const top = hits.findIndex(({ sentence }) => sentence.getBoundingClientRect().bottom > 0);
  now = hits.length ? Math.max(0, top) : -1;
  if (hits[now]) hits[now].sentence.scrollIntoView({ block: "center" });
  paint();
}

export function focusFind() {
  field()?.focus();
  field()?.select();
}

contents.addEventListener("input", (event) => {
  if (event.target === field()) begin();
});
contents.addEventListener("submit", (event) => {
  if (event.target.id !== "find") return;
  event.preventDefault();
  go(1);
});
contents.addEventListener("click", (event) => {
  if (event.target.closest("#find-previous")) go(-1);
});
contents.addEventListener("keydown", (event) => {
  if (event.target !== field()) return;
  if (event.key === "Enter" && event.shiftKey) {
    event.preventDefault();
    go(-1);
  } else if (event.key === "Escape") {
    const sentence = hits[now]?.sentence;
    field().value = "";
    begin();
    if (sentence) select(sentence);
  }
});
document.addEventListener("contents", () => {
  search();
  now = Math.min(now, hits.length - 1);
  paint();
});
if (wanted()) begin(); // typed before this script listened
