// Plays the stored audio: from a word, a sentence or a place of the timeline; lights up the words as they are spoken.

import { toast } from "../toast.js";
import { clock } from "../elements.js";
import { select } from "./sentences.js";
import * as words from "./words.js";
import { gettext } from "../text.js";

const by = (id) => document.getElementById(id);
const audio = by("playback");
const contents = by("contents");
const LEAD_S = 0.05;
let following = true; // until the reader scrolls away, or does something elsewhere
let skipping = false;

export const hasAudio = Boolean(audio);

function showPosition() {
  const now = audio.currentTime;
  by("position").textContent = clock(now);
  by("seek").value = now;
  by("seek").setAttribute("aria-valuetext", clock(now));
  const timeline = by("timeline");
  const x = (now * 1000) / Number(timeline?.dataset.seconds ?? 1);
  by("timeline-now")?.setAttribute("d", `M${x} 0V1000`);
  const sentence = words.highlight(words.wordAt(now));
  if (!sentence || !following || audio.paused) return;
  const { top, bottom } = sentence.getBoundingClientRect();
  if (top < 130 || bottom > window.innerHeight - 110) sentence.scrollIntoView({ block: "center" });
}

function tick() {
  if (audio.paused) return;
  const until = skipping ? words.silenceUntil(audio.currentTime) : undefined;
  if (until !== undefined) audio.currentTime = until;
  showPosition();
  requestAnimationFrame(tick);
}

/**
 * Play, from a second if there is one; after a failure the audio is loaded again. Before it is loaded, the position is where it will begin.
 * A failure is reported by the event `error`; a pause before the first sound is none.
 */
function play(from) {
  const at = from ?? audio.currentTime;
  const failed = Boolean(audio.error);
  if (failed) audio.load();
  if (failed || from !== undefined) audio.currentTime = at;
  audio.play().catch(() => {});
}

function playFrom(seconds) {
  words.ready();
  following = true;
  play(Math.max(0, seconds - LEAD_S));
}

export function playSentence(sentence) {
  if (sentence) playFrom(Number(sentence.dataset.at));
}

export function toggle() {
  words.ready();
  following = true;
  if (audio.paused) play();
  else audio.pause();
}

export function skip(seconds) {
  audio.currentTime = Math.max(0, audio.currentTime + seconds);
  showPosition();
}

function showState() {
  const playing = !audio.paused;
  by("play").setAttribute("aria-label", playing ? gettext("Pause") : gettext("Play"));
  by("play").title = playing ? gettext("Pause (space)") : gettext("Play (space)");
  by("play").querySelector("use").setAttribute("href", playing ? "#i-pause" : "#i-play");
  if (playing) requestAnimationFrame(tick);
}

async function playFromWord(event) {
  const sentence = event.target.closest(".message");
  if (!sentence || sentence.isContentEditable || !getSelection().isCollapsed) return;
  const place = words.characterAt(event);
  await words.ready();
  playFrom(words.startOf(sentence, place));
}

function showLoading({ type }) {
  by("player").setAttribute("aria-busy", String(type === "waiting"));
}

function showFailure() {
  toast(gettext("The audio cannot be played. It may have been deleted."));
}

function showLength() {
  by("seek").max = audio.duration;
  by("length").textContent = clock(audio.duration);
}

function connect() {
  audio.addEventListener("play", showState);
  audio.addEventListener("pause", showState);
  audio.addEventListener("seeked", showPosition);
  for (const kind of ["waiting", "playing", "pause", "error"]) audio.addEventListener(kind, showLoading);
  audio.addEventListener("loadedmetadata", showLength);
  audio.addEventListener("error", showFailure);
  if (audio.readyState > 0) showLength(); // it was there before this script
  if (audio.error) showFailure();
  by("play").addEventListener("click", toggle);
  by("seek").addEventListener("input", () => {
    audio.currentTime = Number(by("seek").value);
  });
  by("speed").addEventListener("change", () => {
    audio.playbackRate = Number(by("speed").value);
  });
  by("skip-silence").addEventListener("click", () => {
    words.ready();
    skipping = !skipping;
    by("skip-silence").setAttribute("aria-pressed", String(skipping));
  });
  by("sentence-bar").addEventListener("click", (event) => {
    if (event.target.closest("[data-do=play]")) playSentence(contents.querySelector(".message.selected"));
  });
  contents.addEventListener("click", playFromWord);
  document.addEventListener("pointerdown", ({ target }) => {
    if (!target.closest?.(".message, #player, #timeline")) following = false;
  });
  for (const kind of ["wheel", "touchmove"]) window.addEventListener(kind, () => (following = false), { passive: true });
  document.addEventListener("contents", words.forget);
}

/** The last sentence that had begun at a second. */
function sentenceAt(seconds) {
  const sentences = [...contents.querySelectorAll(".message")];
  return sentences.findLast(({ dataset }) => Number(dataset.at) <= seconds) ?? sentences[0];
}

/** Where the audio is, in seconds; undefined before it was played. */
export function position() {
  return audio && audio.currentTime > 0 ? audio.currentTime : undefined;
}

/** Go to a second of the conversation: in the audio if there is any, and in the transcript. */
export function goTo(seconds, play = true) {
  const sentences = contents.querySelectorAll(".message");
  const [first, last] = [sentences[0], sentences[sentences.length - 1]].map((one) => Number(one?.dataset.at ?? 0));
  const pages = Boolean(contents.querySelector(".pages"));
  if (pages && (seconds < first - 1 || seconds > last + 60)) location.assign(`?at=${Math.floor(seconds)}`);
  const sentence = sentenceAt(seconds);
  if (sentence) select(sentence, { scroll: true });
  if (audio && play) playFrom(seconds);
}

contents.addEventListener("click", (event) => {
  const picture = event.target.closest("#timeline-picture");
  if (picture) {
    const { left, width } = picture.getBoundingClientRect();
    goTo(((event.clientX - left) / width) * Number(by("timeline").dataset.seconds));
  }
  const mark = event.target.closest("[data-seek]");
  if (mark) {
    event.preventDefault();
    goTo(Number(mark.dataset.seek));
  }
});
if (audio) connect();
