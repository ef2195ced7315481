// The microphone, or a sentence that says in plain words why there is none.

import { gettext } from "./text.js";

const REASONS = {
  NotAllowedError: gettext("Microphone access is blocked. Allow it in the address bar, then press Start."),
  NotFoundError: gettext("No microphone was found. Connect one, then start again."),
  NotReadableError: gettext("The microphone does not answer. Another program may be using it; close that, then start again."),
  SecurityError: gettext("The browser does not give the microphone to this page."),
};
const INSECURE =
  gettext("Browsers give the microphone only to pages that come over https, or from this very computer (localhost). Ask the administrator of this server for its https address.");

const STARTS_WITHIN_MS = 8000;
const STILL = gettext("The browser's sound does not start. Some browsers need speakers or headphones for it: connect some, then start again.");
const GONE = ["OverconstrainedError", "NotFoundError"]; // what browsers say of a device that was named
const ALIASES = ["default", "communications"]; // further ids of devices that are in the list already

export class MicrophoneError extends Error {}

/** The microphones as `{id, name}`. Browsers give their names only once one of them may be used. */
export async function microphones() {
  const found = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  const named = found.filter((one) => one.kind === "audioinput" && one.label && !ALIASES.includes(one.deviceId));
  return named.map(({ deviceId, label }) => ({ id: deviceId, name: label }));
}

export class Microphone {
  /** `onChunk(ArrayBuffer, level, end)` ten times a second: level from 0 to 1, end in seconds of the audio thread's time; `onLost()` when the device goes away. */
  constructor({ onChunk, onLost }) {
    this.onChunk = onChunk;
    this.onLost = onLost;
    this.silent = false;
  }

  /** Open the microphone with this id; any other where it is gone, or none is named. */
  async open(id = "") {
    if (!navigator.mediaDevices?.getUserMedia || !window.isSecureContext) throw new MicrophoneError(INSECURE);
    this.stream = await this.request(id);
    await this.connect();
  }

  /** Continue with another microphone. */
  async change(id) {
    const stream = await this.request(id);
    this.stop();
    this.stream = stream;
    this.source.disconnect();
    this.listen();
  }

  /** The id of the microphone that is open. */
  get id() {
    return this.stream?.getAudioTracks()[0]?.getSettings?.().deviceId ?? "";
  }

  async request(id) {
    const audio = { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    if (id) audio.deviceId = { exact: id };
    try {
      return await navigator.mediaDevices.getUserMedia({ audio });
    } catch (error) {
      if (id && GONE.includes(error.name)) return this.request("");
      throw new MicrophoneError(REASONS[error.name] ?? gettext("The microphone could not be opened ({name}).", { name: error.name }));
    }
  }

  async connect() {
    this.context = new AudioContext({ latencyHint: "interactive" });
    await this.context.audioWorklet.addModule(new URL("./capture-worklet.js", import.meta.url));
    this.node = new AudioWorkletNode(this.context, "parley-capture", { numberOfOutputs: 0 });
    this.finished = new Promise((resolve) => {
      this.node.port.onmessage = ({ data }) => (data.finished ? resolve() : this.onChunk(data.chunk, data.level, data.end));
    });
    this.listen();
    await Promise.race([this.context.resume(), new Promise((resolve) => setTimeout(resolve, STARTS_WITHIN_MS))]);
    if (this.context.state === "running") return;
    this.stop();
    this.context.close(); // not waited for: it may hang as the start does
    throw new MicrophoneError(STILL);
  }

  listen() {
    this.muted = this.silent;
    for (const track of this.stream.getTracks()) track.addEventListener("ended", () => this.onLost());
    this.source = this.context.createMediaStreamSource(this.stream);
    this.source.connect(this.node);
  }

  set muted(muted) {
    this.silent = muted;
    this.stream?.getTracks().forEach((track) => {
      track.enabled = !muted; // a disabled track continues as silence, so that times stay right
    });
  }

  stop() {
    this.stream?.getTracks().forEach((track) => track.stop());
  }

  /** Switch off; the last, unfilled chunk still comes. */
  async close() {
    this.stop();
    if (!this.context || this.context.state === "closed") return;
    this.node.port.postMessage("finish");
    await Promise.race([this.finished, new Promise((resolve) => setTimeout(resolve, 500))]);
    await this.context.close();
  }
}
