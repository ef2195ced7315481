// The page on which a stream is tried: devices, connection, inputs, outputs, messages and figures.

import { Inputs } from "./stream-inputs.js";
import { Level } from "./stream-level.js";
import { StreamLink } from "./stream-link.js";
import { Log } from "./stream-log.js";
import { Figures } from "./stream-stats.js";
import { element, icon } from "./elements.js";
import { gettext } from "./text.js";

const { name, mode, modality, config, wishes } = document.getElementById("main").dataset;
const { trackConstraints, rtpParams, sendInputOnChange } = JSON.parse(wishes);
const part = (id) => document.getElementById(id);
const base = `/streams/${name}`;
const kinds = modality === "audio-video" ? ["audio", "video"] : [modality];
const sends = mode !== "receive";
const receives = mode !== "send";
const ONE_WAY = {
  audio: gettext("The stream hears you; it sends nothing back."),
  video: gettext("The stream sees you; it sends nothing back."),
  "audio-video": gettext("The stream hears and sees you; it sends nothing back."),
};
const camera = kinds.includes("video");

const REASONS = {
  NotAllowedError: camera
    ? gettext("Camera access is blocked. Allow it in the address bar, then press Start.")
    : gettext("Microphone access is blocked. Allow it in the address bar, then press Start."),
  NotFoundError: camera ? gettext("No camera was found. Connect one, then start again.") : gettext("No microphone was found. Connect one, then start again."),
  NotReadableError: camera
    ? gettext("The camera does not answer. Another program may be using it; close that, then start again.")
    : gettext("The microphone does not answer. Another program may be using it; close that, then start again."),
  OverconstrainedError: gettext("The chosen device is gone. Choose another one, then start again."),
};
const INSECURE = gettext("Browsers give microphone and camera only to pages that come over https, or from this very computer (localhost).");

const outputs = new Log("outputs");
const messages = new Log("messages");
const levels = { in: new Level(part("meter-in")), out: new Level(part("meter-out")) };
const inputs = new Inputs({
  form: part("inputs"),
  hook: `${base}/input_hook`,
  id: () => link && !link.over && link.id,
  onChange: sendInputOnChange,
});
let link;
let media;
let context;
let events;
let figures;
let reading;

const STATES = {
  asking: [gettext("Waiting"), camera ? gettext("The browser asks whether it may use your camera.") : gettext("The browser asks whether it may use your microphone."), gettext("Starting"), ""],
  connecting: [gettext("Connecting"), "", gettext("Connecting"), ""],
  connected: [gettext("Connected"), receives ? "" : ONE_WAY[modality], gettext("Live now"), "live"],
  lost: [gettext("Connection lost"), gettext("Trying again."), gettext("Reconnecting"), ""],
  ended: [gettext("Ended"), "", gettext("Ended"), ""],
  ready: [gettext("Ready"), "", gettext("Not started"), ""],
};

function show(state, detail = "") {
  const [title, usual, pill, kind] = STATES[state];
  part("status").textContent = title;
  part("detail").textContent = detail || usual;
  part("pill").textContent = pill;
  part("pill").className = `pill ${kind}`;
  part("screen").dataset.state = state;
}

function showAlert(text) {
  part("alerts").replaceChildren(element("p", { class: "notice bad" }, icon("alert"), element("span", {}, text)));
}

function running(yes) {
  part("start").hidden = yes;
  part("stop").hidden = !yes;
  if (part("mute")) part("mute").hidden = !yes;
  for (const id of ["microphone", "camera"]) if (part(id)) part(id).disabled = yes;
}

/** The developer's constraints: for both kinds, or for each its own. */
function wished(kind) {
  return trackConstraints.audio || trackConstraints.video ? trackConstraints[kind] : trackConstraints;
}

async function openDevices() {
  if (!sends) return undefined;
  if (!navigator.mediaDevices?.getUserMedia || !window.isSecureContext) throw new Error(INSECURE);
  const chosen = (id) => (part(id)?.value ? { deviceId: { exact: part(id).value } } : {});
  const plain = { audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true }, video: { width: { ideal: 640 }, height: { ideal: 480 } } };
  const audio = kinds.includes("audio") && { ...plain.audio, ...wished("audio"), ...chosen("microphone") };
  const video = kinds.includes("video") && { ...plain.video, ...wished("video"), ...chosen("camera") };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio, video });
  } catch (error) {
    throw new Error(REASONS[error.name] ?? gettext("The device could not be opened ({name}).", { name: error.name }));
  }
}

/** Browsers give the names of devices only once one of them may be used. */
async function listDevices() {
  const found = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  for (const [id, kind] of [["microphone", "audioinput"], ["camera", "videoinput"]]) {
    const select = part(id);
    if (!select) continue;
    const { value } = select;
    const named = found.filter((one) => one.kind === kind && one.label && !["default", "communications"].includes(one.deviceId));
    select.replaceChildren(select.options[0], ...named.map((one) => element("option", { value: one.deviceId }, one.label)));
    select.value = [...select.options].some((one) => one.value === value) ? value : "";
  }
}

function showOwn() {
  const picture = part(mode === "send" ? "picture" : "mirror");
  if (picture && media?.getVideoTracks().length) {
    picture.srcObject = media;
    picture.hidden = false;
  }
  if (media) levels.in.follow(context, media);
}

function showTheirs(stream) {
  if (!receives) return;
  const player = stream.getVideoTracks().length ? part("picture") : part("sound");
  if (player.srcObject !== stream) player.srcObject = stream;
  player.play().catch(() => showAlert(gettext("The browser does not play the sound yet. Press Stop, then Start once more.")));
  levels.out.follow(context, stream);
}

function listen() {
  events = new EventSource(`${base}/outputs?webrtc_id=${encodeURIComponent(link.id)}`);
  events.addEventListener("output", ({ data }) => outputs.output(data));
  events.onmessage = ({ data }) => outputs.output(data);
  events.addEventListener("end", ({ target }) => target.close()); // there is nothing to come back for
}

function receive(message) {
  messages.message(message);
  if (message.type === "send_input") inputs.send();
  if (message.type === "error") showAlert(String(message.message ?? message.data ?? ""));
  if (message.type === "end_stream") link.end(String(message.data ?? ""));
  if (message.type === "update_connection" && message.data === "closed") link.end(gettext("The server ended the session."));
}

function changed(state, detail) {
  show(state, detail);
  if (state === "connected" && !events) {
    listen();
    inputs.send();
    reading = setInterval(readFigures, 1000);
    readFigures();
  }
  if (state === "ended") finish();
}

async function readFigures() {
  const lines = await figures.read(link).catch(() => []);
  if (lines.length && !link.over) part("figures").replaceChildren(...lines.map(([what, value]) => element("div", {}, element("dt", {}, what), element("dd", {}, value))));
}

async function start() {
  part("alerts").replaceChildren();
  part("start").disabled = true;
  if (sends) show("asking");
  outputs.clear();
  messages.clear();
  context = new AudioContext();
  try {
    media = await openDevices();
    listDevices();
    running(true);
    showOwn();
    figures = new Figures();
    link = new StreamLink({
      paths: { offer: `${base}/webrtc/offer`, config },
      media,
      kinds: receives ? kinds : [],
      rtpParams,
      on: { state: changed, message: receive, stream: showTheirs },
    });
    await link.start();
    part("stop").focus();
  } catch (error) {
    showAlert(error.name === "TimeoutError" || error instanceof TypeError ? gettext("The server does not answer. Try again in a moment.") : error.message);
    if (link && !link.over) link.end();
    else finish();
    show("ready");
  } finally {
    part("start").disabled = false;
  }
}

function finish() {
  clearInterval(reading);
  setTimeout((source) => source?.close(), 1500, events); // the last outputs are still on their way
  events = undefined;
  media?.getTracks().forEach((track) => track.stop());
  for (const level of Object.values(levels)) level.stop();
  for (const id of ["picture", "mirror", "sound"]) if (part(id)) part(id).srcObject = null;
  if (part("mirror")) part("mirror").hidden = true;
  context?.close().catch(() => {});
  media = undefined;
  if (figures) part("figures").querySelector("dd").textContent = link?.connectedIn ? gettext("ended") : gettext("none");
  const left = document.activeElement === part("stop");
  running(false);
  if (left) part("start").focus();
  setMuted(false);
}

function setMuted(muted) {
  media?.getTracks().forEach((track) => {
    track.enabled = !muted;
  });
  const button = part("mute");
  if (!button) return;
  button.dataset.muted = String(muted);
  const [off, on] = kinds.includes("audio") ? [gettext("Mute"), gettext("Unmute")] : [gettext("Pause"), gettext("Go on")];
  button.querySelector(".word").textContent = muted ? on : off;
}

part("start").addEventListener("click", start);
part("stop").addEventListener("click", () => link?.end(gettext("You stopped it.")));
part("mute")?.addEventListener("click", () => setMuted(part("mute").dataset.muted !== "true"));
window.addEventListener("pagehide", () => link?.end());
listDevices();
