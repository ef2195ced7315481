// Keeps the contents of the page as they are on the server: fetched again after every change, by this or another person.

import { localise } from "../page.js";
import { ready } from "../ready.js";
import { ReconnectingSocket } from "../reconnecting-socket.js";

const SOON_MS = 150; // events of one change come together
const LOST_MS = 2000;
const REST = 4; // times as long as the last refresh took: a live conversation changes all the time
const KEPT = new Set(["open", "tabindex", "aria-expanded", "contenteditable", "role", "aria-current"]); // attributes that only this page sets

const main = document.getElementById("main");
const contents = document.getElementById("contents");
let running;
let again = false;
let waiting;
let leaving = false;

/** While this page deletes the conversation itself, it does not leave for the news that the conversation is gone. */
export function deletesItself(does) {
  leaving = does;
}

function leave() {
  if (!leaving) location.assign("/conversations/?done=gone");
  leaving = true;
}

/** The messages and cards that only this page changes at the moment: they are left alone. */
const edited = (node) => node.nodeType === Node.ELEMENT_NODE && node.matches("[contenteditable]");

function beforeAttributeUpdated(name, node) {
  return !(KEPT.has(name) || (name === "class" && node.matches(".all, .shown")) || node.id === "timeline-now");
}

function beforeNodeMorphed(node, made) {
  return !(edited(node) || node.id === "find" || node.id === "my-notes" || node.isEqualNode(made));
}

async function fetchAndShow() {
  const url = new URL(main.dataset.contents, location.href);
  url.searchParams.set("part", main.dataset.part);
  const answer = await fetch(url);
  if (answer.status === 404) {
    leave();
    return;
  }
  if (!answer.ok || answer.redirected) return;
  const made = document.createElement("div");
  made.innerHTML = await answer.text();
  localise(made);
  ready("conversation", made);
  const callbacks = { beforeNodeMorphed, beforeAttributeUpdated };
  globalThis.Idiomorph.morph(contents, made, { morphStyle: "innerHTML", callbacks });
  const title = document.getElementById("title");
  if (title) document.title = document.title.replace(/^.* · /, `${title.textContent} · `);
  document.dispatchEvent(new CustomEvent("contents"));
}

/** Show the present contents. Calls during a refresh lead to one more. */
export async function refresh() {
  clearTimeout(waiting);
  waiting = undefined;
  if (running) {
    again = true;
    return running;
  }
  const begun = performance.now();
  running = fetchAndShow().catch(() => refreshIn(LOST_MS)); // without a connection
  await running;
  running = undefined;
  if (again) {
    again = false;
    refreshIn((performance.now() - begun) * REST);
  }
  return undefined;
}

function refreshIn(pause) {
  waiting ??= setTimeout(refresh, Math.max(SOON_MS, pause));
}

/** Subscribe to the changes by others. */
export function follow() {
  let highest = Number(main.dataset.event);
  const url = new URL(`/v1/conversations/${main.dataset.conversation}/subscribe`, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  const socket = new ReconnectingSocket({
    address: () => {
      url.searchParams.set("after", highest);
      return url.href;
    },
    onOpen: () => socket.resetPause(),
    onMessage: (message) => {
      highest = Math.max(highest, message.sequenceNumber ?? 0);
      if (message.type === "message" && message.message?.type === "conversation_deleted") leave();
      else if (message.type !== "message" || message.message?.type !== "recognition_result") refreshIn(0);
    },
    onLost: () => {},
    onEnd: () => refreshIn(0), // no longer shared: the answer is 404
    isEnd: (code) => code === 1008,
  });
  socket.open();
}
