// The WebSocket transport of parley.js: 16-bit samples in both directions, recorded and played by the processors of worklet.js.

import { parsed, refusal, StreamError } from "./errors.js";
import { rate } from "./statistics.js";

const SOCKET_RATE = 24000;
const PING_EVERY_MS = 2000; // one without an answer until the next makes the client ask the server by a request
const LOST_AFTER_MS = 25000; // without an answer to a ping, or to the start
const PLAYBACK = ["clear", "pause", "resume"]; // events of the server for the player
const ENDS = [1000, 1008]; // close codes after which the server expects no client to come back

/** Sends and receives 16-bit samples over a WebSocket. */
export class SocketLink {
  constructor(client) {
    this.client = client;
    this.bytes = { in: 0, out: 0 };
  }

  async open() {
    this.audio ??= await openAudio(this.client.media, (samples) => this.send(samples));
    const url = await this.client.address("websocket/offer");
    url.protocol = url.protocol.replace("http", "ws");
    if (this.client.ended) return;
    this.drop();
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.started = false;
    this.refused = undefined;
    socket.onopen = () => socket.send(JSON.stringify(this.start()));
    socket.onmessage = ({ data }) => this.take(data);
    socket.onclose = ({ code, reason }) => this.closed(code, reason);
    this.waitingSince = Date.now();
    clearInterval(this.pinging);
    this.pinging = setInterval(() => this.ping(), PING_EVERY_MS);
  }

  start() {
    const { id, options } = this.client;
    const start = { event: "start", websocket_id: id, format: "pcm16", sample_rate: this.audio.rate, resume: this.resume ?? true, pauses: true };
    return options.userData === undefined ? start : { ...start, user_data: options.userData };
  }

  ping() {
    if (this.waitingSince && Date.now() - this.waitingSince > LOST_AFTER_MS) {
      this.drop();
      this.client.lost();
    } else if (this.socket?.readyState === WebSocket.OPEN) {
      if (this.waitingSince) this.client.check();
      this.waitingSince ??= Date.now();
      this.socket.send('{"event":"ping"}');
    }
  }

  send(samples) {
    if (!this.started || this.socket?.readyState !== WebSocket.OPEN || this.socket.bufferedAmount > 4 * SOCKET_RATE) return;
    this.bytes.out += samples.byteLength;
    this.socket.send(samples);
  }

  async take(data) {
    this.waitingSince = undefined; // anything that comes is an answer
    if (data instanceof ArrayBuffer) {
      this.bytes.in += data.byteLength;
      this.audio.play(data);
      return;
    }
    const message = parsed(data);
    if (PLAYBACK.includes(message.event)) this.audio.control(message.event);
    else if (message.status === "failed" || (message.type === "error" && !this.started)) {
      this.refused = message.status === "failed" ? refusal(0, message) : new StreamError("refused", String(message.message ?? message.data));
      if (message.type === "error") this.socket.close(1000); // a start that is not valid leaves the socket open
    } else if (message.type === "log" && message.data === "started") await this.begun(message);
    else if (message.event !== "pong") this.client.got(message);
  }

  async begun(message) {
    this.resume = message.resume;
    this.audio.control("resume"); // a pause of the session before ends with it
    this.client.answeredMs ??= performance.now() - this.client.beganAt;
    await this.client.options.beforeMedia?.();
    if (this.client.ended) return;
    this.started = true;
    this.client.gave(this.audio.output);
    this.client.linked();
  }

  closed(code, reason) {
    clearInterval(this.pinging);
    if (this.client.ended) return;
    if (this.refused) this.client.end(this.refused);
    else if (ENDS.includes(code)) this.client.end(new StreamError("ended", reason || "the server ended the session"));
    else this.client.lost();
  }

  async replace(track, kind = track?.kind) {
    if (kind !== "audio" || !track) throw new StreamError("device", "a WebSocket sends audio only");
    this.audio.record(new MediaStream([track]));
  }

  async statistics(before) {
    const timestamp = performance.now();
    const flow = (name) => ({ kbps: rate(before, { id: name, timestamp }, this.bytes[name]) });
    return { state: this.client.state, path: "direct", protocol: "tcp", audio: { in: flow("in"), out: flow("out") }, video: {} };
  }

  drop() {
    clearInterval(this.pinging);
    if (!this.socket) return;
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
  }

  close() {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send('{"event":"stop"}');
    this.drop();
    this.audio?.close();
  }
}

/** Recording and playback: {rate, output, record(media), play(buffer), control(event), close()}. */
async function openAudio(media, send) {
  let context = new AudioContext({ sampleRate: SOCKET_RATE });
  if (media?.getAudioTracks().length) {
    try {
      context.createMediaStreamSource(media); // Firefox refuses a microphone of another rate
    } catch {
      await context.close();
      context = new AudioContext();
    }
  }
  await context.audioWorklet.addModule(new URL("./worklet.js", import.meta.url));
  const player = new AudioWorkletNode(context, "parley-player", { numberOfInputs: 0, outputChannelCount: [1] });
  const recorder = new AudioWorkletNode(context, "parley-recorder", { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
  const speakers = context.createMediaStreamDestination();
  let source;
  player.connect(speakers);
  recorder.port.onmessage = ({ data }) => send(data);
  const record = (stream) => {
    source?.disconnect();
    source = stream?.getAudioTracks().length ? context.createMediaStreamSource(stream) : undefined;
    source?.connect(recorder);
  };
  record(media);
  await context.resume().catch(() => {});
  return {
    rate: context.sampleRate,
    output: speakers.stream,
    record,
    play: (buffer) => player.port.postMessage(buffer, [buffer]),
    control: (event) => player.port.postMessage(event),
    close: () => context.close().catch(() => {}),
  };
}
