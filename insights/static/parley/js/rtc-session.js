// The session of a speaker whose audio goes over WebRTC. What a lost connection swallows is not sent again; results come over a WebSocket.

import { StreamClient } from "../client/parley.js";
import { sentence } from "./stream-errors.js";
import { gettext } from "./text.js";
import { ViewerSession } from "./viewer-session.js";

const TRIES = 40;
const LOOK_MS = 400;
const LAST_WORDS_MS = 90_000; // how long the end waits for the last words
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class RtcSession {
  /**
   * `urls`: {socket, resumePoint, stream}, where `stream` has the routes of the stream; `id` is the connection id; `media()` returns the
   * microphone. The rest as in speaker-session.js.
   */
  constructor({ urls, id, speaker, title, several = false, language = "en-US", translate = false, media, store, on }) {
    Object.assign(this, { urls, id, speaker, title, several, language, translate, media, store, on });
    this.lossy = true;
    this.up = { link: false, results: false };
    this.connection = { reconnectNow: () => this.link.reconnect() };
  }

  push() {} // WebRTC takes the microphone itself

  async start() {
    this.on.state("connecting");
    const options = { id: this.id, media: this.media(), receive: [], outputs: false, tries: TRIES, beforeMedia: () => this.sendOptions() };
    this.link = new StreamClient(this.urls.stream, options);
    this.link.on("state", ({ state, error }) => this.onLink(state, error));
    this.link.on("message", (message) => this.onData(message));
    await this.link.connect().catch(() => {}); // its state tells why
  }

  /** Say who speaks before the first audio. With `final`, the part of this speaker is over when the session ends. */
  async sendOptions(final = false) {
    const { speaker, title, several, language, translate } = this;
    const options = { user_id: speaker.userId, title, several, language, translate, timezone_offset: -new Date().getTimezoneOffset(), final };
    const body = JSON.stringify({ webrtc_id: this.id, speaker_name: speaker.name, options });
    const answer = await fetch(`${this.urls.stream}/input_hook`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
    if (!answer.ok) throw new Error(gettext("The server answered {status}.", { status: answer.status }));
  }

  /** Use another microphone. */
  replace(stream) {
    this.link?.useTrack(stream.getAudioTracks()[0]);
  }

  onLink(name, error) {
    this.up.link = name === "connected";
    if (name === "ended" && !this.stopping && !this.over) this.fail(sentence(error));
    else if (name === "connected") this.connected();
    else if (name === "lost") this.show();
  }

  async connected() {
    this.show();
    if (this.viewer || this.waiting) return;
    this.waiting = true;
    while (!(await this.look()).live && !this.over) await pause(LOOK_MS);
    if (this.over) return;
    this.viewer = new ViewerSession({
      socket: `${this.urls.socket}&as=${encodeURIComponent(this.speaker.userId)}`,
      store: this.store,
      on: { ...this.on, state: (name, seconds) => this.onResults(name, seconds) },
    });
    this.viewer.start();
  }

  onResults(name, seconds) {
    const before = this.up.results;
    this.up.results = name === "listening";
    if (["over", "deleted", "failed"].includes(name)) this.finish(name, seconds);
    else if (name === "lost") this.show(seconds);
    else if (name === "listening") {
      if (this.wasLost && !before) this.link.reconnect(); // the server may be another one by now; if it is not, the session is renewed
      this.wasLost = false;
      this.show();
    }
    if (name === "lost") this.wasLost = true;
  }

  show(seconds) {
    if (this.stopping || this.over) return;
    if (this.up.link && this.up.results) this.on.state("listening");
    else if (this.viewer) this.on.state("lost", seconds);
  }

  onData({ type, message, data }) {
    if (type === "error" || type === "warning") this.on.warning(String(message ?? data ?? ""), true);
  }

  /** Whether the conversation is live, and when this speaker's session was last seen. */
  async look() {
    const url = new URL(this.urls.resumePoint);
    url.searchParams.set("speaker", this.speaker.userId);
    const answer = await fetch(url, { cache: "no-store" }).catch(() => undefined);
    return answer?.ok ? answer.json().catch(() => ({})) : {};
  }

  async stop() {
    this.stopping = true;
    this.on.state("stopping");
    await this.sendOptions(true).catch(() => {}); // without it the conversation stays open for a while
    this.link.close();
    const until = Date.now() + LAST_WORDS_MS;
    while (!this.over && Date.now() < until) {
      const { live, seen } = await this.look();
      if (live === false || (live && seen === null)) break; // everything is stored
      await pause(LOOK_MS);
    }
    await pause(LOOK_MS); // the last results are on their way
    this.finish("over");
  }

  fail(reason) {
    this.finish("failed", reason);
  }

  finish(name, detail) {
    if (this.over) return;
    this.over = true;
    this.link?.close();
    this.viewer?.connection.end();
    this.on.state(name, detail);
  }
}
