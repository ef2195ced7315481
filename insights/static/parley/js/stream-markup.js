// Markdown and HTML of a stream as elements. Nothing of it runs: only listed elements and attributes are made, from our own parser's tree.

import { element } from "./elements.js";

const ELEMENTS = new Set("A B BLOCKQUOTE BR CODE DD DEL DIV DL DT EM H1 H2 H3 H4 H5 H6 HR I IMG LI OL P PRE S SMALL SPAN STRONG SUB SUP TABLE TBODY TD TH THEAD TR U UL".split(" "));
const DROPPED = new Set("SCRIPT STYLE TEMPLATE IFRAME OBJECT EMBED NOSCRIPT SVG MATH HEAD TITLE LINK META BASE FORM".split(" "));
const INLINE = /(`[^`]+`)|(\*\*[^*]+\*\*)|(\*[^*\s][^*]*\*)|\[([^\]]+)\]\(([^)\s]+)\)/g;

/** An address that may be followed: of the web, or on this site. */
function safeLink(address) {
  try {
    const { protocol, href } = new URL(address, document.baseURI);
    return ["http:", "https:", "mailto:"].includes(protocol) ? href : undefined;
  } catch {
    return undefined;
  }
}

/** HTML as elements, without styles, scripts, forms and pictures of other sites. */
export function fromHtml(text) {
  const parsed = new DOMParser().parseFromString(text, "text/html");
  return [...parsed.body.childNodes].flatMap(copied);
}

function copied(node) {
  if (node.nodeType === Node.TEXT_NODE) return [document.createTextNode(node.data)];
  if (node.nodeType !== Node.ELEMENT_NODE || DROPPED.has(node.tagName.toUpperCase())) return [];
  const inside = [...node.childNodes].flatMap(copied);
  if (!ELEMENTS.has(node.tagName)) return inside;
  const made = document.createElement(node.tagName);
  if (node.tagName === "A") link(made, node.getAttribute("href") ?? "");
  if (node.tagName === "IMG") {
    const source = node.getAttribute("src") ?? "";
    if (!source.startsWith("data:image/")) return [document.createTextNode(node.getAttribute("alt") ?? "")];
    made.src = source;
    made.alt = node.getAttribute("alt") ?? "";
  }
  made.append(...inside);
  return [made];
}

function link(anchor, address) {
  const href = safeLink(address);
  if (!href) return;
  anchor.href = href;
  anchor.rel = "noopener noreferrer";
  if (new URL(href).origin !== window.location.origin) anchor.target = "_blank";
}

/** The usual Markdown: headings, lists, code, quotes, paragraphs, and emphasis, code and links in them. */
export function fromMarkdown(text) {
  const made = [];
  let list;
  let paragraph = [];
  let code;
  const endParagraph = () => {
    if (paragraph.length) made.push(element("p", {}, ...inline(paragraph.join("\n"))));
    paragraph = [];
  };
  for (const line of text.split("\n")) {
    const item = /^\s*(?:([-*+])|\d+[.)])\s+(.*)$/.exec(line);
    const heading = /^\s*(#{1,6})\s+(.*)$/.exec(line);
    if (/^\s*```/.test(line)) {
      endParagraph();
      if (code) made.push(element("pre", {}, element("code", {}, code.join("\n"))));
      code = code ? undefined : [];
    } else if (code) {
      code.push(line);
    } else if (heading) {
      endParagraph();
      made.push(element(`h${Math.min(6, heading[1].length + 2)}`, {}, ...inline(heading[2])));
    } else if (item) {
      endParagraph();
      const tag = item[1] ? "ul" : "ol";
      if (list?.localName !== tag) made.push((list = element(tag)));
      list.append(element("li", {}, ...inline(item[2])));
      continue;
    } else if (line.trim()) paragraph.push(line.trim());
    else endParagraph();
    if (line.trim()) list = undefined;
  }
  if (code) made.push(element("pre", {}, element("code", {}, code.join("\n"))));
  endParagraph();
  return made;
}

function inline(text) {
  const made = [];
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > at) made.push(text.slice(at, match.index));
    at = match.index + match[0].length;
    if (match[1]) made.push(element("code", {}, match[1].slice(1, -1)));
    else if (match[2]) made.push(element("strong", {}, match[2].slice(2, -2)));
    else if (match[3]) made.push(element("em", {}, match[3].slice(1, -1)));
    else {
      const anchor = element("a", {}, match[4]);
      link(anchor, match[5]);
      made.push(anchor);
    }
  }
  if (at < text.length) made.push(text.slice(at));
  return made;
}
