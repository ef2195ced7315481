// Marks the line of the outline that the reader has reached.

import { lastUpTo } from "./words.js";

const REACHED = 0.6; // of the height of the window: what begins above it is reached; at the end of the page, all

const contents = document.getElementById("contents");
let waiting = false;

const top = (link) => document.getElementById(link.hash.slice(1))?.getBoundingClientRect().top ?? Infinity;

/** Scroll the outline, but not the page, to a line of it. */
function keepInView(link) {
  const list = link.closest(".finder");
  const [at, box] = [link.getBoundingClientRect(), list.getBoundingClientRect()];
  if (at.top < box.top || at.bottom > box.bottom) list.scrollTop += at.top - box.top - box.height / 2;
}

function mark() {
  waiting = false;
  const { scrollTop, clientHeight, scrollHeight } = document.documentElement;
  const height = clientHeight * (scrollTop + clientHeight < scrollHeight - 1 ? REACHED : 1);
  const links = [...contents.querySelectorAll("#outline a")].filter(({ offsetParent }) => offsetParent);
  const reached = links[lastUpTo(links, height, top)];
  if (reached?.hasAttribute("aria-current")) return;
  contents.querySelector("#outline a[aria-current]")?.removeAttribute("aria-current");
  reached?.setAttribute("aria-current", "location");
  if (reached) keepInView(reached);
}

function markSoon() {
  if (!waiting) requestAnimationFrame(mark);
  waiting = true;
}

window.addEventListener("scroll", markSoon, { passive: true });
document.addEventListener("contents", markSoon);
markSoon();
