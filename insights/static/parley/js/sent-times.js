// When the audio that was sent on one connection was recorded: from seconds of that audio to the server's time, and back.

/** A pause of the recording starts a new stretch. `start`: when the first sample was recorded, in ms. */
export class SentTimes {
  constructor(start) {
    this.stretches = [{ place: 0, at: start }];
  }

  /** The audio from `place` (seconds) on was recorded `seconds` after the audio before it. */
  pause(place, seconds) {
    this.stretches.push({ place, at: this.at(place) + seconds * 1000 });
  }

  /** The time in ms of the audio at `place`. */
  at(place) {
    const stretch = this.stretches.findLast((one) => one.place <= place) ?? this.stretches[0];
    return stretch.at + (place - stretch.place) * 1000;
  }

  /** The place of the audio of this time; during a pause, where the pause is. */
  place(at) {
    const index = Math.max(0, this.stretches.findLastIndex((one) => one.at <= at));
    const { place, at: began } = this.stretches[index];
    return Math.min(place + (at - began) / 1000, this.stretches[index + 1]?.place ?? Infinity);
  }

  /** The server has dated the audio at `place`: its clock counts. */
  correct(place, at) {
    const shift = at - this.at(place);
    for (const stretch of this.stretches) stretch.at += shift;
  }
}
