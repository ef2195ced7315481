// Any sample rate down (or up) to 16 kHz, block by block, without the aliasing that plain skipping of samples gives.

export const TARGET_RATE = 16000;
const CROSSINGS = 16; // zero crossings of the sinc on each side: 32 / (2 * cutoff) taps
const PHASES = 160; // places between two input samples that have taps of their own; exact for 44.1 and 48 kHz
const ROLL_OFF = 0.45; // the pass band ends at this part of the lower of both rates

/** One row of taps per phase: a sinc under a Hann window, each row summing to one so that loudness stays. */
function design(rate) {
  const cutoff = (ROLL_OFF * Math.min(rate, TARGET_RATE)) / rate;
  const half = Math.ceil(CROSSINGS / (2 * cutoff));
  const rows = [];
  for (let phase = 0; phase < PHASES; phase += 1) {
    const row = new Float32Array(2 * half);
    let sum = 0;
    for (let tap = 0; tap < row.length; tap += 1) {
      const x = tap - half + 1 - phase / PHASES;
      const sinc = x === 0 ? 2 * cutoff : Math.sin(2 * Math.PI * cutoff * x) / (Math.PI * x);
      row[tap] = Math.abs(x) < half ? sinc * (0.5 + 0.5 * Math.cos((Math.PI * x) / half)) : 0;
      sum += row[tap];
    }
    rows.push(row.map((value) => value / sum));
  }
  return { half, rows };
}

/** Streaming converter: `feed` takes blocks at `rate` and returns what is complete at 16 kHz. */
export class Resampler {
  constructor(rate) {
    this.step = rate / TARGET_RATE;
    const { half, rows } = design(rate);
    this.half = half;
    this.rows = rows;
    this.held = new Float32Array(half - 1); // silence before the beginning
    this.place = half - 1; // where in `held` the next output sample lies; a fraction falls between two samples
  }

  feed(block) {
    if (this.step === 1) return block.slice();
    const input = new Float32Array(this.held.length + block.length);
    input.set(this.held);
    input.set(block, this.held.length);
    const out = [];
    while (Math.floor(this.place) + this.half < input.length) {
      let whole = Math.floor(this.place);
      let phase = Math.round((this.place - whole) * PHASES);
      if (phase === PHASES) {
        phase = 0;
        whole += 1;
      }
      const row = this.rows[phase];
      const from = whole - this.half + 1;
      let sum = 0;
      for (let tap = 0; tap < row.length; tap += 1) sum += row[tap] * (input[from + tap] ?? 0);
      out.push(sum);
      this.place += this.step;
    }
    const keep = Math.max(0, Math.floor(this.place) - this.half + 1);
    this.held = input.slice(keep);
    this.place -= keep;
    return Float32Array.from(out);
  }
}
