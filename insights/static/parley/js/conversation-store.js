// What is known of a conversation, from the server's messages: each thing once, however often the server sends it.

const SHOWN = ["type", "text", "task", "assignee", "due", "done", "message", "who"]; // the parts of an insight that a person can see changed

/** What tells two speakers apart, or one before and after their name was changed. */
const speaker = (from) => `${from?.id ?? ""} ${from?.name ?? ""}`;

export class ConversationStore {
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
   * Take one message of the server; return what is new: `{message}`, `{changed}` and `{removed}` (messages), `{moved}` (a message that
   * others follow, or that has another speaker by now), `{insight, before}`, `{changedInsight, formerly}` and `{removedInsight}`, or
   * `{topics}`. `before` is the id of the insight that follows, undefined for none; `formerly` is the insight before the change.
   */
  take(received) {
    this.highest = Math.max(this.highest, received.sequenceNumber ?? 0);
    switch (received.type) {
      case "message_response":
        return received.messages.flatMap((one) => this.takeMessage(one));
      case "insight_response":
        return received.insights.flatMap((one) => this.takeInsight(one));
      case "topic_response":
        received.topics.forEach((one) => (one.dismissed ? this.topics.delete(one.id) : this.topics.set(one.id, one)));
        return [{ topics: this.leadingTopics() }];
      case "message":
        return this.takeEnvelope(received.message ?? {});
      default:
        return [];
    }
  }

  /** A member has a new name, or many messages have another member: of those that were sent long ago only this comes. */
  takeEnvelope({ type, data }) {
    if (type === "member_changed") return this.give(data.member, ({ from }) => from?.id === data.member.id);
    if (type !== "messages_moved") return [];
    const ids = new Set(data.messageIds);
    return this.give(data.member, ({ id, message }) => ids.has(message ?? id)); // an insight has its message's speaker
  }

  give(member, has) {
    const changes = [];
    for (const one of [...this.messages.values()].filter(has)) {
      one.from = member;
      if (!one.gone) changes.push({ moved: one });
    }
    for (const one of [...this.insights.values()].filter(has)) {
      Object.assign(one, { from: member, who: speaker(member) });
      if (!one.gone) changes.push({ changedInsight: one, formerly: one });
    }
    return changes;
  }

  takeMessage(received) {
    const known = this.messages.get(received.id);
    const message = {
      id: received.id,
      text: received.payload.content,
      english: received.metadata?.translation?.content ?? "",
      from: received.from,
      speaker: received.speaker,
      at: received.duration?.timeOffset ?? 0,
      overlap: received.metadata?.overlap ?? false,
    };
    this.messages.set(received.id, { ...message, gone: received.dismissed }); // a known key keeps its place in the map
    if (received.dismissed) return known && !known.gone ? [{ removed: message }] : [];
    if (!known && this.messages.has(received.previousMessageId)) {
      this.putBehind(received.id, received.previousMessageId);
      return [{ moved: message }];
    }
    if (!known) return [{ message }];
    if (known.gone || speaker(known.from) !== speaker(message.from)) return [{ moved: message }];
    return known.text === message.text && known.overlap === message.overlap ? [] : [{ changed: message }];
  }

  /** Put the message that was added last behind another one. */
  putBehind(id, previous) {
    const added = this.messages.get(id);
    this.messages.delete(id);
    this.messages = new Map([...this.messages].flatMap((entry) => (entry[0] === previous ? [entry, [id, added]] : [entry])));
  }

  /** The messages that are not dismissed, in order. */
  transcript() {
    return [...this.messages.values()].filter((one) => !one.gone);
  }

  takeInsight(received) {
    const known = this.insights.get(received.id);
    const insight = {
      id: received.id,
      type: received.type,
      text: received.payload?.content ?? received.text,
      task: received.task ?? "",
      from: received.from,
      message: received.messageReference?.id,
      assignee: received.assignee?.name ?? "",
      due: received.dueBy?.value ?? "",
      done: received.done ?? false,
      who: speaker(received.from),
      confidence: received.confidence,
    };
    this.insights.set(received.id, { ...insight, gone: received.dismissed }); // a known key keeps its place in the map
    if (received.dismissed) return known && !known.gone ? [{ removedInsight: insight }] : [];
    if (!known || known.gone) return [{ insight, before: this.shownAfter(received.id) }];
    return SHOWN.some((field) => known[field] !== insight[field]) ? [{ changedInsight: insight, formerly: known }] : [];
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
