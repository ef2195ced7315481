// What a speaker controls while speaking: the microphone and its level, mute, pause.

import { Microphone, microphones } from "./microphone.js";
import { gettext } from "./text.js";

const CHUNKS_PER_S = 10;
const QUIET_CHUNKS = 80;
const SILENT_DB = -70;
const REMEMBERED = "parley-microphone";
const LOST = gettext("Microphone disconnected. Choose another one, or reconnect it and choose it again.");

const part = (id) => document.getElementById(id);

function remembered() {
  try {
    return localStorage.getItem(REMEMBERED) ?? "";
  } catch {
    return ""; // the browser stores nothing for this page
  }
}

function remember(id) {
  try {
    localStorage.setItem(REMEMBERED, id);
  } catch {
    // the choice is valid until the page is closed
  }
}

/** Change the icon and the label of a button. */
function relabel(button, icon, text) {
  button.querySelector("use").setAttribute("href", `#i-${icon}`);
  button.querySelector(".word").textContent = text;
}

export class Speaking {
  /**
   * `push(chunk, end)` gets the audio that is sent; `replaced(stream)` is called when another microphone is used; `changed()` is called when the speaker is muted, pauses or resumes; `quiet(boolean)` when
   * no sound has come for seconds, and when it comes again; `warn(text)` with what is wrong with the microphone.
   */
  constructor({ push, replaced, changed, quiet, warn }) {
    Object.assign(this, { push, replaced, changed, quiet, warn });
    this.muted = false;
    this.paused = false;
    this.silentChunks = 0;
    this.left = 0;
    this.tail = Math.ceil((Number(part("main").dataset.turnEnd) / 1000 + 1) * CHUNKS_PER_S);
    this.microphone = new Microphone({ onChunk: (...chunk) => this.take(...chunk), onLost: () => warn(LOST) });
    this.selects = ["microphone", "other-microphone"].map(part);
    for (const select of this.selects) select.addEventListener("change", () => this.choose(select.value));
    navigator.mediaDevices?.addEventListener?.("devicechange", () => this.list());
    part("mute").addEventListener("click", () => this.mute());
    part("pause").addEventListener("click", () => this.pause());
    this.list();
  }

  /** Show the microphones that can be chosen; the one in use is selected. */
  async list() {
    const found = await microphones();
    const chosen = this.microphone.id || remembered();
    for (const select of this.selects) {
      const options = found.map(({ id, name }) => new Option(name, id, false, id === chosen));
      select.replaceChildren(new Option(gettext("Default"), ""), ...options);
    }
  }

  async choose(id) {
    remember(id);
    if (this.microphone.context) await this.microphone.change(id).catch((error) => this.warn(error.message));
    if (this.microphone.stream) this.replaced(this.microphone.stream);
    await this.list();
  }

  async open() {
    await this.microphone.open(remembered());
    await this.list();
    part("meter").classList.remove("off");
    for (const name of ["stop", "mute", "pause", "choose"]) part(name).hidden = false;
  }

  close() {
    part("meter").classList.add("off");
    return this.microphone.close();
  }

  /** Whether audio is sent: after a pause, silence is, until the server has ended the turn; then nothing. */
  get sends() {
    return !this.paused || this.left > 0;
  }

  take(chunk, level, end) {
    this.show(level);
    if (!this.sends) return;
    this.left = Math.max(0, this.left - 1);
    this.push(chunk, end);
  }

  mute() {
    this.muted = !this.muted;
    relabel(part("mute"), this.muted ? "mute" : "mic", this.muted ? gettext("Unmute") : gettext("Mute"));
    this.update();
  }

  pause() {
    this.paused = !this.paused;
    this.left = this.tail;
    relabel(part("pause"), this.paused ? "play" : "pause", this.paused ? gettext("Resume") : gettext("Pause"));
    part("mute").disabled = this.paused;
    this.update();
  }

  update() {
    this.microphone.muted = this.muted || this.paused;
    part("mute").classList.toggle("on", this.muted);
    part("pause").classList.toggle("on", this.paused);
    part("meter").classList.toggle("off", this.muted || this.paused);
    this.changed();
  }

  show(level) {
    const decibels = 20 * Math.log10(Math.max(level, 1e-5));
    const height = Math.min(1, Math.max(0, (decibels + 55) / 50)); // -55 dB is silence, -5 dB is very loud
    const bars = [...part("meter").children];
    bars.forEach((bar, at) => bar.style.setProperty("--level", Math.max(0.08, height * (1 - 0.22 * Math.abs(at - 2))).toFixed(2)));
    part("meter").classList.toggle("loud", height > 0.95);
    const before = this.silentChunks;
    this.silentChunks = decibels < SILENT_DB && !this.muted && !this.paused ? before + 1 : 0;
    if (this.silentChunks === QUIET_CHUNKS || (this.silentChunks === 0 && before >= QUIET_CHUNKS)) this.quiet(this.silentChunks > 0);
  }
}
