// The colours of speakers, by the rule of the page of a conversation (insights/portal/voices.py), and their names.

import { gettext } from "./text.js";

const VOICES = 8;

/** What tells the people of messages apart; a speaker whose member is unknown is a person of their own. */
export const keyOf = (from, speaker) => from?.id || from?.userId || from?.name || speaker?.id || "";

/** A name as people read it: that of a voice without a name, `Speaker 1`, in the language of the page. */
export const shownName = (name) => (name ?? "").replace(/^Speaker (\d+)$/, (stored, number) => gettext("Speaker {number}", { number }));

export class Voices {
  constructor() {
    this.forget();
  }

  forget() {
    this.first = new Map(); // the lowest number of a person's speakers
    this.waiting = []; // people of interim results, whose speaker has no number yet
  }

  /** A message by the speaker `{id, number}` of this person. */
  heard(from, speaker) {
    const key = keyOf(from, speaker);
    const number = speaker?.number ?? this.first.get(key) ?? this.last + 1;
    this.first.set(key, Math.min(number, this.first.get(key) ?? number));
    this.waiting = this.waiting.filter((one) => one !== key);
  }

  get last() {
    return Math.max(0, ...this.first.values());
  }

  /** The class of a person's colour. Whoever has no message yet is expected to get the next number. */
  of(from, speaker) {
    const key = keyOf(from, speaker);
    if (!this.first.has(key) && !this.waiting.includes(key)) this.waiting.push(key);
    const number = this.first.get(key) ?? this.last + 1 + this.waiting.indexOf(key);
    return `v${(number - 1) % VOICES}`;
  }
}
