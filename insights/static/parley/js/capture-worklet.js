// Runs in the audio thread: microphone samples become chunks of 100 ms, LINEAR16 mono at 16 kHz, with their loudness and end time.

import { Resampler, TARGET_RATE } from "./resampler.js";

const CHUNK = TARGET_RATE / 10;
const BLOCK = 128; // samples of one call of `process`; `currentTime` is the time of the first of them

class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = new Resampler(sampleRate);
    this.samples = new Int16Array(CHUNK);
    this.filled = 0;
    this.energy = 0;
    this.over = false;
    this.port.onmessage = () => this.finish();
  }

  /** Send what is left, filled up with silence, and end. */
  finish() {
    if (this.filled) {
      this.samples.fill(0, this.filled);
      this.send();
    }
    this.over = true;
    this.port.postMessage({ finished: true });
  }

  send() {
    const level = Math.sqrt(this.energy / CHUNK);
    const { buffer } = this.samples;
    this.port.postMessage({ chunk: buffer, level, end: currentTime + BLOCK / sampleRate }, [buffer]);
    this.samples = new Int16Array(CHUNK);
    this.filled = 0;
    this.energy = 0;
  }

  /** Mix the channels down; a device with two of them may carry the voice in only one. */
  mono(channels) {
    if (channels.length === 1) return channels[0];
    return channels[0].map((_, at) => channels.reduce((sum, one) => sum + one[at], 0) / channels.length);
  }

  process([channels]) {
    if (this.over) return false;
    if (!channels?.length) return true; // nothing is connected just now
    for (const sample of this.resampler.feed(this.mono(channels))) {
      const clipped = Math.max(-1, Math.min(1, sample));
      this.samples[this.filled] = Math.round(clipped * 32767);
      this.energy += clipped * clipped;
      this.filled += 1;
      if (this.filled === CHUNK) this.send();
    }
    return true;
  }
}

registerProcessor("parley-capture", Capture);
