// Two lists that grow: what the stream puts out, and the messages of its session. The newest is on top, the oldest go.

import { element } from "./elements.js";
import { gettext, locale } from "./text.js";

const MOST = 200;
const LONGEST = 600;
const CLOCK = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const WORDS = {
  started_talking: gettext("You began to speak"),
  pause_detected: gettext("A pause was detected"),
  response_starting: gettext("The answer begins"),
  response_paused: gettext("The answer pauses"),
  response_resumed: gettext("The answer continues"),
};
const CONVERSATION = /^\d+$/;
const TITLES = { log: gettext("Note"), error: gettext("Error"), warning: gettext("Warning"), send_input: gettext("Inputs wanted"), fetch_output: gettext("Output ready"), stopword: gettext("Stop word"), end_stream: gettext("End") };

const cut = (text) => (text.length > LONGEST ? `${text.slice(0, LONGEST)} …` : text);

function asText(value) {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.length ? value.map(inner).join("\n") : "";
  if (typeof value !== "object") return String(value);
  return Object.entries(value).map(([key, one]) => `${key.replaceAll("_", " ")}: ${inner(one)}`).join("\n");
}

/** A value inside of another one, in one line; of a chat, who says what. */
function inner(value) {
  if (typeof value?.content === "string") return `${value.role ?? "output"}: ${value.content}`;
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The words in a Symbl-shaped output: of messages, insights, topics or a result that may still change. */
function said(output) {
  const parts = output.messages ?? output.insights ?? output.topics;
  const words = parts?.map((part) => {
    const text = part.payload?.content ?? part.phrases ?? part.text;
    return part.dismissed ? gettext("Dismissed: {text}", { text }).trim() : text;
  }).filter(Boolean);
  if (words?.length) return words.join(" ");
  const { punctuated, data } = output.message ?? {};
  return punctuated?.transcript ?? (data?.conversationId ? gettext("Conversation {id}", { id: data.conversationId }) : "");
}

export class Log {
  constructor(name) {
    this.list = document.getElementById(name);
    this.none = document.getElementById(`no-${name}`);
    this.count = document.getElementById(`${name}-count`);
    this.total = 0;
    this.again = 1;
  }

  clear() {
    this.list.replaceChildren();
    this.none.hidden = false;
    this.count.textContent = "";
    this.total = 0;
    this.last = undefined;
  }

  add(what, body, { kind = "", conversation = "" } = {}) {
    this.total += 1;
    this.count.textContent = String(this.total);
    this.none.hidden = true;
    this.again = this.last?.what === what && this.last.body === body ? this.again + 1 : 1;
    if (this.again > 1) this.list.firstElementChild.remove();
    this.last = { what, body };
    const title = this.again > 1 ? `${what} × ${this.again}` : what;
    const line = element("li", { class: kind || undefined }, element("span", { class: "what" }, title), element("time", {}, CLOCK.format(new Date())));
    if (body) line.append(element("span", { class: "body" }, cut(body)));
    if (CONVERSATION.test(conversation)) line.append(element("a", { class: "small", href: `/conversations/${conversation}/` }, gettext("Open the conversation")));
    this.list.prepend(line);
    while (this.list.children.length > MOST) this.list.lastElementChild.remove();
  }

  message(message) {
    const text = message.message ?? message.data;
    const label = WORDS[text];
    if (message.type === "log" && label) this.add(label, "");
    else this.add(TITLES[message.type] ?? message.type ?? gettext("Message"), asText(text), { kind: message.type });
  }

  output(text) {
    let value = text;
    try {
      value = JSON.parse(text);
    } catch {
      // a plain text is an output too
    }
    if (value && typeof value === "object" && typeof value.type === "string") {
      const { type, message, ...rest } = value;
      const conversation = message?.data?.conversationId;
      this.add((message?.type ?? type).replaceAll("_", " "), said(value) || asText(message ? { message, ...rest } : rest), { conversation });
    } else if (typeof value?.content === "string") this.add(value.role ?? gettext("Output"), value.content);
    else this.add(gettext("Output"), asText(value), { conversation: value?.conversationId });
  }
}
