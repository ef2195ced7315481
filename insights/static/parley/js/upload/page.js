// The form of the upload page.

import { addFiles, addUrl } from "./drop.js";
import { takeShared } from "./shared.js";
import { nameLanguages } from "../language-names.js";
import { ready } from "../ready.js";
import { gettext } from "../text.js";

nameLanguages(document.getElementById("language"));

const files = document.getElementById("files");
const url = document.getElementById("url");
const wrong = document.getElementById("url-wrong");

document.getElementById("choose").addEventListener("click", () => files.click());
files.addEventListener("change", () => {
  addFiles([...files.files]);
  files.value = "";
});

function refused(text) {
  try {
    return ["http:", "https:"].includes(new URL(text).protocol) ? "" : gettext("The URL must begin with https or http.");
  } catch {
    return gettext("Enter a full URL that begins with https or http.");
  }
}

document.getElementById("upload-form").noValidate = true;
document.getElementById("upload-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = url.value.trim();
  wrong.textContent = refused(text);
  url.setAttribute("aria-invalid", String(Boolean(wrong.textContent)));
  if (wrong.textContent) {
    url.focus();
    return;
  }
  addUrl(text);
  url.value = "";
});

takeShared();
ready("upload");
