// The session of a viewer: receives the results of a conversation and sends nothing.

import { ReconnectingSocket } from "./reconnecting-socket.js";

export class ViewerSession {
  /** `socket` is the URL; `on` as in speaker-session.js. */
  constructor({ socket, store, on }) {
    this.store = store;
    this.on = on;
    this.connection = new ReconnectingSocket({
      address: () => {
        const url = new URL(socket);
        url.searchParams.set("after", store.cursor);
        return url.href;
      },
      onOpen: () => this.onOpen(),
      onMessage: (message) => this.receive(message),
      onLost: (seconds) => on.state("lost", seconds),
      onEnd: ({ code, reason }) => on.state(this.deleted ? "deleted" : code === 1000 ? "over" : "failed", reason),
      isEnd: (code) => code === 1000 || code === 1008,
    });
  }

  start() {
    this.on.state("connecting");
    this.connection.open();
  }

  onOpen() {
    this.connection.resetPause();
    this.on.state("listening");
  }

  receive(message) {
    const inner = message.type === "message" ? message.message : {};
    if (inner.type === "conversation_created") this.store.conversation = inner.data.conversationId;
    if (inner.type === "conversation_deleted") {
      this.deleted = true;
      this.connection.end();
      return;
    }
    if (message.type === "error") this.on.warning(message.details ?? message.message, true);
    this.on.message(message);
  }
}
