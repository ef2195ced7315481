// Reviewing in the admin from the keyboard: in a row, a accepts, r rejects, p makes pending again; Ctrl+Enter saves.
// In a text the letters are letters, of course.

import { gettext } from "./text.js";

const VERDICTS = { a: "accepted", r: "rejected", p: "pending" };
const ROW = "#result_list tbody tr, .inline-group .form-row";
const HINT = gettext("Shortcuts: A accept, R reject, P reset. Ctrl+Enter saves.");

const verdictOf = (row) => row?.querySelector("input[type=radio]:checked, input[type=radio]");

/** Give the verdict and move to the next row that takes one. */
function judge(row, verdict) {
  const choice = row.querySelector(`input[type=radio][value=${verdict}]`);
  if (!choice) return false;
  choice.checked = true;
  choice.dispatchEvent(new Event("change", { bubbles: true }));
  let next = row.nextElementSibling;
  while (next && !verdictOf(next)) next = next.nextElementSibling;
  (verdictOf(next) ?? choice).focus();
  return true;
}

function save() {
  document.querySelector("input[name=_save]")?.click();
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    save();
  }
  const row = event.target.closest?.(ROW);
  if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches("textarea, select, input:not([type=radio], [type=checkbox])");
  if (!typing && VERDICTS[event.key] && judge(row, VERDICTS[event.key])) event.preventDefault();
  if (event.key === "Enter" && event.target.matches("input")) {
    event.preventDefault(); // the first button of the list runs actions, and would throw the changes away
    save();
  }
});

// What was chosen and not saved yet is not lost by a wrong click.
let changed = false;
document.addEventListener("change", (event) => {
  if (event.target.closest(ROW) && event.target.matches("textarea, input[type=radio]")) changed = true;
});
document.addEventListener("submit", () => {
  changed = false;
});
window.addEventListener("beforeunload", (event) => {
  if (changed) event.preventDefault();
});

document.addEventListener("DOMContentLoaded", () => {
  const table = document.querySelector("#result_list, #insights-group table");
  if (!table || !verdictOf(table)) return;
  const hint = document.createElement("p");
  hint.className = "help review-keys";
  hint.textContent = HINT;
  table.before(hint);
});
