// After a task was marked, its line is new: gives the focus to its button and says what happened.

import { gettext } from "./text.js";

document.addEventListener("htmx:afterSettle", () => {
  const button = document.querySelector("[data-focus]");
  if (!button) return;
  button.removeAttribute("data-focus");
  button.focus();
  const done = button.closest(".task").classList.contains("done");
  document.getElementById("task-status").textContent = done ? gettext("Marked as done.") : gettext("Marked as open.");
});
