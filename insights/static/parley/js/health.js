// The readiness of the server process that answers (/readyz), part by part.

import { gettext } from "./text.js";

const NAMES = { database: gettext("Database can be written"), channelLayer: gettext("Channel layer"), recogniser: gettext("Speech recognition"), notDraining: gettext("Takes new sessions") };

function row(name, good) {
  const item = document.createElement("li");
  const text = document.createElement("p");
  const tag = document.createElement("span");
  text.textContent = NAMES[name] ?? name;
  tag.className = good ? "tag" : "tag bad";
  tag.textContent = good ? "OK" : gettext("Not ready");
  item.append(text, tag);
  return item;
}

const list = document.getElementById("readyz");
try {
  const { status, ...parts } = await (await fetch(list.dataset.url)).json();
  list.replaceChildren(...Object.entries(parts).map(([name, good]) => row(name, good)));
} catch {
  list.replaceChildren(row(gettext("This server does not answer"), false));
}
