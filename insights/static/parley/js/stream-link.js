// One session of a stream over WebRTC: the offer, the trickled candidates, the data channel, and a second try when it breaks.

import { gettext } from "./text.js";

const OFFER_WITHIN_MS = 15000;
const CONNECT_WITHIN_MS = 20000;
const TRIES = 4;
const LONGEST_PAUSE_MS = 5000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The server said no; the message is a sentence for people. `passing`: it may say yes later. */
export class Refused extends Error {}

export function refusal(status, body) {
  const meta = body?.meta ?? {};
  if (meta.error === "concurrency_limit_reached") {
    return gettext("As many people as this stream takes ({limit}) are using it now. Try again in a moment.", { limit: meta.limit });
  }
  if (meta.error === "connection_already_exists") return gettext("This session is open somewhere else already.");
  if (status === 401 || status === 403) return gettext("You were signed out. Sign in again, then come back to this page.");
  if (status === 404) return gettext("This stream no longer exists.");
  const detail = Array.isArray(body?.detail) ? body.detail[0]?.msg : body?.detail;
  return meta.error || detail || gettext("The server answered with an error ({status}).", { status });
}

export class StreamLink {
  /**
   * `id` of the session, by default a random one; `tries` in a row after a lost connection; `answered()` is awaited before media flows.
   * `paths`: {offer, config}; `media`: MediaStream or undefined; `kinds` to receive; `rtpParams` for what is sent.
   * `on`: state(name, detail), message(object), stream(MediaStream).
   * States: connecting, connected, lost, ended.
   */
  constructor({ paths, id, media, kinds, rtpParams = {}, tries = TRIES, answered, on }) {
    Object.assign(this, { paths, media, kinds, rtpParams, most: tries, answered, on });
    this.id = id ?? `${crypto.randomUUID?.() ?? Math.random().toString(36).slice(2)}`;
    this.over = false;
    this.tries = 0;
  }

  async start() {
    this.on.state("connecting");
    const response = await fetch(this.paths.config, { cache: "no-store" });
    this.configuration = response.ok ? await response.json() : {};
    await this.connect();
  }

  async connect() {
    const before = this.pc;
    const pc = new RTCPeerConnection(this.configuration);
    this.pc = pc;
    this.beganAt = performance.now();
    this.addMedia(pc);
    this.openChannel(pc);
    pc.ontrack = ({ streams, track }) => this.on.stream(streams[0] ?? new MediaStream([track]));
    pc.onicecandidate = ({ candidate }) => candidate && this.trickle(candidate);
    pc.onconnectionstatechange = () => this.changed(pc);
    await pc.setLocalDescription(await pc.createOffer());
    const offeredAt = performance.now();
    const offer = { sdp: pc.localDescription.sdp, type: "offer", webrtc_id: this.id, resume: this.resume ?? true };
    const answer = await this.post(offer).finally(() => before?.close()); // not sooner: a goodbye that arrives ends the session
    this.answeredIn = performance.now() - offeredAt;
    this.resume = answer.resume; // with it the session can be renewed at any time
    await this.answered?.();
    if (this.over || pc !== this.pc) return;
    await pc.setRemoteDescription(answer);
    this.late = setTimeout(() => pc === this.pc && pc.connectionState !== "connected" && this.lost(), CONNECT_WITHIN_MS);
  }

  addMedia(pc) {
    const tracks = this.media?.getTracks() ?? [];
    for (const track of tracks) {
      const sender = pc.addTrack(track, this.media);
      if (Object.keys(this.rtpParams).length) sender.setParameters({ ...sender.getParameters(), ...this.rtpParams }).catch(() => {}); // a wish
    }
    for (const kind of this.kinds) {
      if (!tracks.some((track) => track.kind === kind)) pc.addTransceiver(kind, { direction: "recvonly" });
    }
    if (this.kinds.length === 0) pc.getTransceivers().forEach((one) => { one.direction = "sendonly"; });
  }

  openChannel(pc) {
    const channel = pc.createDataChannel("text");
    channel.onmessage = ({ data }) => {
      try {
        this.on.message(JSON.parse(data));
      } catch {
        this.on.message({ type: "log", data });
      }
    };
  }

  async post(body) {
    const response = await fetch(this.paths.offer, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(OFFER_WITHIN_MS),
    });
    const answer = await response.json().catch(() => ({}));
    if (body.type === "offer" && (!response.ok || answer.status === "failed")) {
      const passing = response.status >= 500 || answer.meta?.error === "connection_already_exists"; // of a server that has crashed
      throw Object.assign(new Refused(refusal(response.status, answer)), { passing });
    }
    return answer;
  }

  trickle(candidate) {
    this.post({ candidate: candidate.toJSON(), type: "ice-candidate", webrtc_id: this.id }).catch(() => {}); // the others may do
  }

  changed(pc) {
    if (pc !== this.pc || this.over) return;
    if (pc.connectionState === "connected") {
      clearTimeout(this.late);
      this.tries = 0;
      this.connectedIn ??= performance.now() - this.beganAt;
      this.on.state("connected");
    } else if (pc.connectionState === "failed") {
      this.lost();
    } else if (pc.connectionState === "closed") {
      this.end(gettext("The server ended the session."));
    }
  }

  /** Come back with the same id: the session is still there, its handler too. */
  async lost() {
    if (this.over) return;
    this.tries += 1;
    if (this.tries > this.most) {
      this.end(gettext("The connection was lost and did not come back."));
      return;
    }
    this.on.state("lost");
    await pause(this.tries > 1 ? Math.min(LONGEST_PAUSE_MS, 1000 * this.tries) : 0);
    if (this.over) return;
    try {
      await this.connect();
    } catch (error) {
      if (error instanceof Refused && !(error.passing && this.most > TRIES)) this.end(error.message);
      else this.lost();
    }
  }

  end(reason = "") {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.late);
    this.pc?.close();
    this.on.state("ended", reason);
  }
}
