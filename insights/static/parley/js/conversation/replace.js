// Replaces found words in all sentences of the page, as one change that can be undone.

import { call } from "../api.js";
import { toast } from "../toast.js";
import { change } from "./changes.js";
import { found, wanted } from "./find.js";
import { gettext, ngettext } from "../text.js";

const VOCABULARY = "/v1/manage/vocabulary";
const MOST = 200; // sentences of one call
const LETTER = /[\p{L}\p{M}\p{N}]/u;

const dialog = document.getElementById("replace-dialog");
const by = (name) => document.getElementById(`replace-${name}`);

const within = (text, at) => LETTER.test(text[at - 1] ?? "") && LETTER.test(text[at] ?? "");
const isWhole = ({ text, start, end }) => !within(text, start) && !within(text, end);
const wholeWords = () => found().filter(isWhole); // "plan" in "the plan", not in "planet"

function open() {
  const words = wanted();
  const places = wholeWords().length;
  if (!places) {
    toast(gettext("“{words}” is only a part of longer words here. Search for the whole word.", { words }));
    return;
  }
  by("title").textContent = gettext("Replace “{words}”", { words });
  by("effect").textContent = ngettext("{number} place of this page is changed. Parts of longer words stay.", "{number} places of this page are changed. Parts of longer words stay.", places);
  by("with").value = "";
  by("learn").checked = false;
  dialog.returnValue = "";
  dialog.showModal();
}

/** The new text of each sentence that has the words. */
function replaced(text) {
  const texts = new Map();
  for (const { sentence, text: old, start, end } of wholeWords().reverse()) {
    const now = texts.get(sentence) ?? old;
    texts.set(sentence, now.slice(0, start) + text + now.slice(end));
  }
  return [...texts].reverse();
}

/** Add a word to the vocabulary of the account, unless it is there. */
async function learn(word) {
  const { vocabulary } = await call("GET", VOCABULARY);
  if (!vocabulary.includes(word)) await call("PUT", VOCABULARY, { vocabulary: [...vocabulary, word] });
}

async function save() {
  const text = by("with").value.trim();
  const messages = replaced(text).map(([sentence, now]) => ({ id: sentence.id.slice(2), text: now }));
  const calls = [];
  for (let first = 0; first < messages.length; first += MOST) calls.push(["PATCH", "/messages", { messages: messages.slice(first, first + MOST) }]);
  const done = ngettext("{number} sentence changed", "{number} sentences changed", messages.length);
  if ((await change(done, ...calls)) && by("learn").checked) await learn(text).catch((error) => toast(error.message));
}

document.addEventListener("click", (event) => {
  if (event.target.closest("#open-replace")) open();
});
dialog.addEventListener("close", () => {
  if (dialog.returnValue === "yes") save();
});
