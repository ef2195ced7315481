// A viewer of a live conversation, who does not speak.

import { Link } from "./link.js";

export class Viewer {
  /** `socket` is the URL; `on` as in speaking.js. */
  constructor({ socket, record, on }) {
    this.record = record;
    this.on = on;
    this.link = new Link({
      address: () => {
        const url = new URL(socket);
        url.searchParams.set("after", record.cursor);
        return url.href;
      },
      onOpen: () => this.opened(),
      onMessage: (message) => this.take(message),
      onLost: (seconds) => on.state("lost", seconds),
      onEnd: ({ code, reason }) => on.state(code === 1000 ? "over" : "failed", reason),
      isEnd: (code) => code === 1000 || code === 1008,
    });
  }

  start() {
    this.on.state("connecting");
    this.link.open();
  }

  opened() {
    this.link.settled();
    this.on.state("listening");
  }

  take(message) {
    const inner = message.type === "message" ? message.message : {};
    if (inner.type === "conversation_created") this.record.conversation = inner.data.conversationId;
    if (message.type === "error") this.on.trouble(message.details ?? message.message, true);
    this.on.message(message);
  }
}
