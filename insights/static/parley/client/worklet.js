// The audio processors of socket.js: one collects what the microphone records in blocks of 16-bit samples, one plays such blocks.

const BLOCK_S = 0.04;

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
      this.port.onmessage = ({ data }) => {
        if (data === "clear") this.blocks = [];
        else this.blocks.push(new Int16Array(data));
        if (data === "clear") this.place = 0;
      };
    }

    process(_, [[out]]) {
      for (let i = 0; i < out.length && this.blocks.length; i += 1) {
        out[i] = this.blocks[0][this.place] / 32768;
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
