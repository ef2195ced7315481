// Times in the time zone of the account, else in that of the device. Without this script they are shown in the conversation's zone.
// A message when a request of htmx failed. And on a narrow screen the tab of this page is scrolled into view.

import { gettext, locale } from "./text.js";
import { toast } from "./toast.js";

const FORMS = {
  day: { day: "numeric", month: "short", year: "numeric" },
  clock: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  full: { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
};

const { timeZone } = document.documentElement.dataset; // undefined: that of the device

export function localise(root) {
  for (const time of root.querySelectorAll("time[data-as]")) {
    const at = new Date(time.dateTime);
    const form = FORMS[time.dataset.as];
    if (form && !Number.isNaN(at.getTime())) time.textContent = new Intl.DateTimeFormat(locale, { ...form, timeZone }).format(at);
  }
}

/** The end of a day such as `2026-12-24` in a zone `offset` minutes east of UTC, as a time of the API. */
export function endOfDay(day, offset) {
  return new Date(Date.parse(`${day}T23:59:59Z`) - offset * 60_000).toISOString();
}

localise(document);
document.querySelector(".tabs a[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

/** Say that a request of htmx failed, if a person made it: what the page asks by itself is asked again. */
function failed(text) {
  return ({ detail }) => {
    if (detail.requestConfig?.triggeringEvent) toast(text);
  };
}

document.addEventListener("htmx:sendError", failed(gettext("The server cannot be reached. Check your connection and try again.")));
document.addEventListener("htmx:responseError", failed(gettext("That did not work. Reload the page and try again.")));
document.addEventListener("htmx:afterSettle", ({ target }) => {
  localise(target);
  const count = document.getElementById("count"); // stays in the page: a region that comes with its text is not read out
  if (count) count.textContent = target.querySelector("[data-count]")?.textContent ?? "";
});
