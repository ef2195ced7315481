// The page on which a stream is tried: devices, connection, inputs, outputs, messages and figures.

import { StreamClient } from "../client/parley.js";
import { Components } from "./stream-components.js";
import { Embedding } from "./stream-embed.js";
import { sentence } from "./stream-errors.js";
import { Inputs } from "./stream-inputs.js";
import { Level } from "./stream-level.js";
import { Log } from "./stream-log.js";
import { figures } from "./stream-stats.js";
import { element, icon } from "./elements.js";
import { ready } from "./ready.js";
import { gettext } from "./text.js";

const { name, mode, modality, wishes, embed } = document.getElementById("main").dataset;
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

const embedding = new Embedding(embed);
const outputs = new Log("outputs");
const messages = new Log("messages");
const levels = { in: new Level(part("meter-in")), out: new Level(part("meter-out")) };
const inputs = new Inputs({
  form: part("inputs"),
  hook: `${base}/input_hook`,
  id: () => link && !link.ended && link.id,
  onChange: sendInputOnChange,
});
const components = new Components({
  form: part("components"),
  base,
  id: () => link && !link.ended && link.id,
  onChange: sendInputOnChange,
  onProblem: showAlert,
});
let link;
let context;
let reading;
let session;

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
  part("try-now").hidden = state !== "lost";
}

function showAlert(text, link = undefined) {
  part("alerts").replaceChildren(element("p", { class: "notice bad" }, icon("alert"), element("span", {}, text, " ", link)));
}

function running(yes) {
  part("start").hidden = yes;
  part("stop").hidden = !yes;
  if (part("mute")) part("mute").hidden = !yes;
  if (part("screen-share")) part("screen-share").hidden = !yes || !navigator.mediaDevices?.getDisplayMedia;
  for (const id of ["microphone", "camera"]) if (part(id)) part(id).disabled = yes;
}

/** The developer's constraints: for both kinds, or for each its own. */
function wished(kind) {
  return trackConstraints.audio || trackConstraints.video ? trackConstraints[kind] : trackConstraints;
}

/** What is sent: the chosen devices, with the developer's constraints. */
function constraints() {
  if (!sends) return null;
  const chosen = (id) => (part(id)?.value ? { deviceId: { exact: part(id).value } } : {});
  const audio = kinds.includes("audio") && { ...wished("audio"), ...chosen("microphone") };
  const video = kinds.includes("video") && { ...wished("video"), ...chosen("camera") };
  return { audio, video };
}

function reason(error) {
  if (error.code === "device") return REASONS[error.name] ?? gettext("The device could not be opened ({name}).", { name: error.name });
  return sentence(error);
}

/** Data for the handler's context, from the address: `?user_data={"name": "Ada"}`. */
function userData() {
  const text = new URLSearchParams(location.search).get("user_data");
  try {
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}

/** Browsers give the names of devices only once one of them may be used. */
async function listDevices() {
  const found = await StreamClient.devices();
  for (const id of ["microphone", "camera"]) {
    const select = part(id);
    if (!select) continue;
    const { value } = select;
    const named = found.filter((one) => one.kind === id && one.name);
    select.replaceChildren(select.options[0], ...named.map((one) => element("option", { value: one.id }, one.name)));
    select.value = [...select.options].some((one) => one.value === value) ? value : "";
  }
}

function showOwn(media) {
  listDevices();
  running(true);
  show("connecting");
  const picture = part(mode === "send" ? "picture" : "mirror");
  if (picture && media.getVideoTracks().length) {
    picture.srcObject = media;
    picture.hidden = false;
  }
  levels.in.follow(context, media);
}

function showTheirs(stream) {
  if (!receives) return;
  const player = stream.getVideoTracks().length ? part("picture") : part("sound");
  if (player.srcObject !== stream) player.srcObject = stream;
  player.play().catch(() => showAlert(gettext("The browser does not play the sound yet. Press Stop, then Start once more.")));
  levels.out.follow(context, stream);
}

function sendInputs() {
  inputs.send();
  components.send();
}

function receive(message) {
  messages.message(message);
  embedding.received(message);
  if (message.type === "send_input") sendInputs();
  if (message.type === "error") showAlert(String(message.message ?? message.data ?? ""));
}

function changed({ state, error }) {
  show(state === "connecting" && sends && !link.media ? "asking" : state, error && reason(error));
  if (state === "connecting" && !sends) running(true);
  if (state === "connected" && link.resume !== session) {
    session = link.resume; // another one after a crash of the server: it has neither the inputs nor the outputs
    sendInputs();
    components.follow(link.id);
  }
  if (state === "connected" && !reading) {
    running(true);
    embedding.began(link.id);
    reading = setInterval(readFigures, 1000);
    readFigures();
    part("stop").focus();
  }
  if (state === "ended") finish();
}

async function readFigures() {
  const lines = await link.statistics().then(figures, () => []);
  if (lines.length && !link.ended) part("figures").replaceChildren(...lines.map(([what, value]) => element("div", {}, element("dt", {}, what), element("dd", {}, value))));
}

async function start() {
  part("alerts").replaceChildren();
  part("start").disabled = true;
  outputs.clear();
  messages.clear();
  context = new AudioContext();
  link = new StreamClient(base, { media: constraints(), receive: receives ? kinds : [], rtpParameters: rtpParams, userData: userData(), tries: Infinity });
  link.on("own", showOwn);
  link.on("state", changed);
  link.on("message", receive);
  link.on("media", showTheirs);
  link.on("output", (_, { data }) => outputs.output(data));
  link.on("screen", shared);
  try {
    await link.connect();
  } catch (error) {
    if (error.code !== "closed") {
      showAlert(reason(error), error.code === "lost" ? element("a", { href: "/developers/network/" }, gettext("Test the network")) : undefined);
      show("ready");
    }
  }
}

function finish() {
  clearInterval(reading);
  reading = undefined;
  for (const level of Object.values(levels)) level.stop();
  for (const id of ["picture", "mirror", "sound"]) if (part(id)) part(id).srcObject = null;
  if (part("mirror")) part("mirror").hidden = true;
  context?.close().catch(() => {});
  part("figures").querySelector("dd").textContent = link.connectedMs ? gettext("ended") : gettext("none");
  const left = document.activeElement === part("stop");
  running(false);
  part("start").disabled = false;
  if (left) part("start").focus();
  setMuted(false);
}

async function share() {
  part("alerts").replaceChildren();
  try {
    await (part("screen-share").dataset.shared === "true" ? link.stopScreen() : link.shareScreen());
  } catch (error) {
    if (error.name !== "NotAllowedError") showAlert(gettext("The screen cannot be shared ({name}).", { name: error.name }));
  }
}

function shared(yes) {
  const button = part("screen-share");
  button.dataset.shared = String(yes);
  part("mirror")?.classList.toggle("shared", yes);
  button.querySelector(".word").textContent = yes ? gettext("Stop sharing") : gettext("Share screen");
}

function setMuted(muted) {
  link?.mute(muted);
  const button = part("mute");
  if (!button) return;
  button.dataset.muted = String(muted);
  const [off, on] = kinds.includes("audio") ? [gettext("Mute"), gettext("Unmute")] : [gettext("Pause"), gettext("Resume")];
  button.querySelector(".word").textContent = muted ? on : off;
}

part("start").addEventListener("click", start);
part("text-form")?.addEventListener("submit", (event) => {
  event.preventDefault();
  components.send(part("text").value);
  part("text").value = "";
});
part("stop").addEventListener("click", () => link?.close(gettext("You stopped it.")));
part("try-now").addEventListener("click", () => link?.reconnect());
part("mute")?.addEventListener("click", () => setMuted(part("mute").dataset.muted !== "true"));
part("screen-share")?.addEventListener("click", share);
window.addEventListener("pagehide", () => link?.close());
listDevices();
part("status").textContent = STATES.ready[0];
ready("stream");
