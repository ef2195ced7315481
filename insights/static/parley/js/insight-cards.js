// The cards of insights: one for all insights of a sentence, written as a task where there is one, in the markup of _card.html.

import { clock, element, icon } from "./elements.js";
import { gettext, locale } from "./text.js";
import { shownName } from "./voices.js";

const UNSURE = 0.7; // confidence below which a card shows it
const { timeZone } = document.documentElement.dataset; // that of the account, else of the device
const DAY = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric", timeZone });

export class InsightCards {
  /** `list` is the element that has the cards; `kinds` as in View; `placeOf(message)` returns when it was said, in seconds, or undefined. */
  constructor(list, kinds, placeOf) {
    Object.assign(this, { list, kinds, placeOf });
    this.groups = new Map(); // key -> the insights of a card, in the order in which they came
    this.cards = new Map(); // key -> its card
  }

  get count() {
    return this.cards.size;
  }

  /** The key of the card for a new insight: that of its sentence, or a further one if that has an insight of the same kind. */
  freeKey({ message, type }) {
    for (let n = 0; ; n += 1) {
      const key = `${message} ${n}`;
      if (!this.groups.get(key)?.some((one) => one.type === type)) return key;
    }
  }

  /** The key of the card that has an insight, or undefined. */
  keyOf(id) {
    return [...this.groups].find(([, group]) => group.some((one) => one.id === id))?.[0];
  }

  /** `before` is the id of the insight that it is shown above; without one it is the last. Return whether there is a new card at the end. */
  add(insight, before) {
    return this.put(insight, this.cards.get(this.keyOf(before)) ?? null);
  }

  put(insight, follower) {
    const key = this.freeKey(insight);
    this.groups.set(key, [...(this.groups.get(key) ?? []), insight]);
    if (this.cards.has(key)) {
      this.redraw(key);
      return false;
    }
    const card = this.card(key);
    card.classList.add("new");
    this.cards.set(key, card);
    this.list.insertBefore(card, follower);
    return card === this.list.lastElementChild;
  }

  /** An insight has changed; its sentence may be another one by now. */
  change(insight, formerly) {
    const key = this.keyOf(insight.id);
    if (formerly.message !== insight.message) {
      const next = this.cards.get(key)?.nextElementSibling ?? null;
      this.remove(formerly);
      this.put(insight, next);
      return;
    }
    const group = this.groups.get(key) ?? [];
    this.groups.set(key, group.map((one) => (one.id === insight.id ? insight : one)));
    this.redraw(key);
  }

  /** Return whether the focus was on a card that is gone now. */
  remove({ id }) {
    const key = this.keyOf(id);
    const left = (this.groups.get(key) ?? []).filter((one) => one.id !== id);
    if (left.length) {
      this.groups.set(key, left);
      this.redraw(key);
      return false;
    }
    const card = this.cards.get(key);
    const focused = card?.contains(document.activeElement) ?? false;
    card?.remove();
    this.cards.delete(key);
    this.groups.delete(key);
    return focused;
  }

  /** The kinds of a message's insights, in the order of the server. */
  kindsOf(message) {
    const types = [...this.groups.values()].flat().filter((one) => one.message === message).map((one) => one.type);
    return [...this.kinds.values()].filter((kind) => types.includes(kind.type));
  }

  redraw(key) {
    const old = this.cards.get(key);
    if (!old) return;
    const card = this.card(key);
    const focused = old.contains(document.activeElement);
    old.replaceWith(card);
    this.cards.set(key, card);
    if (focused) card.querySelector("a").focus();
  }

  /** The kind of an insight; a type that came after this page was loaded has its own name as label. */
  kindOf(type) {
    return this.kinds.get(type) ?? { type, name: type, label: type, icon: "kind", colour: "grey", task: false };
  }

  card(key) {
    const isTask = ({ type }) => this.kindOf(type).task;
    const insights = this.groups.get(key);
    const { message } = insights[0];
    const group = [...insights.filter(isTask), ...insights.filter((one) => !isTask(one))];
    const [first] = group;
    const kind = this.kindOf(first.type);
    const text = element("p", { class: "text", title: first.task ? first.text : undefined }, first.task || first.text);
    const body = element("div", { class: "body" }, text, element("p", { class: "meta" }, ...this.meta(group)));
    const attributes = { id: `i-${first.id}`, "data-kind": kind.name, "data-colour": kind.colour, "data-message": message };
    return element("li", { class: `insight${first.done ? " done" : ""}`, ...attributes }, icon(kind.icon), body);
  }

  meta(group) {
    const [{ assignee, due, done, confidence, message, from }] = group;
    const kinds = group.map(({ type }) => element("span", { class: "kind", "data-colour": this.kindOf(type).colour }, this.kindOf(type).label));
    const to = [icon("people"), element("span", { class: "unseen" }, `${gettext("Assigned to")} `), element("bdi", {}, shownName(assignee))];
    const at = this.placeOf(message);
    const place = at === undefined ? gettext("Show") : clock(at);
    const label = gettext("Show in the transcript, {name}, {place}", { name: shownName(from?.name) || gettext("Unknown speaker"), place });
    return [
      ...kinds,
      assignee ? element("span", { class: "assignee" }, ...to) : undefined,
      due ? element("span", {}, gettext("Due {date}", { date: DAY.format(new Date(due)) })) : undefined,
      done ? element("span", { class: "tag" }, gettext("Done")) : undefined,
      confidence < UNSURE ? element("span", { class: "tag warn" }, gettext("{percent}% sure", { percent: Math.round(confidence * 100) })) : undefined,
      element("a", { class: "place", href: `#m-${message}`, "aria-label": label }, place),
    ];
  }
}
