// One's own part in a live conversation: sound out, words in, over a connection that may break and comes back.

import { CaptureClock } from "./capture-clock.js";
import { Hopeless, Link } from "./link.js";
import { Tape } from "./tape.js";

const CHUNKS_PER_S = 10;
const SILENCE = new ArrayBuffer(3200); // one chunk
const FIRST_CHUNK_MS = 500; // how long the start waits for the first chunk
const CHUNKS_AT_ONCE = 8; // after a pause the tape is sent faster than it was spoken, but not all at a blow
const ALIVE_S = 7; // sessions of the server give a sign every 5 s
const PATIENCE_MS = 60000; // for a server that still believes in the connection that we lost
const OLDEST_S = 1800; // the highest `audioAge` that the server takes
const KEEP_S = 600; // how long the conversation waits for us
const DONE = 1000;
const NOT_ALLOWED = 1008;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Speaking {
  /**
   * `place`: {socket, resumePoint} URLs; `who`: {userId, name}; `title` may be empty; `insightTypes` are those that the page shows.
   * `on`: message(object), state(name, detail) with connecting, listening, lost, waiting, stopping, over, failed; trouble(text, passing).
   */
  constructor({ place, who, title, insightTypes, record, on }) {
    Object.assign(this, { place, who, title, insightTypes, record, on });
    this.tape = new Tape();
    this.clock = new CaptureClock();
    this.listening = false;
    this.stopping = false;
    this.stopped = false;
    this.skew = 0; // the server's clock less ours, in ms
    this.link = new Link({
      address: () => this.address(),
      prepare: () => this.learnWhatWasHeard(),
      onOpen: () => this.greet(),
      onMessage: (told) => this.take(told),
      onLost: (seconds) => this.lost(seconds),
      onEnd: (end) => this.ended(end),
      isEnd: (code) => code === NOT_ALLOWED || (code === DONE && this.stopped),
    });
  }

  address() {
    const url = new URL(this.place.socket);
    url.searchParams.set("after", this.record.cursor);
    url.searchParams.set("results", "all");
    return url.href;
  }

  start() {
    this.on.state("connecting");
    this.link.open();
  }

  /** Ask to start once there is a chunk: the server dates the audio by the age of the first one. */
  greet() {
    if (this.tape.end || this.waited) {
      this.requestStart();
      return;
    }
    setTimeout(() => {
      this.waited = true;
      if (this.link.socket?.readyState === WebSocket.OPEN && !this.listening) this.requestStart();
    }, FIRST_CHUNK_MS);
  }

  requestStart() {
    this.base = this.number = this.tape.rewind();
    const recordedAt = this.firstRecordedAt();
    const age = recordedAt === undefined ? undefined : Math.max(0, performance.now() - recordedAt);
    this.began = age === undefined ? undefined : Date.now() + this.skew - age; // a guess, until the first words tell exactly
    this.link.send(
      JSON.stringify({
        type: "start_request",
        insightTypes: this.insightTypes,
        noConnectionTimeout: KEEP_S,
        audioAge: age === undefined ? undefined : Math.min(OLDEST_S, age / 1000),
        speaker: this.who,
        config: {
          confidenceThreshold: 0.5,
          languageCode: "en-US",
          meetingTitle: this.title || undefined,
          timezoneOffset: -new Date().getTimezoneOffset(),
          speechRecognition: { encoding: "LINEAR16", sampleRateHertz: 16000 },
        },
      }),
    );
  }

  /** When the first sample that will be sent was recorded, in ms of `performance.now()`; undefined before the first chunk. */
  firstRecordedAt() {
    const { firstEnd } = this.tape;
    return firstEnd === undefined ? this.clock.at(this.clock.end) : this.clock.at(firstEnd - 1 / CHUNKS_PER_S);
  }

  /** Ten times a second, whatever the state of the connection; `end` is the time of the audio thread at the end of the chunk. */
  push(chunk, end) {
    const before = this.tape.dropped;
    this.clock.arrived(end, performance.now());
    this.tape.push(chunk, end);
    if (before === 0 && this.tape.dropped) this.on.trouble("The connection was down for too long. The oldest audio of that time is lost.");
    this.pump();
  }

  pump() {
    if (!this.listening) return;
    for (let count = 0; count < CHUNKS_AT_ONCE && this.link.room > 0; count += 1) {
      const chunk = this.number < this.tape.next ? SILENCE : this.tape.take(); // a lost chunk must not shift the later ones
      if (!chunk) break;
      this.number += 1;
      this.began ??= Date.now() + this.skew;
      this.link.send(chunk);
    }
    if (this.stopping && !this.tape.waiting) this.sayStop();
  }

  /** Call when the microphone has given its last chunk. */
  stop() {
    this.stopping = true;
    this.on.state("stopping");
    this.pumping = setInterval(() => this.pump(), 100);
  }

  sayStop() {
    if (this.saidStop) return;
    this.saidStop = true;
    this.link.send(JSON.stringify({ type: "stop_request" }));
  }

  take(told) {
    const inner = told.type === "message" ? told.message : {};
    if (told.type === "error" || inner.type === "error") this.refused(told, inner);
    else if (inner.type === "conversation_created") this.joined(inner.data.conversationId);
    else if (inner.type === "started_listening") this.listen();
    else if (inner.type === "recognition_result") this.recognised(inner);
    else if (inner.type === "recognition_stopped") this.finished();
    if (told.type === "message_response") this.calibrate(told.messages);
    this.on.message(told);
  }

  finished() {
    this.stopped = true;
    if (this.stopping) this.link.end();
  }

  joined(id) {
    if (this.record.conversation && this.record.conversation !== id) {
      this.record.forgetNumbers();
      this.on.trouble("The conversation ended while you were disconnected. You are now in a new one.");
    }
    this.record.conversation = id;
  }

  listen() {
    this.lastEnd = undefined;
    this.saidStop = false;
    this.listening = true;
    this.link.settled();
    this.on.state(this.stopping ? "stopping" : "listening");
    this.pump();
  }

  /** A final result of ours: what was sent up to its last word is in the store. */
  recognised(result) {
    if (!result.isFinal || result.user?.userId !== this.who.userId) return;
    const end = result.payload?.raw?.alternatives?.[0]?.words?.at(-1)?.endTime;
    if (!end) return;
    this.lastEnd = Number(end.seconds) + Number(end.nanos) / 1e9;
    this.heardTo(this.lastEnd);
  }

  /** Words end a little later than they seem to: a pause follows. Not so where the connection cut them off. */
  heardTo(seconds, more = 2) {
    this.tape.forget(this.base + Math.floor(seconds * CHUNKS_PER_S) + more);
  }

  /** The same last word is told in seconds of this session and in the server's time: that ties both clocks. */
  calibrate(messages) {
    const own = messages.filter((one) => one.from?.userId === this.who.userId);
    if (!own.length || this.lastEnd === undefined) return;
    const word = JSON.parse(own.at(-1).metadata?.words || "[]").at(-1);
    if (word) this.began = Date.parse(word.endTime) - this.lastEnd * 1000;
    this.lastEnd = undefined;
  }

  lost(seconds) {
    this.listening = false;
    this.lostAt ??= Date.now();
    this.on.state("lost", seconds);
  }

  /** Before coming back: wait until the old session is finished, then keep only what it never got to hear. */
  async learnWhatWasHeard() {
    const answer = await this.ask();
    this.skew = Date.parse(answer.now) - Date.now();
    if (answer.seen !== null && answer.seen < ALIVE_S && Date.now() - this.lostAt < PATIENCE_MS) {
      this.on.state("waiting");
      await pause(700);
      return this.learnWhatWasHeard();
    }
    this.lostAt = undefined;
    if (answer.until && this.began !== undefined) this.heardTo((Date.parse(answer.until) - this.began) / 1000, 0);
    if (!answer.live && this.saidStop) throw new Hopeless("");
    return undefined;
  }

  async ask() {
    const url = new URL(this.place.resumePoint);
    url.searchParams.set("speaker", this.who.userId);
    const response = await fetch(url, { redirect: "manual", cache: "no-store", signal: AbortSignal.timeout(8000) });
    if (response.type === "opaqueredirect") throw new Hopeless("You were signed out. Sign in again, then come back to this page.");
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return response.json();
  }

  refused(told, inner) {
    const text = inner.message ?? told.details ?? told.message ?? "";
    if (inner.type === "error") this.link.end(NOT_ALLOWED, text);
    else this.on.trouble(text, true);
  }

  ended({ code, reason }) {
    this.listening = false;
    clearInterval(this.pumping);
    if (this.stopping && !reason) this.on.state("over");
    else this.on.state("failed", reason || (code === DONE ? "The server ended the conversation." : ""));
  }
}
