// Buttons that copy the field whose id they name (data-copy).

import { ready } from "./ready.js";
import { gettext } from "./text.js";

async function copy(button) {
  const field = document.getElementById(button.dataset.copy);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    button.textContent = gettext("Copied");
  } catch {
    button.textContent = gettext("Press Ctrl+C"); // pages without https may not write to the clipboard; the field is selected
  }
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest?.("[data-copy]");
  if (button) copy(button);
});
ready("copy");
