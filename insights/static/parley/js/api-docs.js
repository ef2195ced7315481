// Filters the calls on the first page of the API reference while one types.

import { gettext, ngettext } from "./text.js";

const field = document.getElementById("find");

function filter() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const section of document.querySelectorAll(".calls")) {
    const name = section.querySelector("h2").textContent.toLowerCase();
    let shown = 0;
    for (const call of section.querySelectorAll("li")) {
      const text = `${name} ${call.textContent.toLowerCase()}`;
      call.hidden = !words.every((word) => text.includes(word));
      if (!call.hidden) shown += 1;
    }
    section.hidden = shown === 0;
    count += shown;
  }
  const found = document.getElementById("found");
  found.textContent = words.length === 0 ? "" : count === 0 ? gettext("No results") : ngettext("{number} call", "{number} calls", count);
}

if (field) {
  field.closest(".find").hidden = false; // without this script there is no search
  field.addEventListener("input", filter);
  if (field.value) filter(); // the browser kept it over a reload
}
