// Client of Parley's streams for browsers: audio and video over WebRTC, or audio over a WebSocket; messages, inputs, outputs, devices,
// screen share, statistics. It has no dependencies, and pages of any origin may import it: docs/reference/clients.md

import { parsed, refusal, StreamError, unreachable } from "./errors.js";

export { parsed, refusal, StreamError };

const OFFER_WITHIN_MS = 15000;
const CONNECT_WITHIN_MS = 20000;
const TRIES = 4; // of a first connection, and by default after a lost one
const HIDDEN_TRIES = 20; // after so many attempts, some three minutes, a hidden page waits until it is shown
const LONGEST_PAUSE_MS = 15000; // between attempts to come back
const DISCONNECTED_MS = 1000; // how long ICE may find no path before the client connects again
const CHECK_WITHIN_MS = 3000;
const OUTPUTS_AGAIN_MS = 5000;
const LAST_OUTPUTS_MS = 1500;

const randomId = () => crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), (one) => one.toString(16).padStart(2, "0")).join("");

/**
 * One session of a stream.
 *
 *     const stream = new StreamClient(`${server}/streams/echo`, { token });
 *     stream.on("media", (media) => { audio.srcObject = media; });
 *     stream.on("output", (output) => console.log(output));
 *     await stream.connect();
 *
 * Events, as `CustomEvent` with `detail`, or by `on(name, listener)`, which passes `detail`:
 * - "state": {state, error}; the states are "connecting", "connected", "lost" (it tries to come back) and "ended" (for good, with `error`).
 * - "own": the MediaStream that is sent, once the devices are open; the screen replaces its track while it is shared.
 * - "media": a MediaStream with what the stream sends.
 * - "message": {type, data, ...}, a message of the server: "log", "error", "warning", "send_input", "fetch_output" ...
 * - "output": the value of one output of the handler, parsed where it is JSON; `event.id` is its number.
 * - "screen": whether the screen is shared.
 */
export class StreamClient extends EventTarget {
  /**
   * @param {string} url address of the stream, such as "/streams/echo"; relative to the page.
   * @param {object} [options]
   * @param {string|(() => string|Promise<string>)} [options.token] access token; without one the sign-in of our own pages counts.
   * @param {"webrtc"|"websocket"} [options.transport] "websocket" has audio only, and needs no UDP.
   * @param {MediaStream|MediaStreamConstraints|null} [options.media] what is sent: tracks, or which devices to open; null: nothing. By default the microphone.
   * @param {("audio"|"video")[]} [options.receive] kinds of media to receive; by default those that are sent, or audio.
   * @param {unknown} [options.userData] JSON that the handler finds in its context as `user_data`.
   * @param {string} [options.id] the session's id (`webrtc_id`); by default a random one.
   * @param {RTCConfiguration} [options.rtcConfiguration] by default that of the server (`/rtc/config`).
   * @param {Partial<RTCRtpSendParameters>} [options.rtpParameters] parameters of the senders, as far as the browser takes them.
   * @param {number} [options.tries] attempts to come back after a lost connection, which may be Infinity; after 20 only while the page is visible.
   * @param {boolean} [options.outputs] whether outputs are read, by default true.
   * @param {() => Promise<void>} [options.beforeMedia] awaited when the session exists and no media flows yet.
   */
  constructor(url, options = {}) {
    super();
    this.url = new URL(`${String(url).replace(/\/+$/, "")}/`, globalThis.location?.href);
    this.options = { transport: "webrtc", media: { audio: true }, tries: TRIES, outputs: true, ...options };
    this.id = options.id ?? randomId();
    this.state = "new";
    /** @type {MediaStream|undefined} what is sent */
    this.media = undefined;
    /** @type {MediaStream|undefined} what is received */
    this.received = undefined;
    this.attempts = 0;
    this.before = new Map();
  }

  /** Listen to an event; returns a function that stops it. */
  on(name, listener) {
    const call = (event) => listener(event.detail, event);
    this.addEventListener(name, call);
    return () => this.removeEventListener(name, call);
  }

  /** Whether the session has ended for good. */
  get ended() {
    return this.state === "ended";
  }

  get configurationUrl() {
    const name = this.url.pathname.match(/\/streams\/([^/]+)\/$/)?.[1];
    return new URL(`/rtc/config${name ? `?stream=${name}` : ""}`, this.url);
  }

  /** @type {RTCPeerConnection|undefined} */
  get peer() {
    return this.link?.peer;
  }

  /** Open the devices and connect. Resolves when connected; rejects with a StreamError, then the state is "ended". */
  async connect() {
    if (this.state !== "new") throw new StreamError("closed", "a client connects once; make another one");
    this.beganAt = performance.now();
    this.show("connecting");
    try {
      await this.openMedia();
      if (this.ended) throw this.error;
      const Link = this.options.transport === "websocket" ? (await import("./socket.js")).SocketLink : PeerLink;
      this.link = new Link(this);
      const connected = new Promise((resolve, reject) => {
        this.settle = { resolve, reject };
      });
      await Promise.race([this.link.open(), connected]); // an end rejects at once
      await connected;
    } catch (error) {
      const known = error instanceof StreamError ? error : unreachable(error);
      this.end(known);
      throw known;
    }
  }

  /** End the session. Tracks that the client opened are stopped; those that were passed in continue. */
  close(reason = "closed") {
    this.end(new StreamError("closed", reason));
  }

  /** Connect again now, with the same session; the browser has noticed a change of the network, for example. */
  reconnect() {
    if (this.state === "connected") return this.lost();
    this.wake?.();
    return Promise.resolve();
  }

  /** Give the handler new inputs: an object with the fields that the stream declares. Rejects with a StreamError ("invalid", "not_found"). */
  async sendInput(values) {
    await this.post("input_hook", { webrtc_id: this.id, ...values });
  }

  /** Stop sending, or continue: "audio", "video", or both without a kind. */
  mute(muted = true, kind = undefined) {
    for (const track of this.media?.getTracks() ?? []) if (!kind || track.kind === kind) track.enabled = !muted;
  }

  /** The devices: [{id, kind: "microphone"|"camera"|"speaker", name}]. Browsers tell the names once one of them may be used. */
  static async devices() {
    const kinds = { audioinput: "microphone", videoinput: "camera", audiooutput: "speaker" };
    const found = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
    return found
      .filter(({ deviceId }) => !["default", "communications"].includes(deviceId))
      .map(({ deviceId, kind, label }) => ({ id: deviceId, kind: kinds[kind], name: label }));
  }

  /** Send another microphone or camera ("audio" or "video") from now on. */
  async useDevice(kind, id) {
    const { [kind]: wanted } = this.options.media instanceof MediaStream ? {} : (this.options.media ?? {});
    const plain = typeof wanted === "object" ? wanted : {};
    const fresh = await openDevices({ [kind]: { ...plain, deviceId: { exact: id } } });
    await this.useTrack(fresh.getTracks()[0]);
  }

  /** Send this track in place of the one of its kind. */
  async useTrack(track) {
    const old = this.media?.getTracks().find(({ kind }) => kind === track.kind);
    await this.link?.replace(track);
    track.enabled = old?.enabled ?? true;
    if (old) {
      this.media.removeTrack(old);
      if (!this.borrowed) old.stop();
    }
    (this.media ??= new MediaStream()).addTrack(track);
    return old;
  }

  /**
   * Send the screen, a window or a tab in place of the camera, until `stopScreen` or until the user ends it in the browser.
   * The stream must take video. Rejects with a StreamError ("device") if the user shares nothing.
   */
  async shareScreen(constraints = { video: true }) {
    if (!navigator.mediaDevices?.getDisplayMedia) throw new StreamError("device", "this browser cannot share a screen", { name: "NotSupportedError" });
    if (this.screen) return;
    const shared = await navigator.mediaDevices.getDisplayMedia(constraints).catch((error) => {
      throw new StreamError("device", `the screen is not shared: ${error.message}`, { name: error.name });
    });
    const [track] = shared.getVideoTracks();
    const camera = this.media?.getVideoTracks()[0];
    await this.link?.replace(track).catch((error) => {
      track.stop();
      throw error;
    });
    if (camera) this.media.removeTrack(camera);
    (this.media ??= new MediaStream()).addTrack(track);
    this.screen = { track, camera };
    track.addEventListener("ended", () => this.stopScreen());
    this.dispatchEvent(new CustomEvent("screen", { detail: true }));
  }

  /** Send the camera again. */
  async stopScreen() {
    if (!this.screen) return;
    const { track, camera } = this.screen;
    this.screen = undefined;
    track.stop();
    this.media?.removeTrack(track);
    if (camera) this.media?.addTrack(camera);
    if (!this.ended) await this.link?.replace(camera ?? null, "video");
    this.dispatchEvent(new CustomEvent("screen", { detail: false }));
  }

  /**
   * Figures of the connection; a field is missing where the browser has none. Rates are those since the last call.
   * @returns {Promise<{state: string, transport: string, answeredMs?: number, connectedMs?: number, roundTripMs?: number, path?: "direct"|"relayed",
   *   protocol?: string, audio: {in?: Flow, out?: Flow}, video: {in?: Flow, out?: Flow}}>} where
   *   Flow is {kbps?: number, lossPercent?: number, jitterBufferMs?: number, width?: number, height?: number, fps?: number}.
   */
  async statistics() {
    const { state, answeredMs, connectedMs } = this;
    return { state, transport: this.options.transport, answeredMs, connectedMs, audio: {}, video: {}, ...(await this.link?.statistics(this.before)) };
  }

  // -- for the links

  async openMedia() {
    const wanted = this.options.media;
    this.borrowed = wanted instanceof MediaStream;
    if (this.borrowed) this.media = new MediaStream(wanted.getTracks());
    else if (wanted) this.media = await openDevices(wanted);
    if (this.ended) this.stopTracks(); // it was closed meanwhile
    else if (this.media) this.dispatchEvent(new CustomEvent("own", { detail: this.media }));
  }

  stopTracks() {
    if (!this.borrowed) this.media?.getTracks().forEach((track) => track.stop());
    this.screen?.track.stop();
  }

  show(state, error = undefined) {
    this.state = state;
    this.error = error;
    this.dispatchEvent(new CustomEvent("state", { detail: { state, error } }));
  }

  linked() {
    this.attempts = 0;
    const { resume } = this.link;
    if (this.resume !== resume) this.leaveOutputs(); // another session, whose outputs begin at 1
    this.resume = resume;
    if (this.ended || this.state === "connected") return;
    this.connectedMs ??= performance.now() - this.beganAt;
    this.show("connected");
    this.settle?.resolve();
    if (this.options.outputs && !this.events) this.readOutputs();
  }

  gave(stream) {
    this.received = stream;
    this.dispatchEvent(new CustomEvent("media", { detail: stream }));
  }

  got(message) {
    this.dispatchEvent(new CustomEvent("message", { detail: message }));
    if (message.type === "end_stream") this.end(new StreamError("ended", String(message.data || "the stream has ended")));
    else if (message.type === "update_connection" && message.data === "closed") this.end(new StreamError("ended", "the server ended the session"));
  }

  /** The connection is gone; come back to the same session, with growing pauses from the second attempt on. */
  async lost() {
    if (this.ended || this.returning) return;
    this.returning = true;
    for (let again = true; again && !this.ended; ) again = await this.comeBack();
    this.returning = false;
  }

  /** One attempt to come back, after its pause; whether another one must follow. */
  async comeBack() {
    this.attempts += 1;
    const tries = this.connectedMs === undefined ? Math.min(TRIES, this.options.tries) : this.options.tries;
    if (this.attempts > tries) return this.end(new StreamError("lost", "the connection was lost and did not come back"));
    if (this.state === "connected") this.show("lost");
    await this.pauseBeforeAttempt();
    if (this.ended || this.state === "connected") return false; // the browser found the way itself
    try {
      await this.link.open();
    } catch (error) {
      const passing = !(error instanceof StreamError) || ["server", "unreachable"].includes(error.code);
      const crashed = error.code === "id_taken" && this.options.tries > TRIES; // the session of a process that is gone, for a while
      if (passing || crashed) return true;
      this.end(error);
    }
    return false;
  }

  /** `reconnect`, a network that is back and a page that is shown again end the pause. */
  async pauseBeforeAttempt() {
    if (this.attempts < 2) return;
    const page = globalThis.document;
    const heard = new AbortController();
    await new Promise((resolve) => {
      this.wake = resolve;
      setTimeout(() => (this.attempts > HIDDEN_TRIES && page?.hidden) || resolve(), Math.min(LONGEST_PAUSE_MS, 1000 * this.attempts));
      globalThis.addEventListener?.("online", resolve, { signal: heard.signal });
      page?.addEventListener("visibilitychange", () => page.hidden || resolve(), { signal: heard.signal });
    });
    heard.abort();
    this.wake = undefined;
  }

  /** Ask the server whether it is there, and come back to it if it is not: a request tells sooner than the media. */
  async check() {
    if (this.state !== "connected" || this.checking) return;
    this.checking = true;
    const answer = await this.fetch(this.configurationUrl, { signal: AbortSignal.timeout(CHECK_WITHIN_MS) }).catch((error) => error);
    this.checking = false;
    if (["server", "unreachable"].includes(answer.code) && this.state === "connected") this.lost();
  }

  end(error) {
    if (this.ended) return;
    this.link?.close();
    this.wake?.();
    this.stopTracks();
    setTimeout((events) => events?.close(), LAST_OUTPUTS_MS, this.events);
    this.show("ended", error);
    this.settle?.reject(error);
  }

  leaveOutputs() {
    this.events?.close();
    this.events = this.lastOutput = undefined;
  }

  readOutputs() {
    const open = async () => {
      const url = await this.address("outputs");
      url.searchParams.set("webrtc_id", this.id);
      if (this.lastOutput) url.searchParams.set("after", this.lastOutput);
      if (this.ended || (this.events && this.events.readyState !== EventSource.CLOSED)) return;
      const events = new EventSource(url);
      this.events = events;
      const take = ({ data, lastEventId }) => {
        this.lastOutput = lastEventId;
        this.dispatchEvent(Object.assign(new CustomEvent("output", { detail: parsed(data) }), { id: lastEventId, data }));
      };
      events.addEventListener("output", take);
      events.addEventListener("message", take);
      events.addEventListener("end", ({ data }) => {
        events.close();
        if (data === "lost" && events === this.events) this.lost(); // the process that has the session is gone
      });
      events.addEventListener("error", () => {
        if (events === this.events) this.check();
        if (events.readyState === EventSource.CLOSED && events === this.events) setTimeout(() => events === this.events && open(), OUTPUTS_AGAIN_MS);
      });
    };
    open();
  }

  async token() {
    const { token } = this.options;
    return typeof token === "function" ? token() : token;
  }

  /** The URL of a route of the stream, with the token in its query, for what cannot send headers. */
  async address(route) {
    const url = new URL(route, this.url);
    const token = await this.token();
    if (token) url.searchParams.set("access_token", token);
    return url;
  }

  async fetch(url, init = {}) {
    const token = await this.token();
    const headers = { ...init.headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
    const response = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(OFFER_WITHIN_MS), ...init, headers }).catch((error) => {
      throw unreachable(error);
    });
    const body = await response.json().catch(() => ({}));
    if (!response.ok || body.status === "failed") throw refusal(response.status, body);
    return body;
  }

  post(route, body) {
    return this.fetch(new URL(route, this.url), { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  }
}

async function openDevices(constraints) {
  if (!navigator.mediaDevices?.getUserMedia) throw new StreamError("insecure", "browsers give devices only to pages over https, or on localhost");
  const plain = { audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true }, video: { width: { ideal: 640 }, height: { ideal: 480 } } };
  const wanted = {};
  for (const kind of ["audio", "video"]) {
    if (constraints[kind]) wanted[kind] = { ...plain[kind], ...(typeof constraints[kind] === "object" ? constraints[kind] : {}) };
  }
  return navigator.mediaDevices.getUserMedia(wanted).catch((error) => {
    throw new StreamError("device", `the device cannot be used: ${error.message || error.name}`, { name: error.name });
  });
}

/** Sends and receives over WebRTC. */
class PeerLink {
  constructor(client) {
    this.client = client;
  }

  async open() {
    const { client } = this;
    const before = this.peer;
    this.configuration ??= client.options.rtcConfiguration ?? (await this.ofServer());
    if (client.ended) return;
    const peer = new RTCPeerConnection(this.configuration);
    this.peer = peer;
    this.addMedia(peer);
    this.openChannel(peer);
    peer.ontrack = ({ streams, track }) => client.gave(streams[0] ?? new MediaStream([track]));
    peer.onicecandidate = ({ candidate }) => candidate && this.trickle(candidate);
    peer.onconnectionstatechange = () => this.changed(peer);
    await peer.setLocalDescription(await peer.createOffer());
    const offeredAt = performance.now();
    const offer = { sdp: peer.localDescription.sdp, type: "offer", webrtc_id: client.id, resume: this.resume ?? true };
    if (client.options.userData !== undefined) offer.user_data = client.options.userData;
    const answer = await client.post("webrtc/offer", offer).finally(() => before?.close()); // its close, sent earlier, would end the session
    client.answeredMs = performance.now() - offeredAt;
    this.resume = answer.resume; // with it the session can be renewed at any time
    await client.options.beforeMedia?.();
    if (client.ended || peer !== this.peer) return;
    await peer.setRemoteDescription({ type: answer.type, sdp: answer.sdp });
    clearTimeout(this.late);
    this.late = setTimeout(() => peer === this.peer && peer.connectionState !== "connected" && client.lost(), CONNECT_WITHIN_MS);
  }

  ofServer() {
    return this.client.fetch(this.client.configurationUrl).catch((error) => {
      if (error.code === "unreachable") throw error;
      return {}; // the offer says what is wrong; a public stream at a path of its own needs no configuration
    });
  }

  addMedia(peer) {
    const { media, options } = this.client;
    const tracks = media?.getTracks() ?? [];
    const receive = options.receive ?? (tracks.length ? tracks.map(({ kind }) => kind) : ["audio"]);
    for (const track of tracks) {
      const direction = receive.includes(track.kind) ? "sendrecv" : "sendonly";
      const { sender } = peer.addTransceiver(track, { direction, streams: [media] });
      const wanted = options.rtpParameters ?? {};
      if (Object.keys(wanted).length) sender.setParameters({ ...sender.getParameters(), ...wanted }).catch(() => {}); // a wish
    }
    for (const kind of receive) if (!tracks.some((track) => track.kind === kind)) peer.addTransceiver(kind, { direction: "recvonly" });
  }

  openChannel(peer) {
    peer.createDataChannel("text").onmessage = ({ data }) => {
      const message = parsed(data);
      this.client.got(typeof message === "object" && message ? message : { type: "log", data });
    };
  }

  trickle(candidate) {
    this.client.post("webrtc/offer", { candidate: candidate.toJSON(), type: "ice-candidate", webrtc_id: this.client.id }).catch(() => {}); // the others may do
  }

  changed(peer) {
    if (peer !== this.peer || this.client.ended) return;
    if (peer.connectionState === "connected") {
      clearTimeout(this.late);
      this.client.linked();
    } else if (peer.connectionState === "disconnected") {
      setTimeout(() => peer === this.peer && peer.connectionState === "disconnected" && this.client.lost(), DISCONNECTED_MS);
    } else if (peer.connectionState === "failed") {
      this.client.lost();
    } else if (peer.connectionState === "closed") {
      this.client.end(new StreamError("ended", "the server ended the session"));
    }
  }

  async replace(track, kind = track?.kind) {
    const found = this.peer?.getTransceivers().find((one) => one.receiver.track.kind === kind);
    if (!found) throw new StreamError("device", `this session sends no ${kind}`);
    await found.sender.replaceTrack(track);
  }

  async statistics(before) {
    const { peerFigures } = await import("./statistics.js");
    return { state: this.client.state, ...peerFigures([...((await this.peer?.getStats()) ?? new Map()).values()], before) };
  }

  close() {
    clearTimeout(this.late);
    this.peer?.close();
  }
}
