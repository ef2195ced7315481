// Reading along without speaking.

import { Link } from "./link.js";

export class Watching {
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
      onMessage: (told) => this.take(told),
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

  take(told) {
    const inner = told.type === "message" ? told.message : {};
    if (inner.type === "conversation_created") this.record.conversation = inner.data.conversationId;
    if (told.type === "error") this.on.trouble(told.details ?? told.message, true);
    this.on.told(told);
  }
}
