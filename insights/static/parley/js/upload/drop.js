// Files that are dropped anywhere on the page, and files that a phone shared with the installed app.

import { add } from "./sending.js";
import { gettext } from "../text.js";

const title = (file) => file.name.replace(/\.[^.]{1,5}$/, "").slice(0, 256) || gettext("Recording");

/** The choices of the form; a page without the form leaves them to the account. */
function choices() {
  const checked = (id) => document.getElementById(id)?.checked;
  const language = document.getElementById("language")?.value;
  return { language, storeAudio: checked("store-audio"), several: checked("several"), translate: checked("translate") };
}

function takeTitle() {
  const field = document.getElementById("upload-title");
  const given = field?.value.trim() ?? "";
  if (field) field.value = "";
  return given;
}

/** Send these files; a title in the form is that of a single file. `onAccepted` is called for each that the server has. */
export function addFiles(files, onAccepted) {
  const given = files.length === 1 ? takeTitle() : "";
  for (const file of files) add({ file, name: given || title(file), ...choices() }, onAccepted);
}

/** Send the recording at a URL. */
export function addUrl(url) {
  const last = decodeURIComponent(new URL(url).pathname.split("/").pop().replace(/%(?![0-9A-Fa-f]{2})/g, "%25"));
  add({ url, name: takeTitle() || title({ name: last }), ...choices() });
}

const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
let depth = 0; // each element that the pointer enters counts

function mark(change) {
  depth = Math.max(0, depth + change);
  document.body.classList.toggle("dropping", depth > 0);
}

document.addEventListener("dragenter", (event) => hasFiles(event) && mark(1));
document.addEventListener("dragleave", (event) => hasFiles(event) && mark(-1));
document.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
document.addEventListener("drop", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  mark(-depth);
  addFiles([...event.dataTransfer.files]);
});
