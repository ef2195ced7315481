// The microphone, or a sentence that says in plain words why there is none.

const REASONS = {
  NotAllowedError: "Microphone access is blocked. Allow it in the address bar, then press Start.",
  NotFoundError: "No microphone was found. Connect one, then start again.",
  NotReadableError: "The microphone does not answer. Another program may be using it; close that, then start again.",
  SecurityError: "The browser does not give the microphone to this page.",
};
const INSECURE =
  "Browsers give the microphone only to pages that come over https, or from this very computer (localhost). Ask whoever runs this server for its https address.";

const STARTS_WITHIN_MS = 8000;
const STILL = "The browser's sound does not start. Some browsers need speakers or headphones for it: connect some, then start again.";

export class MicrophoneError extends Error {}

export class Microphone {
  /** `onChunk(ArrayBuffer, level, end)` ten times a second: level from 0 to 1, end in seconds of the audio thread's time; `onLost()` when the device goes away. */
  constructor({ onChunk, onLost }) {
    this.onChunk = onChunk;
    this.onLost = onLost;
  }

  async open() {
    if (!navigator.mediaDevices?.getUserMedia || !window.isSecureContext) throw new MicrophoneError(INSECURE);
    const audio = { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ audio });
    } catch (error) {
      throw new MicrophoneError(REASONS[error.name] ?? `The microphone could not be opened (${error.name}).`);
    }
    this.stream.getTracks().forEach((track) => track.addEventListener("ended", () => this.onLost()));
    await this.connect();
  }

  async connect() {
    this.context = new AudioContext({ latencyHint: "interactive" });
    await this.context.audioWorklet.addModule(new URL("./capture-worklet.js", import.meta.url));
    this.node = new AudioWorkletNode(this.context, "parley-capture", { numberOfOutputs: 0 });
    this.finished = new Promise((resolve) => {
      this.node.port.onmessage = ({ data }) => (data.finished ? resolve() : this.onChunk(data.chunk, data.level, data.end));
    });
    this.context.createMediaStreamSource(this.stream).connect(this.node);
    await Promise.race([this.context.resume(), new Promise((resolve) => setTimeout(resolve, STARTS_WITHIN_MS))]);
    if (this.context.state === "running") return;
    this.stream.getTracks().forEach((track) => track.stop());
    this.context.close(); // not waited for: it may hang as the start does
    throw new MicrophoneError(STILL);
  }

  set muted(muted) {
    this.stream?.getTracks().forEach((track) => {
      track.enabled = !muted; // a disabled track goes on as silence, so that times stay right
    });
  }

  /** Switch off; the last, unfilled chunk still comes. */
  async close() {
    this.stream?.getTracks().forEach((track) => track.stop());
    if (!this.context || this.context.state === "closed") return;
    this.node.port.postMessage("finish");
    await Promise.race([this.finished, new Promise((resolve) => setTimeout(resolve, 500))]);
    await this.context.close();
  }
}
