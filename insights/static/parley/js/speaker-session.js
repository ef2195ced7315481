// The session of a speaker: sends audio and receives results, over a connection that may be lost and reconnects.

import { CaptureClock } from "./capture-clock.js";
import { PermanentError, ReconnectingSocket } from "./reconnecting-socket.js";
import { ResendBuffer } from "./resend-buffer.js";
import { SentTimes } from "./sent-times.js";
import { gettext } from "./text.js";

const CHUNKS_PER_S = 10;
const SILENCE = new ArrayBuffer(3200); // one chunk
const FIRST_CHUNK_MS = 500; // how long the start waits for the first chunk
const CHUNKS_AT_ONCE = 8; // buffered audio is sent faster than real time, but not all at once
const ALIVE_S = 7; // the server notes every 5 s that a session is live
const OLD_SESSION_MS = 60000; // how long the reconnect waits for the end of the old session
const OLDEST_S = 1800; // the highest `audioAge` that the server takes
const LONGEST_GAP_S = 86400; // the highest `audioGap` that the server takes
const KEEP_S = 600; // how long the conversation waits for this speaker
const DONE = 1000;
const NOT_ALLOWED = 1008;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class SpeakerSession {
  /**
   * `urls`: {socket, resumePoint}; `speaker`: {userId, name}; `title` may be empty; `insightTypes` are those that the page shows;
   * `several`: whether several people speak here, who are told apart; `language`: a language code, or `auto`, which becomes what was found;
   * `translate`: whether messages in another language are translated into English.
   * `on`: message(object); state(name, detail) with connecting, listening, lost, waiting, stopping, over, failed, deleted;
   * warning(text, temporary), where a temporary one is removed when the page is listening again.
   */
  constructor({ urls, speaker, title, insightTypes, several = false, language = "en-US", translate = false, store, on }) {
    Object.assign(this, { urls, speaker, title, insightTypes, several, language, translate, store, on });
    this.buffer = new ResendBuffer();
    this.clock = new CaptureClock();
    this.listening = false;
    this.stopping = false;
    this.stopped = false;
    this.skew = 0; // the server's clock minus this one, in ms
    this.connection = new ReconnectingSocket({
      address: () => this.address(),
      prepare: () => this.resume(),
      onOpen: () => this.startWhenReady(),
      onMessage: (message) => this.receive(message),
      onLost: (seconds) => this.onLost(seconds),
      onEnd: (end) => this.onEnd(end),
      isEnd: (code) => code === NOT_ALLOWED || (code === DONE && this.stopped),
    });
  }

  address() {
    const url = new URL(this.urls.socket);
    url.searchParams.set("after", this.store.cursor);
    url.searchParams.set("results", "all");
    return url.href;
  }

  start() {
    this.on.state("connecting");
    this.connection.open();
  }

  /** Ask to start once there is a chunk: the server dates the audio by the age of the first one. */
  startWhenReady() {
    if (this.buffer.end || this.waited) {
      this.requestStart();
      return;
    }
    setTimeout(() => {
      this.waited = true;
      if (this.connection.socket?.readyState === WebSocket.OPEN && !this.listening) this.requestStart();
    }, FIRST_CHUNK_MS);
  }

  requestStart() {
    this.base = this.number = this.buffer.rewind();
    const recordedAt = this.firstRecordedAt();
    const age = recordedAt === undefined ? undefined : Math.max(0, performance.now() - recordedAt);
    this.times = age === undefined ? undefined : new SentTimes(Date.now() + this.skew - age); // an estimate, until `calibrate`
    this.connection.send(
      JSON.stringify({
        type: "start_request",
        insightTypes: this.insightTypes,
        noConnectionTimeout: KEEP_S,
        audioAge: age === undefined ? undefined : Math.min(OLDEST_S, age / 1000),
        speaker: this.speaker,
        config: {
          confidenceThreshold: 0.5,
          languageCode: this.language,
          translateToEnglish: (this.translate && !this.language.startsWith("en")) || undefined,
          meetingTitle: this.title || undefined,
          speakerDiarization: this.several || undefined,
          timezoneOffset: -new Date().getTimezoneOffset(),
          speechRecognition: { encoding: "LINEAR16", sampleRateHertz: 16000 },
        },
      }),
    );
  }

  /** When the first sample that will be sent was recorded, in ms of `performance.now()`; undefined before the first chunk. */
  firstRecordedAt() {
    const { firstEnd } = this.buffer;
    return firstEnd === undefined ? this.clock.at(this.clock.end) : this.clock.at(firstEnd - 1 / CHUNKS_PER_S);
  }

  /** Ten times a second, whatever the state of the connection; `end` is the time of the audio thread at the end of the chunk. */
  push(chunk, end) {
    const before = this.buffer.dropped;
    this.clock.arrived(end, performance.now());
    this.buffer.push(chunk, end);
    if (before === 0 && this.buffer.dropped) this.on.warning(gettext("The connection was down for too long. The oldest audio of that time is lost."));
    this.pump();
  }

  pump() {
    if (!this.listening) return;
    for (let count = 0; count < CHUNKS_AT_ONCE && this.connection.room > 0; count += 1) {
      const lost = this.number < this.buffer.next; // a lost chunk must not shift the later ones
      if (!lost && this.number > this.base) this.sendGap(this.buffer.gap);
      const chunk = lost ? SILENCE : this.buffer.take();
      if (!chunk) break;
      this.number += 1;
      this.times ??= new SentTimes(Date.now() + this.skew);
      this.connection.send(chunk);
    }
    if (this.stopping && !this.buffer.waiting) this.sendStop();
  }

  /** Recording was paused before the next chunk: the server dates it by that. */
  sendGap(seconds) {
    if (!seconds) return;
    this.connection.send(JSON.stringify({ type: "modify_request", audioGap: Math.min(LONGEST_GAP_S, seconds) }));
    this.times?.pause((this.number - this.base) / CHUNKS_PER_S, seconds);
  }

  /** Call after the last chunk of the microphone. */
  stop() {
    this.stopping = true;
    this.on.state("stopping");
    this.pumping = setInterval(() => this.pump(), 100);
  }

  sendStop() {
    if (this.stopSent) return;
    this.stopSent = true;
    this.connection.send(JSON.stringify({ type: "stop_request" }));
  }

  receive(message) {
    const inner = message.type === "message" ? message.message : {};
    if (message.type === "error" || inner.type === "error") this.onError(message, inner);
    else if (inner.type === "conversation_created") this.onConversation(inner.data.conversationId);
    else if (inner.type === "conversation_deleted") this.onDeleted();
    else if (inner.type === "started_listening") this.onListening();
    else if (inner.type === "recognition_result") this.onResult(inner);
    else if (inner.type === "recognition_stopped") this.onStopped();
    else if (inner.type === "language_detected") this.language = inner.data.languageCode; // also after a lost connection
    if (message.type === "message_response") this.calibrate(message.messages);
    this.on.message(message);
  }

  onDeleted() {
    this.deleted = true;
    this.connection.end(DONE);
  }

  onStopped() {
    this.stopped = true;
    if (this.stopping) this.connection.end();
  }

  onConversation(id) {
    if (this.store.conversation && this.store.conversation !== id) {
      this.store.forgetNumbers();
      this.on.warning(gettext("The conversation ended while you were disconnected. You are now in a new one."));
    }
    this.store.conversation = id;
  }

  onListening() {
    this.lastEnd = undefined;
    this.stopSent = false;
    this.listening = true;
    this.connection.resetPause();
    this.on.state(this.stopping ? "stopping" : "listening");
    this.pump();
  }

  /** Handle a final result of this speaker: the audio up to its last word is stored on the server. */
  onResult(result) {
    if (!result.isFinal || (result.audioOwner ?? result.user)?.userId !== this.speaker.userId) return;
    const end = result.payload?.raw?.alternatives?.[0]?.words?.at(-1)?.endTime;
    if (!end) return;
    this.lastEnd = Number(end.seconds) + Number(end.nanos) / 1e9;
    this.dropStored(this.lastEnd);
  }

  /** Drop the audio before `seconds` of this session, and `more` chunks of the pause that follows a last word. */
  dropStored(seconds, more = 2) {
    this.buffer.forget(this.base + Math.floor(seconds * CHUNKS_PER_S) + more);
  }

  /** Compare the clocks: a result has the time of its last word in seconds of this session, its message in the server's time. */
  calibrate(messages) {
    const own = messages.filter((one) => one.from?.userId === (this.several ? "" : this.speaker.userId));
    if (!own.length || this.lastEnd === undefined) return;
    const word = JSON.parse(own.at(-1).metadata?.words || "[]").at(-1);
    if (word) this.times?.correct(this.lastEnd, Date.parse(word.endTime));
    this.lastEnd = undefined;
  }

  onLost(seconds) {
    this.listening = false;
    this.lostAt ??= Date.now();
    this.on.state("lost", seconds);
  }

  /** Before a reconnect, wait until the old session has ended, then drop the audio that it has processed. */
  async resume() {
    const answer = await this.fetchResumePoint();
    this.skew = Date.parse(answer.now) - Date.now();
    if (answer.seen !== null && answer.seen < ALIVE_S && Date.now() - this.lostAt < OLD_SESSION_MS) {
      this.on.state("waiting");
      await pause(700);
      return this.resume();
    }
    this.lostAt = undefined;
    if (answer.until && this.times) this.dropStored(this.times.place(Date.parse(answer.until)), 0);
    if (!answer.live && this.stopSent) throw new PermanentError("");
    return undefined;
  }

  async fetchResumePoint() {
    const url = new URL(this.urls.resumePoint);
    url.searchParams.set("speaker", this.speaker.userId);
    const response = await fetch(url, { redirect: "manual", cache: "no-store", signal: AbortSignal.timeout(8000) });
    if (response.type === "opaqueredirect") throw new PermanentError(gettext("You were signed out. Sign in again, then come back to this page."));
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return response.json();
  }

  onError(message, inner) {
    const text = inner.message ?? message.details ?? message.message ?? "";
    if (inner.type === "error") this.connection.end(NOT_ALLOWED, text);
    else this.on.warning(text, true);
  }

  onEnd({ code, reason }) {
    this.listening = false;
    clearInterval(this.pumping);
    if (this.deleted) this.on.state("deleted");
    else if (this.stopping && !reason) this.on.state("over");
    else this.on.state("failed", reason || (code === DONE ? gettext("The server ended the conversation.") : ""));
  }
}
