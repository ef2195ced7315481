// When a chunk of the microphone's audio was recorded, in milliseconds of `performance.now()`.

const WINDOW = 50; // chunks, 5 s: the clocks of the audio device and of the page drift apart, and a device may be suspended

/**
 * The audio thread counts the time of its chunks without jitter, but a chunk reaches the page late, and later on a busy machine. The
 * shortest delay among the last chunks is taken as the distance of the two clocks.
 */
export class CaptureClock {
  constructor() {
    this.offsets = [];
  }

  /** A chunk that ends at `end` seconds of the audio thread's time reaches the page at `now` ms. */
  arrived(end, now) {
    this.offsets.push(now - end * 1000);
    if (this.offsets.length > WINDOW) this.offsets.shift();
    this.end = end;
  }

  /** The time in ms of `seconds` of the audio thread's time. Undefined before the first chunk. */
  at(seconds) {
    return this.offsets.length ? seconds * 1000 + Math.min(...this.offsets) : undefined;
  }
}
