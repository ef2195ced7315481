// The live page: connects microphone, session and view, and shows the status.

import { BeforeJoining } from "./before-joining.js";
import { MicrophoneError } from "./microphone.js";
import { ConversationStore } from "./conversation-store.js";
import { jobText } from "./job-text.js";
import { Marks } from "./marks.js";
import { Notes } from "./notes.js";
import { Present } from "./present.js";
import { ready } from "./ready.js";
import { RtcSession } from "./rtc-session.js";
import { SpeakerSession } from "./speaker-session.js";
import { Speaking } from "./speaking.js";
import { TabAudio } from "./tab-audio.js";
import { clock, element, icon } from "./elements.js";
import { View } from "./view.js";
import { ViewerSession } from "./viewer-session.js";
import { languageName, nameLanguages } from "./language-names.js";
import { gettext, locale } from "./text.js";

const { connection, watching, account, speaker, visit, keeps, saved, started, kinds: kindsJson } = document.getElementById("main").dataset;
let { conversation: known, live } = document.getElementById("main").dataset;
const kinds = JSON.parse(kindsJson);
const part = (id) => document.getElementById(id);
const store = new ConversationStore();
const view = new View(document, kinds, () => store.transcript());
const origin = window.location.origin;
const path = encodeURIComponent(connection).replaceAll("%2F", "/");
const socketUrl = (kind) => `${origin.replace(/^http/, "ws")}/v1/${kind}/${path}?presence=1&interimInsights=1${visit ? `&${visit}` : ""}`;
const resumePoint = `${origin}/resume-point/${path}/?${visit}`;
const present = new Present(part("present"), part("came"));
const { timeZone } = document.documentElement.dataset; // that of the account, else of the device
const NOW = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone });

if (part("note-list")) new Notes({ conversation: () => store.conversation || known, now: () => (beganAt ? elapsed() : undefined), tab: true });
const marks = new Marks({ view, button: part("mark"), conversation: () => store.conversation, elapsed });

nameLanguages(part("language"));

let speaking;
let tabAudio;
let session;
let beforeJoining; // not for visits, whose page is there only while the conversation is live
let wasPaused = false;
let beganAt = started ? Date.parse(started) : 0;
let awake; // keeps the screen on; the browser takes it back whenever the page is hidden

const STATES = {
  connecting: () => [gettext("Connecting"), ""],
  listening: () => {
    if (watching === "yes") return [gettext("Watching"), gettext("You are watching. Your microphone is off.")];
    if (speaking?.paused) return [gettext("Paused"), gettext("Your microphone is off. Press Resume to continue.")];
    if (speaking?.muted) return [gettext("Muted"), gettext("Your microphone is muted.")];
    return [gettext("Listening"), session?.lossy ? gettext("Over WebRTC, words may be lost on a bad network.") : ""];
  },
  lost: (seconds) => [
    gettext("Connection lost"),
    [
      ...(watching === "yes" ? [] : [session?.lossy ? gettext("What you say now is lost.") : gettext("Your audio is buffered and will be sent.")]),
      seconds ? gettext("Trying again in {seconds} s.", { seconds: Math.max(1, Math.round(seconds)) }) : gettext("Trying again."),
    ].join(" "),
  ],
  waiting: () => [gettext("Reconnecting"), gettext("Catching up. Your audio is buffered and will be sent.")],
  stopping: () => [gettext("Finishing"), gettext("Finishing the transcript…")],
  over: () => [gettext("The conversation is saved"), watching === "yes" ? gettext("The conversation has ended.") : gettext("You stopped speaking.")],
  deleted: () => [gettext("Deleted"), gettext("This conversation was deleted.")],
  failed: (reason) => [gettext("Stopped"), reason || gettext("The server ended the connection.")],
};
const PILLS = { listening: [gettext("Live now"), "live"], lost: [gettext("Reconnecting"), ""], waiting: [gettext("Reconnecting"), ""], stopping: [gettext("Finishing"), ""], over: [gettext("Saved"), ""], deleted: [gettext("Deleted"), ""], failed: [gettext("Stopped"), ""] };

function showStatus(title, detail) {
  part("status").textContent = title;
  part("detail").textContent = detail;
}

/** Show a sentence above the panes, which can be closed; a temporary one is removed when the page is listening again. */
function showWarning(message, temporary = false) {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  if ([...part("alerts").children].some((shown) => shown.textContent === text)) return;
  const close = element("button", { class: "button quiet small only-icon", type: "button", "aria-label": gettext("Close"), title: gettext("Close") }, icon("close"));
  const notice = element("div", { class: `notice bad${temporary ? " temporary" : ""}` }, icon("alert"), element("span", {}, text), close);
  close.addEventListener("click", () => {
    notice.remove();
    [part("stop"), part("start"), part("words")].find((one) => one && !one.hidden)?.focus(); // a removed element loses the focus
  });
  part("alerts").append(notice);
}

/** Show the progress of a job of this conversation, such as an import, in one line for each job. */
function showJob(job) {
  const id = `job-${job.jobId}`;
  if (job.status === "failed") showWarning(jobText(job));
  if (job.status === "failed" || job.status === "completed") return part(id)?.remove();
  if (!part(id)) part("alerts").append(element("p", { class: "notice", id }));
  part(id).textContent = jobText(job);
}

function showState(state, detail) {
  showStatus(...STATES[state](detail));
  const [label, kind] = (state === "listening" && speaking?.paused && [gettext("Paused"), ""]) || (PILLS[state] ?? [gettext("Connecting"), ""]);
  part("pill").textContent = label;
  part("pill").className = `pill ${kind}`;
  document.body.dataset.state = state;
  if (state === "listening") {
    beganAt ||= Date.now();
    part("clock").hidden = false;
    tabAudio?.start();
    if (part("mark")) part("mark").hidden = false;
    document.querySelectorAll("#alerts .temporary").forEach((shown) => shown.remove());
  }
  if (state === "lost") view.dropInterims();
  else if (document.activeElement === part("try-now")) part("invite").focus(); // a hidden element loses the focus
  part("try-now").hidden = state !== "lost";
  if (["over", "failed", "deleted"].includes(state)) finish(state, detail);
}

function finish(state, reason) {
  speaking?.close();
  tabAudio?.stop();
  clearInterval(ticking);
  awake?.release();
  view.dropInterims();
  for (const id of ["stop", "mute", "pause", "choose", "mark"]) if (part(id)) part(id).hidden = true;
  part("waiting").hidden = true;
  part("no-insights").textContent = gettext("No insights were found.");
  part("recording").hidden = true;
  part("invite").hidden = true;
  part("present").hidden = true;
  if (state === "deleted") {
    for (const id of ["turns", "interims", "insights", "topics"]) part(id).replaceChildren();
    showWarning(gettext("This conversation was deleted."));
  } else if (store.conversation && keeps === "yes") {
    part("open").href = saved.replace("/0/", `/${store.conversation}/`);
    part("open").hidden = false;
    if (document.activeElement === document.body) part("open").focus(); // the element with the focus is hidden
  }
  if (state === "failed") showWarning(reason || gettext("The server ended the connection. Reload this page to continue."));
}

function receive(message) {
  for (const change of store.take(message)) view.show(change);
  const inner = message.type === "message" ? message.message : {};
  if (inner.type === "warning" && inner.field === "config.languageCode") view.note(elapsed(), gettext("In this language some insights are not found."), "alert");
  else if (inner.type === "warning") showWarning(inner.message);
  if (inner.type === "job_progress") showJob(inner);
  if (inner.type === "presence") present.show(inner.people);
  if (inner.type === "language_detected") view.note(elapsed(), gettext("Language: {language}", { language: languageName(inner.data.languageCode) }), "wave");
  if (inner.type === "audio_recording") part("recording").hidden = false;
  marks.take(inner);
  if (inner.type === "conversation_changed") showTitle(inner.data.name);
  if (inner.type === "interim_insights") view.showInterimInsights(inner.user, inner.insights, inner.audioOwner);
  if (inner.type === "recognition_result") view.showInterim(inner.user, inner.punctuated?.transcript ?? "", inner.isFinal, inner.audioOwner);
}

/** Whether somebody speaks on this page, or their last words are being sent. */
function speaks() {
  return watching !== "yes" && ["listening", "lost", "waiting", "stopping"].includes(document.body.dataset.state);
}

async function keepScreenOn() {
  awake = await navigator.wakeLock?.request("screen").catch(() => {}); // it is optional
}

const on = { message: receive, state: showState, warning: showWarning };

/** The seconds since the start of the conversation. */
function elapsed() {
  return beganAt ? Math.max(0, (Date.now() - beganAt) / 1000) : 0;
}

function showQuiet(quiet) {
  if (document.body.dataset.state !== "listening") return;
  if (quiet) showStatus(gettext("Listening"), gettext("No sound from the microphone. Check that it is the right one and switched on."));
  else showStatus(...STATES.listening());
}

/** The speaker was muted, paused or went on. */
function showSpeaking() {
  if (speaking.paused !== wasPaused) view.note(elapsed(), speaking.paused ? gettext("Paused") : gettext("Resumed"), speaking.paused ? "pause" : "play");
  wasPaused = speaking.paused;
  tabAudio.silent = speaking.paused;
  if (document.body.dataset.state === "listening") showState("listening");
}

function showTitle(title) {
  part("name").textContent = title;
  document.title = `${title} · ${watching === "yes" ? gettext("Watching") : gettext("Live")} · Parley`;
}

function newSession() {
  const name = part("speaker").value.trim();
  const title = live === "yes" ? "" : part("meeting").value.trim() || gettext("Conversation, {start}", { start: NOW.format(new Date()) });
  if (title) showTitle(title);
  const shared = { speaker: { userId: visit ? speaker : `${account}/${name.toLowerCase()}`.slice(0, 256), name }, title, several: part("several")?.checked, store, on };
  Object.assign(shared, { language: part("language")?.value || "en-US", translate: part("translate")?.checked });
  if (part("transport")?.value === "webrtc") {
    const urls = { socket: socketUrl("subscribe"), resumePoint, stream: "/streams/conversation" };
    return new RtcSession({ ...shared, urls, id: connection, media: () => speaking.microphone.stream });
  }
  const urls = { socket: socketUrl("streaming"), resumePoint };
  return new SpeakerSession({ ...shared, urls, insightTypes: kinds.map((kind) => kind.type) });
}

/** The session of those who are heard in a tab; messages of it come with those of the microphone. */
function newTabSession(events) {
  return new SpeakerSession({
    urls: { socket: socketUrl("streaming"), resumePoint },
    speaker: { userId: `${account}/them`, name: gettext("Them") },
    title: "",
    insightTypes: [],
    store: { get cursor() { return store.cursor; }, conversation: "", forgetNumbers: () => {} },
    on: events,
  });
}

function showTabAudio() {
  const { active } = tabAudio;
  view.note(elapsed(), active ? gettext("Audio of a tab is transcribed as “Them”") : gettext("The audio of the tab has ended"), "speaker");
  part("share-audio").textContent = active ? gettext("Stop the audio of the tab") : gettext("Add the audio of a tab");
}

async function toggleTabAudio() {
  if (tabAudio.active) tabAudio.stop();
  else if (await tabAudio.open()) tabAudio.start();
}

/** A conversation has begun at this address, on another device or of somebody who shares it, or has ended there: show it without a reload. */
function showBegun({ live: isLive, conversation, shared }) {
  part("shared").hidden = !shared;
  if (shared) part("shared-by").textContent = gettext("{name} shares a live conversation at this address with you: {title}.", { name: shared.owner, title: shared.title });
  part("came").textContent = isLive || shared ? gettext("A conversation has begun here.") : gettext("The conversation has ended.");
  if (isLive === (live === "yes")) return; // of the reader's own, nothing is new
  live = isLive ? "yes" : "no";
  for (const one of document.querySelectorAll("[data-when]")) one.hidden = one.dataset.when !== (isLive ? "live" : "new");
  part("ended").hidden = isLive;
  if (!isLive) part("ended").querySelector("a").href = saved.replace("/0/", `/${known}/`);
  known = conversation?.id ?? "";
  beganAt = isLive ? Date.parse(conversation.startedAt) : 0;
  showTitle(conversation?.title ?? gettext("New conversation"));
  part("pill").textContent = isLive ? gettext("Live") : gettext("Not started");
}

async function start(event) {
  event.preventDefault();
  beforeJoining?.stop();
  part("start").disabled = true;
  part("alerts").replaceChildren();
  if (part("remote")?.checked) await tabAudio.open(); // first: a browser asks for it only right after the press
  session = newSession();
  try {
    showStatus(gettext("Waiting for the microphone"), gettext("Your browser may ask for permission."));
    await speaking.open();
  } catch (error) {
    tabAudio.stop();
    part("start").disabled = false;
    beforeJoining?.start();
    showStatus(gettext("Ready"), gettext("The microphone is off."));
    showWarning(error instanceof MicrophoneError ? error.message : gettext("This browser cannot record audio ({name}).", { name: error.name }));
    return;
  }
  part("setup").hidden = true;
  part("waiting").hidden = false;
  part("stop").focus();
  keepScreenOn();
  session.start();
}

async function stop() {
  part("stop").disabled = true;
  showStatus(...STATES.stopping());
  await speaking.close();
  await tabAudio.stop();
  session.stop();
}

const ticking = setInterval(() => {
  if (beganAt) part("clock").textContent = clock(elapsed());
}, 1000);

part("try-now").addEventListener("click", () => session.connection.reconnectNow());
part("setup")?.addEventListener("submit", start);
part("stop")?.addEventListener("click", stop);
for (const button of document.querySelectorAll(".tabs button")) button.addEventListener("click", () => view.tab(button.dataset.tab));
window.addEventListener("beforeunload", (event) => {
  if (speaks()) event.preventDefault();
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && speaks()) keepScreenOn();
});
if (watching !== "yes") {
  speaking = new Speaking({ push: (...chunk) => session.push(...chunk), replaced: (stream) => session?.replace?.(stream), changed: showSpeaking, quiet: showQuiet, warn: showWarning });
  tabAudio = new TabAudio({ newSession: newTabSession, sends: () => speaking.sends, changed: showTabAudio, warn: showWarning });
  part("share-audio")?.addEventListener("click", toggleTabAudio);
  if (!visit) {
    beforeJoining = new BeforeJoining({ address: resumePoint, live: live === "yes", changed: showBegun });
    beforeJoining.start();
  }
} else {
  session = new ViewerSession({ socket: socketUrl("subscribe"), store, on });
  session.start();
}
ready("live");
