// When a chunk of the microphone's audio was recorded, in milliseconds of `performance.now()`.

const WINDOW = 50; // chunks, 5 s: the clocks of the audio device and of the page drift apart
const SUSPENDED_MS = 3000; // a chunk that is later than this tells that the device was suspended: its time stood still

/**
 * The audio thread counts the time of its chunks without jitter, but a chunk reaches the page late, and later on a busy machine. The
 * shortest delay among the last chunks is taken as the distance of the two clocks. After a suspension, the delays before it count no
 * more; if only the page was held up, the next chunks have shorter delays again.
 */
export class CaptureClock {
  constructor() {
    this.offsets = [];
  }

  /** A chunk that ends at `end` seconds of the audio thread's time reaches the page at `now` ms. */
  arrived(end, now) {
    const offset = now - end * 1000;
    if (offset - Math.min(...this.offsets) > SUSPENDED_MS) this.offsets = [];
    this.offsets.push(offset);
    if (this.offsets.length > WINDOW) this.offsets.shift();
    this.end = end;
  }

  /** The time in ms of `seconds` of the audio thread's time. Undefined before the first chunk. */
  at(seconds) {
    return this.offsets.length ? seconds * 1000 + Math.min(...this.offsets) : undefined;
  }
}
