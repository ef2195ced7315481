// A text field with a list of people to pick from: the ARIA pattern of an editable combobox whose list filters. Any other text may be typed.

const LATER_MS = 200; // a click elsewhere counts before the list closes and what is below it moves
const MOST = 50;

let people = [];
const fields = [];

/** Fetch the people of the conversation, for all fields of the page. Without a connection the earlier ones stay. */
export async function fetchPeople() {
  try {
    const answer = await fetch(new URL("../people.json", new URL(document.getElementById("main").dataset.contents, location.href)));
    if (answer.ok) ({ people } = await answer.json());
  } catch {
    // the field works without its list
  }
  for (const field of fields) if (field.typed && document.activeElement === field.input) field.open(); // typed before the answer came
}

function rank(person, text) {
  const [name, email] = [person.name.toLowerCase(), person.email.toLowerCase()];
  if (name.startsWith(text)) return 0;
  if (name.split(/\s+/).some((word) => word.startsWith(text)) || email.startsWith(text)) return 1;
  return name.includes(text) || email.includes(text) ? 2 : 3;
}

/** People whose name or address has the text, those that begin with it first. */
function matching(all, typed) {
  const text = typed.trim().toLowerCase();
  const ranked = all.map((person) => [rank(person, text), person]).filter(([place]) => place < 3);
  return ranked.sort(([one], [other]) => one - other).map(([, person]) => person).slice(0, MOST); // sort is stable
}

/** One field. `onPick` is called with the person; `value` names the property that is put into the field. */
export class Combobox {
  constructor(input, { value, onPick = () => {} }) {
    Object.assign(this, { input, value, onPick, shown: [], active: -1, typed: false });
    fields.push(this);
    this.list = document.getElementById(input.getAttribute("aria-controls"));
    input.addEventListener("input", () => {
      this.typed = true;
      this.open();
    });
    input.addEventListener("click", () => this.open());
    input.addEventListener("keydown", (event) => this.key(event));
    input.addEventListener("blur", () => setTimeout(() => document.activeElement !== input && this.close(), LATER_MS));
    this.list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.pick(this.shown[[...this.list.children].indexOf(option)]);
    });
  }

  get isOpen() {
    return !this.list.hidden;
  }

  /** Show the people that fit what was typed; nothing if that is one of them already. */
  open({ all = false } = {}) {
    const typed = this.input.value.trim();
    const same = (person) => [person.name, person[this.value]].some((text) => text.toLowerCase() === typed.toLowerCase());
    this.shown = all ? matching(people, "") : people.some(same) ? [] : matching(people, typed);
    this.active = -1;
    this.input.removeAttribute("aria-activedescendant");
    this.list.replaceChildren(...this.shown.map((person, at) => this.option(person, at)));
    this.list.hidden = !this.shown.length;
    this.input.setAttribute("aria-expanded", String(this.isOpen));
  }

  /** The person whom the text of the field names: `Speaker 1` and others who were not picked from the list. */
  get named() {
    return people.find((person) => person[this.value] === this.input.value.trim());
  }

  option(person, at) {
    const option = Object.assign(document.createElement("li"), { id: `${this.list.id}-${at}` });
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    const name = Object.assign(document.createElement("bdi"), { textContent: person.name });
    option.append(name);
    if (person.email && person.email !== person.name) option.append(" ", Object.assign(document.createElement("span"), { className: "quiet small", textContent: person.email }));
    return option;
  }

  close() {
    this.typed = false;
    this.list.hidden = true;
    this.active = -1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  move(step) {
    if (!this.isOpen) this.open({ all: true });
    if (!this.isOpen) return;
    this.list.children[this.active]?.setAttribute("aria-selected", "false");
    this.active = this.active < 0 && step < 0 ? this.shown.length - 1 : (this.active + step + this.shown.length) % this.shown.length;
    const option = this.list.children[this.active];
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", option.id);
  }

  pick(person) {
    this.input.value = person[this.value];
    this.close();
    this.onPick(person);
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.move(step);
    else if (event.key === "Enter" && this.isOpen && this.active >= 0) this.pick(this.shown[this.active]);
    else if (event.key === "Escape" && this.isOpen) this.close();
    else return;
    event.preventDefault(); // neither the form is sent nor the dialog closed
    event.stopPropagation();
  }
}
