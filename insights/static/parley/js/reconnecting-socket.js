// A WebSocket that reconnects by itself, with growing pauses, until `end` is called.

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 1400; // with the random part below 2 s
const LONGEST_BUSY_PAUSE_MS = 10000;
const TRY_AGAIN_LATER = 1013;
const PING_EVERY_MS = 10000;
const PONG_WITHIN_MS = 8000;
const OPEN_WITHIN_MS = 15000; // a network that swallows packets keeps a new connection waiting for minutes

/** Thrown by `prepare` if another try cannot succeed; its message is shown. */
export class PermanentError extends Error {}

export class ReconnectingSocket {
  /**
   * `address()` returns the URL of the next connection; `prepare()` runs before each but the first and may throw;
   * `onOpen`, `onMessage(object)`, `onLost(seconds until the next try)`, `onEnd({code, reason})`;
   * `isEnd(code)` returns whether the server closed for good.
   */
  constructor({ address, prepare, onOpen, onMessage, onLost, onEnd, isEnd }) {
    Object.assign(this, { address, prepare, onOpen, onMessage, onLost, onEnd, isEnd });
    this.failures = 0;
    this.ended = false;
    window.addEventListener("online", () => this.reconnectNow());
    window.addEventListener("offline", () => {
      if (this.socket?.readyState <= WebSocket.OPEN) this.drop();
    });
  }

  open() {
    const socket = new WebSocket(this.address());
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.opening = setTimeout(() => this.drop(), OPEN_WITHIN_MS);
    socket.onopen = () => {
      clearTimeout(this.opening);
      this.startPinging();
      this.onOpen();
    };
    socket.onmessage = ({ data }) => this.receive(data);
    socket.onclose = (event) => this.closed(event);
  }

  get room() {
    return this.socket?.readyState === WebSocket.OPEN ? 65536 - this.socket.bufferedAmount : 0;
  }

  send(data) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(data);
  }

  /** Call when the server has accepted the client: the next reconnect starts with a short pause again. */
  resetPause() {
    this.failures = 0;
  }

  receive(data) {
    this.receivedAt = Date.now();
    if (data !== "__PONG__") this.onMessage(JSON.parse(data));
  }

  startPinging() {
    this.receivedAt = Date.now();
    clearInterval(this.pinging);
    this.pinging = setInterval(() => {
      if (Date.now() - this.receivedAt > PING_EVERY_MS + PONG_WITHIN_MS) this.drop();
      else this.send("__PING__");
    }, PING_EVERY_MS);
  }

  /** Close a connection without answers to pings, and do not wait for the close, which can take minutes. */
  drop() {
    const { socket } = this;
    socket.onopen = socket.onclose = socket.onmessage = null;
    socket.close();
    this.closed({ code: 1006, reason: "" });
  }

  closed({ code, reason }) {
    clearTimeout(this.opening);
    clearInterval(this.pinging);
    if (this.ended) return;
    if (this.isEnd(code)) this.end(code, reason);
    else this.retryLater(code === TRY_AGAIN_LATER ? LONGEST_BUSY_PAUSE_MS : LONGEST_PAUSE_MS);
  }

  retryLater(longest = LONGEST_PAUSE_MS) {
    const pause = Math.min(longest, FIRST_PAUSE_MS * 2 ** this.failures) * (0.75 + Math.random() / 2);
    this.failures += 1;
    this.onLost(pause / 1000);
    this.timer = setTimeout(() => this.reopen(), pause);
  }

  async reopen() {
    this.timer = undefined;
    try {
      await this.prepare?.();
    } catch (error) {
      if (this.ended) return;
      if (error instanceof PermanentError) this.end(0, error.message);
      else this.retryLater();
      return;
    }
    if (!this.ended) this.open();
  }

  /** Reconnect now instead of after the pause. */
  reconnectNow() {
    if (this.timer === undefined || this.ended) return;
    clearTimeout(this.timer);
    this.reopen();
  }

  end(code = 1000, reason = "") {
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.timer);
    clearTimeout(this.opening);
    clearInterval(this.pinging);
    this.socket?.close();
    this.onEnd({ code, reason });
  }
}
