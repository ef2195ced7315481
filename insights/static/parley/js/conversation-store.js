// What is known of a conversation, from the server's messages: each thing once, however often it is told.

const SHOWN = ["type", "text", "assignee", "due"]; // the parts of an insight that a person can see changed

export class Record {
  constructor() {
    this.forgetNumbers();
    this.conversation = "";
    this.messages = new Map();
    this.insights = new Map();
    this.topics = new Map();
  }

  /** Another conversation counts its events from 1 again. */
  forgetNumbers() {
    this.highest = 0;
  }

  /** Several messages share one event number, so the last number is asked for again: a part of it may be missing. */
  get cursor() {
    return Math.max(0, this.highest - 1);
  }

  /**
   * Take one message of the server; return what is new: `{message}`, `{changed}` and `{removed}` (messages), `{insight, before}`,
   * `{changedInsight}` and `{removedInsight}`, or `{topics}`. `before` is the id of the insight that follows, undefined for none.
   */
  take(told) {
    this.highest = Math.max(this.highest, told.sequenceNumber ?? 0);
    switch (told.type) {
      case "message_response":
        return told.messages.flatMap((one) => this.said(one));
      case "insight_response":
        return told.insights.flatMap((one) => this.found(one));
      case "topic_response":
        told.topics.forEach((one) => this.topics.set(one.id, one));
        return [{ topics: this.leadingTopics() }];
      default:
        return [];
    }
  }

  said(told) {
    const known = this.messages.get(told.id);
    const message = {
      id: told.id,
      text: told.payload.content,
      from: told.from,
      at: told.duration?.timeOffset ?? 0,
    };
    this.messages.set(told.id, { ...message, gone: told.dismissed });
    if (told.dismissed) return known && !known.gone ? [{ removed: message }] : [];
    if (!known || known.gone) return [{ message }];
    return known.text === message.text ? [] : [{ changed: message }];
  }

  found(told) {
    const known = this.insights.get(told.id);
    const insight = {
      id: told.id,
      type: told.type,
      text: told.payload?.content ?? told.text,
      from: told.from,
      message: told.messageReference?.id,
      assignee: told.assignee?.name ?? "",
      due: told.dueBy?.value ?? "",
      confidence: told.confidence,
    };
    this.insights.set(told.id, { ...insight, gone: told.dismissed }); // a known key keeps its place in the map
    if (told.dismissed) return known && !known.gone ? [{ removedInsight: insight }] : [];
    if (!known || known.gone) return [{ insight, before: this.shownAfter(told.id) }];
    return SHOWN.some((field) => known[field] !== insight[field]) ? [{ changedInsight: insight }] : [];
  }

  /** The id of the first insight after this one that is not dismissed. */
  shownAfter(id) {
    const ids = [...this.insights.keys()];
    return ids.slice(ids.indexOf(id) + 1).find((one) => !this.insights.get(one).gone);
  }

  leadingTopics(most = 12) {
    return [...this.topics.values()].sort((a, b) => b.score - a.score).slice(0, most);
  }
}
