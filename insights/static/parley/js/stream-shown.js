// What the output components of a stream show: texts, chats, labels, pictures, sounds and files.

import { element } from "./elements.js";
import { fromHtml, fromMarkdown } from "./stream-markup.js";
import { gettext } from "./text.js";

const PERCENT = new Intl.NumberFormat(undefined, { style: "percent" });
const known = new Map(); // media by id: a handler that keeps a message gives it back without its data

/** Keep the data of media, and put it back where only its id came. */
export function remember(value) {
  if (Array.isArray(value)) return value.map(remember);
  if (!value || typeof value !== "object") return value;
  if (typeof value.media === "string" && value.id) {
    if (value.data) known.set(value.id, value.data);
    return { ...value, data: value.data ?? known.get(value.id) };
  }
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, remember(one)]));
}

/** A value for the server, without the data of media that it gave. */
export function light(value) {
  if (Array.isArray(value)) return value.map(light);
  if (!value || typeof value !== "object") return value;
  if (typeof value.media === "string" && known.has(value.id)) {
    const { data, ...rest } = value;
    return rest;
  }
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, light(one)]));
}

function blobUrl(data) {
  const [header, text] = data.split(",");
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return URL.createObjectURL(new Blob([bytes], { type: header.slice(5).replace(";base64", "") }));
}

function medium({ media, name, data }) {
  if (!data) return element("span", { class: "quiet" }, name ?? media);
  if (media === "image") return element("img", { src: data, alt: name ?? gettext("Picture") });
  if (media === "audio") return element("audio", { src: blobUrl(data), controls: "" });
  return element("a", { href: blobUrl(data), download: name ?? "file" }, name ?? gettext("File"));
}

function content(value) {
  if (typeof value === "string") return fromMarkdown(value);
  if (Array.isArray(value)) return value.flatMap(content);
  return value?.media ? [medium(value)] : [String(value ?? "")];
}

function message({ role, content: said }) {
  const who = role === "user" ? gettext("You") : role === "assistant" ? gettext("Answer") : role;
  return element("div", { class: `message ${role === "user" ? "user" : "other"}` }, element("span", { class: "who small quiet" }, who), element("div", { class: "said" }, ...content(said)));
}

function label({ label: name, confidences }) {
  const rows = (confidences ?? []).map((one) =>
    element("div", {}, element("dt", {}, one.label), element("dd", {}, element("meter", { min: 0, max: 1, value: one.confidence, "aria-label": one.label }), PERCENT.format(one.confidence))),
  );
  return [element("p", { class: "class" }, name), element("dl", { class: "confidences" }, ...rows)];
}

const RENDER = {
  chat: (value) => value.map(message),
  label,
  markdown: fromMarkdown,
  html: fromHtml,
  code: (value) => [element("pre", {}, element("code", {}, value))],
  json: (value) => [element("pre", {}, element("code", {}, JSON.stringify(value, null, 2)))],
  image: (value) => [medium(value)],
  audio: (value) => [medium(value)],
  file: (value) => [medium(value)],
};

/** Show a value in the element of a component; a list that was read to its end stays there. */
export function show(place, kind, value) {
  const atEnd = place.scrollTop + place.clientHeight >= place.scrollHeight - 8;
  const empty = value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
  const other = typeof value === "object" ? RENDER.json : (one) => [String(one)];
  if (empty) place.replaceChildren(element("p", { class: "hint" }, gettext("Nothing yet.")));
  else place.replaceChildren(...(RENDER[kind] ?? other)(value));
  if (atEnd) place.scrollTop = place.scrollHeight;
}
