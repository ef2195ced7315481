// The cards of insights: one for all insights of a sentence, written as a task where there is one, in the markup of _card.html.

import { clock, element, icon } from "./elements.js";

const UNSURE = 0.7; // confidence below which a card shows it
const { timeZone } = document.documentElement.dataset; // that of the account, else of the device
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone });

export class InsightCards {
  /** `list` is the element that has the cards; `kinds` as in View; `placeOf(message)` returns when it was said, in seconds, or undefined. */
  constructor(list, kinds, placeOf) {
    Object.assign(this, { list, kinds, placeOf });
    this.groups = new Map(); // message -> its insights, in the order in which they came
    this.cards = new Map(); // message -> its card
  }

  get count() {
    return this.cards.size;
  }

  /** `before` is the id of the insight that it is shown above; without one it is the last. Return whether there is a new card at the end. */
  add(insight, before) {
    const follower = [...this.groups.values()].flat().find((one) => one.id === before);
    return this.put(insight, this.cards.get(follower?.message) ?? null);
  }

  put(insight, follower) {
    const { message } = insight;
    this.groups.set(message, [...(this.groups.get(message) ?? []), insight]);
    if (this.cards.has(message)) {
      this.redraw(message);
      return false;
    }
    const card = this.card(message);
    card.classList.add("new");
    this.cards.set(message, card);
    this.list.insertBefore(card, follower);
    return card === this.list.lastElementChild;
  }

  /** An insight has changed; its sentence may be another one by now. */
  change(insight, formerly) {
    if (formerly.message !== insight.message) {
      const next = this.cards.get(formerly.message)?.nextElementSibling ?? null;
      this.remove(formerly);
      this.put(insight, next);
      return;
    }
    const group = this.groups.get(insight.message) ?? [];
    this.groups.set(insight.message, group.map((one) => (one.id === insight.id ? insight : one)));
    this.redraw(insight.message);
  }

  /** Return whether the focus was on a card that is gone now. */
  remove({ id, message }) {
    const left = (this.groups.get(message) ?? []).filter((one) => one.id !== id);
    this.groups.set(message, left);
    if (left.length) {
      this.redraw(message);
      return false;
    }
    const card = this.cards.get(message);
    const focused = card?.contains(document.activeElement) ?? false;
    card?.remove();
    this.cards.delete(message);
    this.groups.delete(message);
    return focused;
  }

  /** The kinds of a message's insights, in the order of the server. */
  kindsOf(message) {
    const types = (this.groups.get(message) ?? []).map((one) => one.type);
    return [...this.kinds.values()].filter((kind) => types.includes(kind.type));
  }

  redraw(message) {
    const [old, card] = [this.cards.get(message), this.card(message)];
    if (!old) return;
    const focused = old.contains(document.activeElement);
    old.replaceWith(card);
    this.cards.set(message, card);
    if (focused) card.querySelector("a").focus();
  }

  /** The kind of an insight; a type that came after this page was loaded has its own name as label. */
  kindOf(type) {
    return this.kinds.get(type) ?? { type, name: type, label: type, icon: "kind", colour: "grey", task: false };
  }

  card(message) {
    const isTask = ({ type }) => this.kindOf(type).task;
    const insights = this.groups.get(message);
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
    const to = [icon("people"), element("span", { class: "unseen" }, "Assigned to "), element("bdi", {}, assignee)];
    const at = this.placeOf(message);
    const place = at === undefined ? "Show" : clock(at);
    const label = `Show in the transcript, ${from?.name || "Unknown speaker"}, ${place}`;
    return [
      ...kinds,
      assignee ? element("span", { class: "assignee" }, ...to) : undefined,
      due ? element("span", {}, `Due ${DAY.format(new Date(due))}`) : undefined,
      done ? element("span", { class: "tag" }, "Done") : undefined,
      confidence < UNSURE ? element("span", { class: "tag warn" }, `${Math.round(confidence * 100)}% sure`) : undefined,
      element("a", { class: "place", href: `#m-${message}`, "aria-label": label }, place),
    ];
  }
}
