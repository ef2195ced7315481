// The audio of a tab or of the whole computer, beside the microphone: the others of a remote meeting, as a speaker of their own.

import { Microphone, MicrophoneError } from "./microphone.js";
import { gettext } from "./text.js";

const UNABLE = gettext("This browser cannot share the audio of a tab. Chrome and Edge on a computer can.");
const NO_AUDIO = gettext("No audio was shared. Choose a tab or the entire screen, and turn on sharing of its audio. Firefox and Safari share pictures only.");
const REFUSED = gettext("Sharing was cancelled. Only the microphone is used.");
const LAST_WORDS_MS = 30000; // how long the end waits for the last words

/** Like a microphone; the browser asks which tab or screen is shared. */
class SharedAudio extends Microphone {
  async request() {
    if (!navigator.mediaDevices?.getDisplayMedia) throw new MicrophoneError(UNABLE);
    const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, suppressLocalAudioPlayback: false };
    let shared;
    try {
      shared = await navigator.mediaDevices.getDisplayMedia({ audio, video: true, systemAudio: "include" }); // no browser shares audio alone
    } catch {
      throw new MicrophoneError(REFUSED);
    }
    shared.getVideoTracks().forEach((track) => track.stop());
    if (!shared.getAudioTracks().length) throw new MicrophoneError(NO_AUDIO);
    return new MediaStream(shared.getAudioTracks());
  }
}

export class TabAudio {
  /** `newSession(on)` returns the session of this speaker; `sends()` whether audio is sent, not paused; `changed()` is called at the beginning and at the end; `warn(text)`. */
  constructor({ newSession, sends, changed, warn }) {
    Object.assign(this, { newSession, sends, changed, warn });
    this.active = false;
  }

  /** Ask for the audio. It is sent once `start` was called. Return whether there is some. */
  async open() {
    const audio = new SharedAudio({ onChunk: (chunk, level, end) => this.take(chunk, end), onLost: () => this.stop() });
    try {
      await audio.open();
    } catch (error) {
      this.warn(error instanceof MicrophoneError ? error.message : gettext("The audio cannot be shared ({name}).", { name: error.name }));
      return false;
    }
    this.audio = audio;
    return true;
  }

  start() {
    if (!this.audio || this.active) return;
    this.over = new Promise((resolve) => {
      this.session = this.newSession({
        message: () => {}, // the session of the microphone gets everything
        warning: this.warn,
        state: (name, detail) => {
          if (name === "failed") this.warn(`${gettext("The audio of the tab is not transcribed any more.")} ${detail}`);
          if (["over", "failed", "deleted"].includes(name)) resolve();
        },
      });
    });
    this.active = true;
    this.session.start();
    this.changed();
  }

  take(chunk, end) {
    if (this.active && this.sends()) this.session.push(chunk, end);
  }

  /** While the speaker pauses, silence is sent, and then nothing. */
  set silent(silent) {
    if (this.audio) this.audio.muted = silent;
  }

  /** The share was ended; wait for the last words. */
  async stop() {
    const { audio, active } = this;
    this.audio = undefined;
    await audio?.close();
    if (!active) return;
    this.active = false;
    this.session.stop();
    this.changed();
    await Promise.race([this.over, new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS))]);
  }
}
