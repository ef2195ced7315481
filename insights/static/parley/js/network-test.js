// Tests from the browser what live audio and video need: a secure page, a microphone, WebSockets, UDP, and a TURN server where there is one.

import { StreamClient } from "../client/parley.js";
import { element, icon } from "./elements.js";
import { ready } from "./ready.js";
import { gettext } from "./text.js";

const WITHIN_MS = 12000;
const { stream, config, ports } = document.getElementById("main").dataset;
const part = (id) => document.getElementById(id);
const path = stream.replace(/\/$/, "");

const PILLS = { good: gettext("Works"), bad: gettext("Blocked"), warn: gettext("Needs attention"), none: gettext("Not set up"), testing: gettext("Testing…") };
const OPEN_UDP = ports
  ? gettext("The firewall must let incoming UDP to the ports {ports} of the server pass.", { ports })
  : gettext("The firewall must let incoming UDP to the server pass; RTC_PORT_RANGE limits it to a range of ports.");
const NO_UDP_HERE = gettext("This browser sends no UDP: a setting, an extension or a policy of your organisation forbids it. TURN over TCP works without UDP.");
const privately = (addresses) => gettext("The server announces private addresses only: {addresses}. Behind a NAT or in a container, RTC_HOST_ADDRESSES must name the address under which browsers reach it.", { addresses });

const within = (promise, ms = WITHIN_MS) => Promise.race([promise, new Promise((_, reject) => setTimeout(() => reject(new Error("late")), ms))]);
const good = (found) => ({ state: "good", found });
const bad = (found, advice) => ({ state: "bad", found, advice });
const none = (found, advice) => ({ state: "none", found, advice });

/** Types and addresses of the candidates in a session description. */
function candidates(description) {
  const lines = (description?.sdp ?? "").split(/\r?\n/).filter((line) => line.startsWith("a=candidate:"));
  return lines.map((line) => line.split(" ")).map((words) => ({ protocol: words[2].toLowerCase(), address: words[4], port: words[5], type: words[7] }));
}

const isPrivate = (address) => /^(10\.|127\.|169\.254\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|f[cd]|fe80)/i.test(address);

function secure() {
  if (window.isSecureContext) return good(location.protocol === "https:" ? gettext("The page came over https.") : gettext("The page came from this computer."));
  return bad(
    gettext("The page came over http from another computer: browsers give it neither microphone nor camera."),
    gettext("Open Parley over https. The one who runs the server finds how under “Deploy” in its documentation."),
  );
}

async function microphone() {
  if (!navigator.mediaDevices?.getUserMedia) return bad(gettext("The browser gives this page no microphone."), gettext("See “Secure page”."));
  try {
    const media = await navigator.mediaDevices.getUserMedia({ audio: true });
    media.getTracks().forEach((track) => track.stop());
    return good(gettext("The browser gives this page a microphone."));
  } catch ({ name }) {
    if (name === "NotAllowedError") return bad(gettext("The microphone is blocked for this page."), gettext("Allow it in the address bar, then test again. Some systems have a switch for each browser, too."));
    if (name === "NotFoundError") return { state: "warn", found: gettext("No microphone was found."), advice: gettext("Connect one to speak. Listening works without.") };
    return bad(gettext("The microphone does not answer ({name}).", { name }), gettext("Another program may be using it; close that, then test again."));
  }
}

function answered(socket) {
  return new Promise((resolve, reject) => {
    socket.onopen = () => socket.send('{"event":"ping"}');
    socket.onmessage = ({ data }) => data.includes("pong") && resolve();
    socket.onclose = socket.onerror = () => reject(new Error("closed"));
  });
}

async function websocket() {
  const url = new URL(`${path}/websocket/offer`, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  const socket = new WebSocket(url);
  const began = performance.now();
  try {
    await within(answered(socket));
    return good(gettext("The server answered over a WebSocket after {ms} ms.", { ms: Math.round(performance.now() - began) }));
  } catch {
    return bad(
      gettext("WebSockets do not get through."),
      gettext("A proxy or firewall between this browser and the server drops them. A reverse proxy must pass the headers Upgrade and Connection on."),
    );
  } finally {
    socket.onclose = socket.onerror = null;
    socket.close();
  }
}

/** Connect to the stream with these ICE servers; return whether, the figures, and the candidates of both sides. */
async function connected(rtcConfiguration) {
  const client = new StreamClient(path, { media: null, receive: ["audio"], outputs: false, tries: 0, rtcConfiguration });
  try {
    await within(client.connect());
    return { works: true, figures: await client.statistics(), theirs: candidates(client.peer.remoteDescription) };
  } catch (error) {
    return { works: false, error, ours: candidates(client.peer?.localDescription), theirs: candidates(client.peer?.remoteDescription) };
  } finally {
    client.close();
  }
}

const busy = (error) => ({ state: "warn", found: gettext("Could not be tested: {reason}", { reason: error.message }), advice: gettext("Test again in a moment.") });

async function udp() {
  const { works, figures, error, ours, theirs } = await connected({ iceServers: [] });
  if (works) return good(gettext("Audio came straight from the server over UDP; the round trip took {ms} ms.", { ms: Math.round(figures.roundTripMs ?? 0) }));
  if (!theirs.length && error.code) return busy(error);
  if (!ours.some(({ protocol }) => protocol === "udp")) return bad(gettext("UDP is blocked in this browser."), NO_UDP_HERE);
  const addresses = [...new Set(theirs.map(({ address }) => address))];
  const found = gettext("UDP between this browser and the server is blocked. The browser tried {addresses}.", { addresses: addresses.join(", ") });
  const local = isPrivate(location.hostname) || location.hostname === "localhost" || location.hostname === "[::1]";
  return bad(found, !local && addresses.every(isPrivate) ? privately(addresses.join(", ")) : OPEN_UDP);
}

/** The TURN servers of /rtc/config whose transport is "udp", or "tcp" (with TLS, too). */
async function turnServers(transport) {
  const response = await fetch(config, { cache: "no-store" });
  const { iceServers = [] } = response.ok ? await response.json() : {};
  const isOf = (url) => /^turns?:/.test(url) && (url.startsWith("turns:") || url.includes("transport=tcp")) === (transport === "tcp");
  return iceServers.map((server) => ({ ...server, urls: [server.urls].flat().filter(isOf) })).filter(({ urls }) => urls.length);
}

/** Whether a TURN server relays: the code of its error, or 0 where it does. */
async function relayed(iceServers) {
  const peer = new RTCPeerConnection({ iceServers, iceTransportPolicy: "relay" });
  let code = 701;
  const gathered = new Promise((resolve) => {
    peer.onicecandidateerror = ({ errorCode }) => { if (errorCode) code = errorCode; };
    peer.onicecandidate = ({ candidate }) => {
      if (candidate?.candidate.includes(" typ relay")) resolve(0);
      else if (!candidate) resolve(code);
    };
  });
  peer.createDataChannel("test");
  await peer.setLocalDescription();
  return within(gathered).catch(() => code).finally(() => peer.close());
}

async function turn(transport) {
  const iceServers = await turnServers(transport);
  if (!iceServers.length) return none(gettext("The server names no TURN server for this."), gettext("Needed only where UDP is blocked: RTC_ICE_SERVERS and TURN_SECRET set one up."));
  const urls = iceServers.flatMap((server) => server.urls).join(", ");
  const code = await relayed(iceServers);
  if (code === 401 || code === 438) return bad(gettext("The TURN server refuses the password of this server."), gettext("TURN_SECRET must be the static-auth-secret of coturn, and both clocks must be right."));
  if (code) {
    const found = gettext("The TURN server does not answer: {urls}", { urls });
    return bad(found, transport === "udp" ? gettext("UDP to it is blocked, or it does not run. TURN over TCP may still work.") : gettext("It does not run, or a firewall blocks its port for TCP."));
  }
  const { works, error, theirs } = await connected({ iceServers, iceTransportPolicy: "relay" });
  if (works) return good(gettext("Audio came through the TURN server: {urls}", { urls }));
  if (!theirs.length && error.code) return busy(error);
  return bad(gettext("The TURN server answers, but does not reach this server."), gettext("UDP between the TURN server and the server must pass: the ports of the relay (min-port to max-port), and those of the server."));
}

const CHECKS = { secure, microphone, websocket, udp, "turn-udp": () => turn("udp"), "turn-tcp": () => turn("tcp") };

function show(id, { state, found = "", advice = "" }) {
  const card = part(id);
  card.dataset.state = state;
  card.querySelector(".pill").textContent = PILLS[state];
  for (const [name, text] of [["found", found], ["advice", advice]]) {
    card.querySelector(`.${name}`).textContent = text;
    card.querySelector(`.${name}`).hidden = !text;
  }
}

/** What the results mean, in one sentence. */
function meaning(states) {
  const works = (id) => states[id] === "good";
  if (!works("websocket")) return ["bad", gettext("Live pages do not work from here: WebSockets are blocked.")];
  if (states.secure === "bad" || states.microphone === "bad") return ["bad", gettext("You can listen, but not speak: the browser gives this page no microphone.")];
  if (works("udp")) return ["good", gettext("Everything that live audio and video need works from here.")];
  if (works("turn-udp") || works("turn-tcp")) return ["good", gettext("Live audio and video work from here, through the TURN server.")];
  return ["bad", gettext("WebRTC is blocked from here. Speaking still works over WebSocket, which the live page uses by default; streams with video do not.")];
}

async function run() {
  part("start").disabled = true;
  part("summary").replaceChildren();
  const states = {};
  for (const [id, check] of Object.entries(CHECKS)) {
    show(id, { state: "testing" });
    const result = await Promise.resolve(check()).catch(busy);
    states[id] = result.state;
    show(id, result);
  }
  const [kind, text] = meaning(states);
  part("summary").replaceChildren(element("p", { class: `notice ${kind}` }, icon(kind === "good" ? "check" : "alert"), element("span", {}, text)));
  part("start").disabled = false;
}

part("start").addEventListener("click", run);
ready("network");
