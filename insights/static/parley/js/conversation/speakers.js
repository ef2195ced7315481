// The dialog of a speaker: rename everywhere, merge with somebody, or give a part of the words to somebody else.

import { change, mayEdit } from "./changes.js";
import { Combobox, fetchPeople } from "./combobox.js";
import { current } from "./sentences.js";
import { gettext } from "../text.js";

const dialog = document.getElementById("speaker-dialog");
const [name, email] = [document.getElementById("speaker-name"), document.getElementById("speaker-email")];
const effect = document.getElementById("speaker-effect");
let person; // id of a member, or of a speaker who is no member yet
let paragraph; // the paragraph that was chosen; undefined if the list of speakers was

let picked; // the person of the list, undefined if a name was typed
const people = new Combobox(name, {
  value: "name",
  onPick: (one) => {
    picked = one;
    if (!one.id) email.value = one.email; // a member has the address already
    explain();
  },
});

const known = () => [...document.querySelectorAll("#people-known li")].map(({ dataset, textContent }) => ({ id: dataset.member, email: dataset.email, name: textContent, named: "named" in dataset }));
const scope = () => dialog.querySelector("[name=scope]:checked").value;
const typed = () => name.value.trim();
const namesake = () => known().find((one) => one.name.toLowerCase() === typed().toLowerCase() && one.id !== person);

function open(of, from) {
  [person, paragraph] = [of, from];
  const member = known().find(({ id }) => id === person);
  const shown = member?.name ?? from?.querySelector(".name")?.textContent ?? "";
  name.value = member?.named ? shown : ""; // what a voice is called until somebody names it is no name to keep
  name.placeholder = shown;
  email.value = member?.email ?? "";
  document.getElementById("scope-all").textContent = gettext("Everything that {name} said", { name: shown });
  for (const id of ["scope-following", "scope-paragraph"]) document.getElementById(id).hidden = !from;
  dialog.querySelector("[name=scope][value=all]").checked = true;
  explain();
  picked = undefined;
  people.close();
  fetchPeople();
  dialog.returnValue = "";
  dialog.showModal();
  name.select();
}

function explain() {
  const other = namesake();
  const all = scope() === "all";
  email.closest(".field").hidden = !all || Boolean(other);
  if (other && all) effect.textContent = gettext("Merges both speakers: all of it becomes {name}’s.", { name: other.name });
  else if (other) effect.textContent = gettext("This becomes {name}’s.", { name: other.name });
  else if (all) effect.textContent = "";
  else effect.textContent = typed() ? gettext("Adds {name} as a speaker.", { name: typed() }) : "";
}

/** The first message of the paragraph, or the selected one in it, and the last one. */
function range() {
  const sentences = [...paragraph.querySelectorAll(".message")].map(({ id }) => id.slice(2));
  const chosen = paragraph.contains(current()) ? current().id.slice(2) : sentences[0];
  return { first: sentences[0], chosen, last: sentences.at(-1) };
}

async function save() {
  const other = namesake();
  const user = other ? { id: other.id } : { name: typed(), email: email.value.trim() };
  if (scope() !== "all") {
    const { first, chosen, last } = range();
    const following = scope() === "following";
    const address = picked?.name === typed() && picked.email ? { email: picked.email } : {};
    const body = { user: other ? user : { name: typed(), ...address }, scope: "following", ...(following ? {} : { until: last }) };
    return change(gettext("Speaker changed"), ["POST", `/messages/${following ? chosen : first}/speaker`, body]);
  }
  if (known().some(({ id }) => id === person)) {
    if (other) return change(gettext("Speakers merged"), ["POST", `/members/${person}/merge`, { into: other.id }]);
    return change(gettext("Speaker renamed"), ["PUT", `/members/${person}`, user]);
  }
  const message = (paragraph ?? document.querySelector(`[data-person="${person}"] .message`)?.closest(".turn"))?.querySelector(".message");
  return change(gettext("Speaker named"), ["POST", `/messages/${message.id.slice(2)}/speaker`, { user, scope: "all" }]);
}

dialog.addEventListener("input", explain);
dialog.addEventListener("close", () => {
  if (dialog.returnValue === "yes") save();
});
document.addEventListener("click", (event) => {
  if (!mayEdit) return;
  const button = event.target.closest("[data-do=speaker]");
  if (button) open(button.dataset.person, button.closest(".turn") ?? undefined);
  if (event.target.closest("[data-do=speaker-here]")) {
    const turn = current().closest(".turn");
    open(turn.dataset.person, turn);
  }
});
