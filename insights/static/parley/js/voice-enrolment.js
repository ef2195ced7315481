// Enrols a voice: records the sentences of the page, one after the other, and sends them as LINEAR16 at 16 kHz.

import { Microphone, MicrophoneError } from "./microphone.js";
import { gettext } from "./text.js";

const LONGEST_MS = 25000;
const SHORTEST_CHUNKS = 15; // of 100 ms

const form = document.getElementById("enrolment");
const consent = document.getElementById("voice-consent");
const status = document.getElementById("voice-status");
const wrong = document.getElementById("voice-wrong");
const save = document.getElementById("voice-save");
const buttons = [...form.querySelectorAll("[data-record]")];
const samples = buttons.map(() => null);
let recording; // { at, microphone, chunks, timer }

const state = (at) => form.querySelector(`[data-state="${at}"]`);

function show() {
  document.getElementById("voice-sentences").disabled = !consent.checked;
  save.disabled = !consent.checked || Boolean(recording) || samples.includes(null);
  buttons.forEach((button, at) => {
    const mine = recording?.at === at;
    button.disabled = Boolean(recording) && !mine;
    button.classList.toggle("recording", mine);
    button.textContent = mine ? gettext("Stop") : samples[at] ? gettext("Record again") : gettext("Record");
    state(at).textContent = mine ? gettext("recording…") : samples[at] ? gettext("recorded") : gettext("not recorded");
  });
}

async function start(at) {
  wrong.textContent = "";
  const chunks = [];
  const microphone = new Microphone({ onChunk: (chunk) => chunks.push(chunk), onLost: () => stop() });
  recording = { at, microphone, chunks };
  show();
  try {
    await microphone.open();
  } catch (error) {
    recording = undefined;
    show();
    if (!(error instanceof MicrophoneError)) throw error;
    wrong.textContent = error.message;
    return;
  }
  status.textContent = gettext("Read the sentence aloud, then press Stop.");
  recording.timer = setTimeout(stop, LONGEST_MS);
}

async function stop() {
  const ended = recording;
  if (!ended || ended.over) return;
  ended.over = true;
  clearTimeout(ended.timer);
  await ended.microphone.close();
  const long = ended.chunks.length >= SHORTEST_CHUNKS;
  samples[ended.at] = long ? new Blob(ended.chunks, { type: "application/octet-stream" }) : null;
  recording = undefined;
  const left = samples.filter((one) => one === null).length;
  status.textContent = left ? "" : gettext("All sentences are recorded.");
  if (!long) wrong.textContent = gettext("The recording was too short. Read the whole sentence.");
  show();
}

async function send() {
  const body = new FormData(form);
  samples.forEach((sample, at) => body.append(`sample${at}`, sample, `sentence-${at}.pcm`));
  save.disabled = true;
  wrong.textContent = "";
  status.textContent = gettext("Computing the voice profile…");
  let answer;
  try {
    answer = await fetch(form.action, { method: "POST", body });
  } catch {
    status.textContent = "";
    wrong.textContent = gettext("The server cannot be reached. Check your connection and try again.");
    return show();
  }
  const content = await answer.json().catch(() => ({}));
  if (answer.ok) {
    location.assign(content.next);
    return;
  }
  status.textContent = "";
  wrong.textContent = content.message ?? gettext("The server answered with an error ({status}).", { status: answer.status });
  if (content.sample !== undefined) samples[content.sample] = null;
  show();
}

consent.addEventListener("change", show);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
for (const [at, button] of buttons.entries()) button.addEventListener("click", () => (recording ? stop() : start(at)));
window.addEventListener("pagehide", () => recording?.microphone.close());
show();
