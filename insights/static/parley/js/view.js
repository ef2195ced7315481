// Draws the transcript, the insights and the topics, in the same markup as the page of a saved conversation.

import { clock, element, icon } from "./elements.js";
import { InsightCards } from "./insight-cards.js";
import { InterimInsights } from "./interim-insights.js";
import { gettext } from "./text.js";
import { keyOf, shownName, Voices } from "./voices.js";

const TURN_S = 60; // whoever talks longer gets a new heading with the time
const NEAR_END_PX = 120;
const TOGETHER_MS = 50; // a changed name moves all messages of a member, which come one by one

function initials(name) {
  const parts = name.split(/[\s@]+/).filter((part) => /^[\p{L}\p{N}]/u.test(part));
  const [first, last] = [parts[0]?.[0] ?? "?", parts.length > 1 ? parts.at(-1)[0] : ""];
  return (first + last).toUpperCase();
}

export class View {
  /** `kinds` are those of insights, in the order of the server: [{type, name, label, icon, colour, task}]; `transcript` returns all messages. */
  constructor(root, kinds = [], transcript = () => []) {
    this.transcript = transcript;
    this.part = (id) => root.getElementById(id);
    this.places = new Map(); // when each message was said, in seconds
    this.cards = new InsightCards(this.part("insights"), new Map(kinds.map((kind) => [kind.type, kind])), (id) => this.places.get(id));
    this.topics = new Map(); // the chip of each topic
    this.voices = new Voices();
    this.interims = new Map();
    this.interimInsights = new InterimInsights(this.part("interim-insights"), (type) => this.cards.kindOf(type));
    this.notes = []; // lines between the messages: {at, line}
    this.pane = this.part("words");
    this.pane.addEventListener("scroll", () => {
      if (this.nearEnd()) this.part("jump").hidden = true;
    });
    this.part("jump").addEventListener("click", () => this.toEnd());
    this.part("panes").addEventListener("click", (event) => this.follow(event));
  }

  show({ message, changed, moved, removed, insight, before, changedInsight, formerly, removedInsight, topics }) {
    if (message) this.addMessage(message);
    if (changed) this.changeMessage(changed);
    if (moved) this.arrangeSoon();
    if (removed) this.removeMessage(removed);
    if (insight) this.addInsight(insight, before);
    if (changedInsight) this.changeInsight(changedInsight, formerly);
    if (removedInsight) this.removeInsight(removedInsight);
    if (topics) this.showTopics(topics);
  }

  turn(from, label, speaker) {
    const name = shownName(from?.name) || from?.userId || gettext("Unknown speaker");
    const said = element("div", { class: "said" });
    const who = element("p", { class: "who" }, element("strong", {}, name), " ", label);
    const badge = element("span", { class: "avatar", "aria-hidden": "true" }, initials(shownName(from?.name)));
    return [element("li", { class: `turn ${this.voices.of(from, speaker)}` }, badge, element("div", {}, who, said)), said];
  }

  addMessage(message) {
    const stay = this.nearEnd();
    this.dropInterim(message.from);
    this.places.set(message.id, message.at);
    this.voices.heard(message.from, message.speaker);
    this.part("waiting").hidden = true;
    this.append(message, this.line(message));
    this.keepUp(stay);
  }

  line({ id, text, overlap }) {
    const line = element("p", { class: "message", id: `m-${id}`, tabindex: "-1" }, text);
    this.markOverlap(line, overlap);
    return line;
  }

  /** Mark a line in which another person of the same microphone speaks, too. Its text stays that of the message. */
  markOverlap(line, overlap) {
    if (overlap) line.dataset.overlap = gettext("Several at once");
    else delete line.dataset.overlap;
  }

  /** Show a message at the end, under the heading of its speaker. A note of a later time stays below it. */
  append({ from, at, speaker, english }, line) {
    const noted = this.notes.some((note) => note.at > this.since && note.at <= at);
    if (this.speaker !== keyOf(from, speaker) || !this.said || noted || at - this.since >= TURN_S) {
      const [turn, said] = this.turn(from, element("time", {}, clock(at)), speaker);
      turn.dataset.at = at;
      this.part("turns").insertBefore(turn, this.notes.find(({ at: noted, line: shown }) => noted > at && shown.isConnected)?.line ?? null);
      this.said = said;
      this.since = at;
      this.speaker = keyOf(from, speaker);
    }
    this.said.append(line, " ");
    if (english) this.said.append(element("p", { class: "translation", lang: "en" }, english), " ");
  }

  /** Remove the translation that stands behind a message. */
  dropTranslation(message) {
    if (message.nextElementSibling?.classList.contains("translation")) message.nextElementSibling.remove();
  }

  /** Show that something happened `at` seconds, in a line of its own; return the line. */
  note(at, text, symbol) {
    const stay = this.nearEnd();
    const line = element("li", { class: "note", "data-at": at }, icon(symbol), element("span", {}, text), " ", element("time", {}, clock(at)));
    const next = [...this.part("turns").children].find((one) => Number(one.dataset.at) > at) ?? null;
    this.notes.push({ at, line });
    this.notes.sort((one, other) => one.at - other.at);
    this.part("waiting").hidden = true;
    this.part("turns").insertBefore(line, next);
    this.keepUp(stay);
    return line;
  }

  removeNote(line) {
    this.notes = this.notes.filter((note) => note.line !== line);
    line.remove();
  }

  arrangeSoon() {
    this.arranging ??= setTimeout(() => this.arrange(), TOGETHER_MS);
  }

  /** Put all messages under the headings of their speakers again. Their elements, marks and the focus stay; none is read out again. */
  arrange() {
    this.arranging = undefined;
    const [stay, turns, focused] = [this.pane.scrollTop, this.part("turns"), document.activeElement];
    const lines = new Map([...turns.querySelectorAll(".message")].map((line) => [line.id, line]));
    turns.parentElement.setAttribute("aria-live", "off");
    turns.replaceChildren();
    this.said = undefined;
    const transcript = this.transcript();
    this.voices.forget();
    for (const { from, speaker } of transcript) this.voices.heard(from, speaker);
    for (const message of transcript) {
      const line = lines.get(`m-${message.id}`) ?? this.line(message);
      if (line.textContent !== message.text) line.textContent = message.text;
      this.markOverlap(line, message.overlap);
      for (const note of this.notes) if (!note.line.isConnected && note.at <= message.at) turns.append(note.line);
      this.places.set(message.id, message.at);
      this.append(message, line);
    }
    for (const note of this.notes) if (!note.line.isConnected) turns.append(note.line);
    for (const [{ message }] of this.cards.groups.values()) this.insightsChanged(message);
    this.pane.scrollTop = stay;
    if (turns.contains(focused)) focused.focus({ preventScroll: true });
    setTimeout(() => turns.parentElement.setAttribute("aria-live", "polite"), 0);
  }

  /**
   * Words that may still change: one grey line per microphone, under everything that is settled. `owner` is whose microphone it is where
   * several people speak into it; which of them speaks may become known during the turn.
   */
  showInterim(from, text, isFinal, owner = from) {
    const stay = this.nearEnd();
    if (isFinal || !text) {
      this.dropInterim(owner);
      return;
    }
    this.part("waiting").hidden = true;
    const key = keyOf(owner);
    if (this.interims.get(key)?.dataset.from !== keyOf(from)) {
      const [turn, said] = this.turn(from, element("span", { class: "quiet small" }, gettext("speaking")));
      turn.dataset.from = keyOf(from);
      said.append(element("p", { class: "message interim" }));
      if (this.interims.has(key)) this.interims.get(key).replaceWith(turn);
      else this.part("interims").append(turn);
      this.interims.set(key, turn);
    }
    this.interims.get(key).classList.toggle("same", this.speaker === keyOf(from) && this.part("interims").firstChild === this.interims.get(key));
    this.interims.get(key).querySelector(".interim").textContent = text;
    this.keepUp(stay);
  }

  /** Insights in words that may still change: those of one microphone, which replace the last ones. */
  showInterimInsights(from, insights, owner = from) {
    const side = this.part("side");
    const stay = this.nearEnd(side);
    this.interimInsights.show(keyOf(owner), insights);
    if (stay) side.scrollTop = side.scrollHeight;
  }

  dropInterim(from) {
    const key = keyOf(from);
    this.interimInsights.show(key, []);
    this.interims.get(key)?.remove();
    this.interims.delete(key);
  }

  dropInterims() {
    this.interims.forEach((turn) => turn.remove());
    this.interims.clear();
    this.interimInsights.clear();
  }

  /** A screen reader has read the message; it does not read the new text on its own. */
  changeMessage({ id, text, overlap }) {
    const message = this.part(`m-${id}`);
    if (!message) return; // it is about to be shown, with this text
    message.setAttribute("aria-live", "off");
    message.textContent = text;
    this.dropTranslation(message); // it is that of the former words
    this.markOverlap(message, overlap);
  }

  /** A deleted message takes its heading with it where it was the only one under it. */
  removeMessage({ id }) {
    const said = this.part(`m-${id}`)?.parentElement;
    if (!said) return;
    this.dropTranslation(this.part(`m-${id}`));
    this.part(`m-${id}`).remove();
    if (said.querySelector(".message")) return;
    said.closest(".turn").remove();
    if (said === this.said) this.said = undefined;
  }

  /** `before` is the id of the insight that it is shown above; without one it is the last. */
  addInsight(insight, before) {
    const side = this.part("side");
    const stay = this.nearEnd(side);
    const last = this.cards.add(insight, before);
    this.insightsChanged(insight.message);
    if (last && stay) side.scrollTop = side.scrollHeight; // else somebody reads further up
  }

  changeInsight(insight, formerly = insight) {
    this.cards.change(insight, formerly);
    for (const message of new Set([formerly.message, insight.message])) this.insightsChanged(message);
  }

  removeInsight(insight) {
    if (this.cards.remove(insight)) this.part("side").focus();
    this.insightsChanged(insight.message);
  }

  /** Count the cards, and mark the message that has changed by the insights that are left in it. */
  insightsChanged(message) {
    const { count } = this.cards;
    this.part("no-insights").hidden = count > 0;
    this.part("insight-count").textContent = this.part("tab-count").textContent = count ? String(count) : "";
    const said = this.part(`m-${message}`);
    if (!said) return;
    const found = this.cards.kindsOf(message);
    said.classList.toggle("found", found.length > 0);
    delete said.dataset.kind;
    delete said.dataset.colour;
    if (!found.length) return;
    said.dataset.kind = found.map((kind) => kind.name).join(" ");
    said.dataset.colour = found.at(-1).colour;
  }

  /** A topic that is shown already stays where it is; new ones come after it. */
  showTopics(topics) {
    this.part("topics-part").hidden = topics.length === 0;
    const left = new Set(topics.map(({ id }) => id));
    for (const [id, chip] of this.topics) {
      if (left.has(id)) continue;
      chip.remove();
      this.topics.delete(id);
    }
    for (const topic of topics) this.showTopic(topic);
  }

  showTopic({ id, phrases, messageReferences }) {
    const message = messageReferences?.[0]?.id;
    const chip = this.topics.get(id) ?? element("a", { class: "chip" });
    if (!this.topics.has(id)) this.part("topics").append(chip);
    this.topics.set(id, chip);
    if (chip.textContent !== phrases) chip.textContent = phrases;
    if (message) chip.setAttribute("href", `#m-${message}`);
    else chip.removeAttribute("href");
  }

  /** An insight or a topic was chosen: show its message, on a phone in the other tab. */
  follow(event) {
    const link = event.target.closest("a[href^='#m-']");
    const message = link && this.part(link.getAttribute("href").slice(1));
    if (!message) return;
    event.preventDefault();
    this.tab("words");
    message.scrollIntoView({ block: "center" });
    message.focus({ preventScroll: true });
    message.classList.add("shown");
    setTimeout(() => message.classList.remove("shown"), 2500);
  }

  tab(name) {
    this.part("panes").dataset.tab = name;
    for (const button of document.querySelectorAll(".tabs button")) {
      button.setAttribute("aria-pressed", String(button.dataset.tab === name));
    }
  }

  nearEnd(pane = this.pane) {
    const { scrollHeight, scrollTop, clientHeight } = pane;
    return scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
  }

  keepUp(stay) {
    if (stay) this.toEnd();
    else this.part("jump").hidden = false;
  }

  toEnd() {
    this.pane.scrollTop = this.pane.scrollHeight;
    this.part("jump").hidden = true;
  }
}
