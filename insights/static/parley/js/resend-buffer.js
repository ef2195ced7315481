// The last chunks of audio, kept until the server has stored their messages, so that a lost connection loses no audio.

const CHUNK_S = 0.1;
const LEAST_GAP_S = 0.25; // less is rounding of the audio thread's clock

/** Chunks are numbered from 0; `next` is the number of the first one that was not sent on the current connection. */
export class ResendBuffer {
  /** Limits in chunks: `unsent` for those that wait for a connection, `unstored` for those that were sent. */
  constructor({ unsent = 1200, unstored = 300 } = {}) {
    this.limits = { unsent, unstored };
    this.chunks = [];
    this.first = 0;
    this.next = 0;
    this.dropped = 0; // chunks that were dropped because there was no connection for too long
    this.ends = []; // end time of each chunk, in seconds of the audio thread's clock
    this.gaps = []; // seconds between each chunk and the one before it, where recording was paused; else 0
  }

  get end() {
    return this.first + this.chunks.length;
  }

  get waiting() {
    return this.end - this.next;
  }

  push(chunk, end) {
    const gap = end - (this.lastEnd ?? end) - CHUNK_S;
    this.lastEnd = end;
    this.chunks.push(chunk);
    this.ends.push(end);
    this.gaps.push(gap > LEAST_GAP_S ? gap : 0);
    if (this.waiting > this.limits.unsent) {
      this.dropped += 1;
      this.next += 1;
      this.forget(this.next);
    }
  }

  /** The pause before the next chunk to send, in seconds; 0 for none. */
  get gap() {
    return this.gaps[this.next - this.first] ?? 0;
  }

  /** Return the next chunk to send, or undefined. */
  take() {
    if (!this.waiting) return undefined;
    const chunk = this.chunks[this.next - this.first];
    this.next += 1;
    this.forget(this.next - this.limits.unstored);
    return chunk;
  }

  /** Drop the chunks before this number; they need not be sent again. A chunk that was not sent is kept. */
  forget(before) {
    const count = Math.min(before, this.next) - this.first;
    if (count <= 0) return;
    this.chunks.splice(0, count);
    this.ends.splice(0, count);
    this.gaps.splice(0, count);
    this.first += count;
  }

  /** The end time of the first chunk; undefined if there is none. */
  get firstEnd() {
    return this.ends[0];
  }

  /** Start again for a new connection: all chunks are sent again. Return the number of the first one. */
  rewind() {
    this.next = this.first;
    return this.first;
  }
}
