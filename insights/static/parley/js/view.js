// Draws the transcript, the insights and the topics, in the same markup as the page of a saved conversation.

const VOICES = 8;
const TURN_S = 60; // whoever talks longer gets a new heading with the time
const NEAR_END_PX = 120;
const TOGETHER_MS = 50; // a changed name moves all messages of a member, which come one by one
const { timeZone } = document.documentElement.dataset; // that of the account, else of the device
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone });

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes, left] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours ? `${hours}:${two(minutes)}:${two(left)}` : `${minutes}:${two(left)}`;
}

function initials(name) {
  const parts = name.split(/[\s@]+/).filter((part) => /^[\p{L}\p{N}]/u.test(part));
  const [first, last] = [parts[0]?.[0] ?? "?", parts.length > 1 ? parts.at(-1)[0] : ""];
  return (first + last).toUpperCase();
}

export class View {
  /** `kinds` are those of insights, in the order of the server: [{type, name, label, icon, colour}]; `transcript` returns all messages. */
  constructor(root, kinds = [], transcript = () => []) {
    this.transcript = transcript;
    this.part = (id) => root.getElementById(id);
    this.kinds = new Map(kinds.map((kind) => [kind.type, kind]));
    this.voices = new Map();
    this.interims = new Map();
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

  /** Speakers get their colours in the order in which they are first seen. */
  voice(from) {
    const key = from?.id || from?.userId || from?.name || "";
    if (!this.voices.has(key)) this.voices.set(key, this.voices.size % VOICES);
    return `v${this.voices.get(key)}`;
  }

  turn(from, label) {
    const name = from?.name || from?.userId || "Unknown speaker";
    const said = element("div", { class: "said" });
    const who = element("p", { class: "who" }, element("strong", {}, name), " ", label);
    const badge = element("span", { class: "avatar", "aria-hidden": "true" }, initials(from?.name ?? ""));
    return [element("li", { class: `turn ${this.voice(from)}` }, badge, element("div", {}, who, said)), said];
  }

  addMessage(message) {
    const stay = this.nearEnd();
    this.dropInterim(message.from);
    this.part("waiting").hidden = true;
    this.append(message, this.line(message));
    this.keepUp(stay);
  }

  line({ id, text }) {
    return element("p", { class: "message", id: `m-${id}`, tabindex: "-1" }, text);
  }

  /** Show a message at the end, under the heading of its speaker. */
  append({ from, at }, line) {
    if (this.speaker !== (from?.id ?? "") || !this.said || at - this.since >= TURN_S) {
      const [turn, said] = this.turn(from, element("time", {}, clock(at)));
      this.part("turns").append(turn);
      this.said = said;
      this.since = at;
      this.speaker = from?.id ?? "";
    }
    this.said.append(line, " ");
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
    for (const message of this.transcript()) {
      const line = lines.get(`m-${message.id}`) ?? this.line(message);
      if (line.textContent !== message.text) line.textContent = message.text;
      this.append(message, line);
    }
    for (const message of new Set([...this.part("insights").children].map((card) => card.dataset.message))) this.insightsChanged(message);
    this.pane.scrollTop = stay;
    if (turns.contains(focused)) focused.focus({ preventScroll: true });
    setTimeout(() => turns.parentElement.setAttribute("aria-live", "polite"), 0);
  }

  /** Words that may still change: one grey line per speaker, under everything that is settled. */
  hearing(from, text, isFinal) {
    const stay = this.nearEnd();
    if (isFinal || !text) {
      this.dropInterim(from);
      return;
    }
    this.part("waiting").hidden = true;
    const key = this.voice(from);
    if (!this.interims.has(key)) {
      const [turn, said] = this.turn(from, element("span", { class: "quiet small" }, "speaking"));
      said.append(element("p", { class: "message interim" }));
      this.part("interims").append(turn);
      this.interims.set(key, turn);
    }
    this.interims.get(key).classList.toggle("same", this.speaker === (from?.id ?? "") && this.part("interims").firstChild === this.interims.get(key));
    this.interims.get(key).querySelector(".interim").textContent = text;
    this.keepUp(stay);
  }

  dropInterim(from) {
    const key = this.voice(from);
    this.interims.get(key)?.remove();
    this.interims.delete(key);
  }

  dropInterims() {
    this.interims.forEach((turn) => turn.remove());
    this.interims.clear();
  }

  /** A screen reader has read the message; it does not read the new text on its own. */
  changeMessage({ id, text }) {
    const message = this.part(`m-${id}`);
    if (!message) return; // it is about to be shown, with this text
    message.setAttribute("aria-live", "off");
    message.textContent = text;
  }

  /** A deleted message takes its heading with it where it was the only one under it. */
  removeMessage({ id }) {
    const said = this.part(`m-${id}`)?.parentElement;
    if (!said) return;
    this.part(`m-${id}`).remove();
    if (said.querySelector(".message")) return;
    said.closest(".turn").remove();
    if (said === this.said) this.said = undefined;
  }

  /** `before` is the id of the insight that it is shown above; without one it is the last. */
  addInsight(insight, before) {
    const side = this.part("side");
    const stay = this.nearEnd(side);
    this.part("insights").insertBefore(this.insightCard(insight), before ? this.part(`i-${before}`) : null);
    this.insightsChanged(insight.message);
    if (!before && stay) side.scrollTop = side.scrollHeight; // else somebody reads further up
  }

  changeInsight(insight, formerly = insight) {
    const [old, card] = [this.part(`i-${insight.id}`), this.insightCard(insight)];
    const focused = old.contains(document.activeElement);
    old.replaceWith(card);
    if (focused) card.firstElementChild.focus();
    for (const message of new Set([formerly.message, insight.message])) this.insightsChanged(message);
  }

  removeInsight({ id, message }) {
    const card = this.part(`i-${id}`);
    if (card.contains(document.activeElement)) this.part("side").focus();
    card.remove();
    this.insightsChanged(message);
  }

  /** Count them, and mark the message that has changed by those that are left in it. */
  insightsChanged(message) {
    const cards = [...this.part("insights").children];
    this.part("no-insights").hidden = cards.length > 0;
    this.part("insight-count").textContent = this.part("tab-count").textContent = cards.length ? String(cards.length) : "";
    const names = cards.filter((card) => card.dataset.message === message).map((card) => card.dataset.kind);
    const said = this.part(`m-${message}`);
    if (!said) return;
    const found = [...this.kinds.values()].filter((kind) => names.includes(kind.name));
    said.classList.toggle("found", names.length > 0);
    delete said.dataset.kind;
    delete said.dataset.colour;
    if (!found.length) return;
    said.dataset.kind = found.map((kind) => kind.name).join(" ");
    said.dataset.colour = found.at(-1).colour;
  }

  /** The kind of an insight; a type that came after this page was loaded has its own name as label. */
  kindOf(type) {
    return this.kinds.get(type) ?? { name: type, label: type, icon: "kind", colour: "grey" };
  }

  insightCard({ id, type, text, from, message, assignee, due, done, confidence }) {
    const kind = this.kindOf(type);
    const sure = element("span", { class: "sure", title: "Confidence" }, `${Math.round(confidence * 100)}%`);
    const meta = [
      element("span", {}, from?.name || "Unknown speaker"),
      assignee ? element("span", {}, "Assigned to ", element("bdi", {}, assignee)) : undefined,
      due ? element("span", {}, `Due ${DAY.format(new Date(due))}`) : undefined,
      done ? element("span", {}, "Done") : undefined,
    ];
    const link = element(
      "a",
      { href: `#m-${message}` },
      element("span", { class: "kind" }, icon(kind.icon), kind.label, sure),
      element("span", { class: "text" }, text),
      element("span", { class: "meta" }, ...meta),
    );
    return element("li", { class: "insight new", id: `i-${id}`, "data-kind": kind.name, "data-colour": kind.colour, "data-message": message }, link);
  }

  showTopics(topics) {
    this.part("topics-part").hidden = topics.length === 0;
    const chips = topics.map(({ phrases, messageReferences }) => {
      const message = messageReferences?.[0]?.id;
      return message ? element("a", { class: "chip", href: `#m-${message}` }, phrases) : element("span", { class: "chip" }, phrases);
    });
    this.part("topics").replaceChildren(...chips);
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
