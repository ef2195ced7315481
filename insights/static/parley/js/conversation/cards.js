// The cards of insights: done, edit, accept, reject.

import { openMenu } from "../menu.js";
import { endOfDay } from "../page.js";
import { change, mayEdit } from "./changes.js";
import { Combobox, fetchPeople } from "./combobox.js";
import { gettext } from "../text.js";

const { offset } = document.getElementById("main").dataset;
const contents = document.getElementById("contents");
const dialog = document.getElementById("card-dialog");
const menu = document.getElementById("card-menu");
const [text, assignee, due] = ["text", "assignee", "due"].map((name) => document.getElementById(`card-${name}`));
const VERDICTS = { accepted: gettext("Accepted"), rejected: gettext("Rejected"), pending: gettext("Verdict reset") };
let chosen; // the id of the card

let picked; // the person of the list, undefined if a name was typed
const people = new Combobox(assignee, {
  value: "assigned",
  onPick: (person) => {
    picked = person;
  },
});

const card = () => document.getElementById(chosen);
const ids = (one) => one.dataset.insights.trim().split(" ");

/** Give a verdict on all insights of a card, and focus the next one. */
export async function judge(one, review) {
  const next = one.nextElementSibling?.id ?? one.previousElementSibling?.id;
  const focused = one.contains(document.activeElement);
  const calls = ids(one).map((id) => ["PATCH", `/insights/${id}`, { review }]);
  await change(VERDICTS[review], ...calls);
  if (focused) (document.getElementById(next) ?? document.getElementById(one.id))?.focus();
}

export function editCard(one) {
  if (!mayEdit) return;
  chosen = one.id;
  text.value = one.querySelector(".text").textContent;
  assignee.value = one.dataset.assignee;
  due.value = one.dataset.due;
  const isTask = Boolean(one.querySelector("[data-do=done]"));
  for (const field of dialog.querySelectorAll("[data-task]")) field.hidden = !isTask;
  document.getElementById("card-title").textContent = gettext("Edit: {kind}", { kind: one.querySelector(".kind").textContent });
  picked = undefined;
  people.close();
  if (isTask) fetchPeople();
  dialog.returnValue = "";
  dialog.showModal();
  text.focus();
}

/** The fields that differ from what the card shows; a date is the end of that day where the conversation was. */
function fields(one) {
  const changed = {};
  if (text.value.trim() !== one.querySelector(".text").textContent) changed.text = text.value.trim();
  const to = assignee.value.trim();
  const member = (picked?.assigned === to ? picked : people.named)?.id ?? "";
  if (member ? member !== one.dataset.assigneeId : to !== one.dataset.assignee) changed.assignee = member ? { id: member } : to ? { name: to } : null;
  if (due.value !== one.dataset.due) changed.dueBy = due.value ? endOfDay(due.value, Number(offset)) : null;
  return changed;
}

dialog.addEventListener("close", () => {
  const [one, changed] = [card(), dialog.returnValue === "yes" && card() ? fields(card()) : {}];
  if (Object.keys(changed).length) change(gettext("Insight edited"), ["PATCH", `/insights/${ids(one)[0]}`, changed]);
  one?.focus();
});

contents.addEventListener("change", (event) => {
  const box = event.target.closest("[data-do=done]");
  if (!box) return;
  const one = box.closest(".insight");
  change(box.checked ? gettext("Task done") : gettext("Task open again"), ["PATCH", `/insights/${ids(one)[0]}`, { done: box.checked }]);
});

contents.addEventListener("click", (event) => {
  const button = event.target.closest("[data-menu=card-menu]");
  if (button) {
    chosen = button.closest(".insight").id;
    for (const item of menu.querySelectorAll("[data-without]")) item.hidden = item.dataset.without === card().dataset.review;
    openMenu(menu, button);
  }
  const more = event.target.closest("[data-more]");
  if (!more) return;
  const open = document.getElementById(more.dataset.more).classList.toggle("all");
  more.setAttribute("aria-expanded", String(open));
  more.textContent = open ? gettext("Show fewer") : gettext("Show all {number}", { number: document.getElementById(more.dataset.more).children.length });
});

menu.addEventListener("click", (event) => {
  const wanted = event.target.closest("[data-do]")?.dataset.do;
  if (wanted === "edit-card") editCard(card());
  else if (wanted in VERDICTS) judge(card(), wanted);
});
