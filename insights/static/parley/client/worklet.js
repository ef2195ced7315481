// The audio processors of socket.js: one collects what the microphone records in blocks of 16-bit samples, one plays such blocks.

const BLOCK_S = 0.04;
const FADE_S = 0.01; // at the beginning and the end of a pause

registerProcessor(
  "parley-recorder",
  class extends AudioWorkletProcessor {
    constructor() {
      super();
      this.block = new Int16Array(Math.round(BLOCK_S * sampleRate));
      this.filled = 0;
    }

    process([[samples]]) {
      for (const sample of samples ?? []) {
        this.block[this.filled] = Math.max(-32768, Math.min(32767, Math.round(sample * 32768)));
        this.filled += 1;
        if (this.filled === this.block.length) {
          this.port.postMessage(this.block.slice().buffer);
          this.filled = 0;
        }
      }
      return true;
    }
  },
);

registerProcessor(
  "parley-player",
  class extends AudioWorkletProcessor {
    constructor() {
      super();
      this.blocks = [];
      this.place = 0;
      this.paused = false;
      this.volume = 1;
      this.port.onmessage = ({ data }) => this.take(data);
    }

    take(data) {
      if (data === "pause" || data === "resume") this.paused = data === "pause";
      else if (data !== "clear") this.blocks.push(new Int16Array(data));
      else {
        this.blocks = [];
        this.place = 0;
        this.paused = false;
      }
    }

    process(_, [[out]]) {
      const step = 1 / (FADE_S * sampleRate);
      for (let i = 0; i < out.length && this.blocks.length; i += 1) {
        this.volume = this.paused ? Math.max(0, this.volume - step) : Math.min(1, this.volume + step);
        if (!this.volume) break;
        out[i] = (this.volume * this.blocks[0][this.place]) / 32768;
        this.place += 1;
        if (this.place >= this.blocks[0].length) {
          this.blocks.shift();
          this.place = 0;
        }
      }
      return true;
    }
  },
);
