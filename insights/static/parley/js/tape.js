// The last chunks of sound, kept until the server has put their words into its store, so that a lost connection loses none.

/** Chunks have numbers 0, 1, 2 ... of their own; `next` is the first one not yet sent on the present connection. */
export class Tape {
  /** `unsent` chunks are kept while nobody listens; `unheard` ones of those already sent. */
  constructor({ unsent = 1200, unheard = 300 } = {}) {
    this.limits = { unsent, unheard };
    this.chunks = [];
    this.first = 0;
    this.next = 0;
    this.dropped = 0; // chunks that were lost because nobody listened for too long
    this.ends = []; // of the chunks, in seconds of the audio thread's time
  }

  get end() {
    return this.first + this.chunks.length;
  }

  get waiting() {
    return this.end - this.next;
  }

  push(chunk, end) {
    this.chunks.push(chunk);
    this.ends.push(end);
    if (this.waiting > this.limits.unsent) {
      this.dropped += 1;
      this.next += 1;
      this.forget(this.next);
    }
  }

  /** Return the next chunk to send, or undefined. */
  take() {
    if (!this.waiting) return undefined;
    const chunk = this.chunks[this.next - this.first];
    this.next += 1;
    this.forget(this.next - this.limits.unheard);
    return chunk;
  }

  /** Everything before the chunk with this number is safe and need not be sent again. */
  forget(before) {
    const count = Math.min(before, this.next) - this.first;
    if (count <= 0) return;
    this.chunks.splice(0, count);
    this.ends.splice(0, count);
    this.first += count;
  }

  /** When the first chunk ends; undefined without one. */
  get firstEnd() {
    return this.ends[0];
  }

  /** A new connection begins: what is not safe will be sent again. Returns the number of its first chunk. */
  rewind() {
    this.next = this.first;
    return this.first;
  }
}
