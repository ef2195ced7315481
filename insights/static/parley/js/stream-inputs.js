// The form of a stream's declared inputs: read it, post it, and show beside each field what the server found wrong.

import { gettext } from "./text.js";

const QUIET_MS = 250;

export class Inputs {
  /**
   * `form` may be null; `hook` is the route; `id()` gives the session's webrtc_id, or nothing where there is none.
   * `onChange`: whether each change is sent, not only what the button sends.
   */
  constructor({ form, hook, id, onChange = true }) {
    Object.assign(this, { form, hook, id, onChange });
    if (!form) return;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    form.addEventListener("input", ({ target }) => this.changed(target));
  }

  changed(target) {
    const output = target.closest("[data-input]")?.querySelector("output");
    if (output) output.textContent = target.value;
    if (!this.onChange) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), QUIET_MS);
  }

  read() {
    const values = {};
    for (const field of this.form.querySelectorAll("[data-input]")) {
      const value = valueOf(field);
      if (value !== undefined) values[field.dataset.input] = value;
    }
    return values;
  }

  async send() {
    if (!this.form) return;
    clearTimeout(this.timer);
    const id = this.id();
    if (!id) {
      this.form.querySelector("#inputs-state").textContent = gettext("Not started. These are sent when you start.");
      return;
    }
    const response = await fetch(this.hook, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ webrtc_id: id, ...this.read() }),
    }).catch(() => undefined);
    const answer = await response?.json().catch(() => ({}));
    this.show(response, answer);
  }

  show(response, answer) {
    const wrong = response?.status === 422 && Array.isArray(answer.detail) ? answer.detail : [];
    for (const field of this.form.querySelectorAll("[data-input]")) {
      const found = wrong.find(({ loc }) => loc?.[1] === field.dataset.input);
      const line = field.querySelector(".wrong");
      line.textContent = found?.msg ?? "";
      line.hidden = !found;
      field.querySelectorAll("input, select").forEach((one) => one.setAttribute("aria-invalid", String(Boolean(found))));
    }
    const state = this.form.querySelector("#inputs-state");
    if (response?.ok) state.textContent = state.dataset.sent;
    else if (wrong.length) state.textContent = gettext("Not sent. See the errors above.");
    else state.textContent = gettext("Not sent. The server refused it. Try again.");
  }
}

function valueOf(field) {
  const one = field.querySelector("input, select");
  const { kind } = field.dataset;
  if (kind === "choices") return [...field.querySelectorAll("input:checked")].map((box) => box.value);
  if (kind === "flag") return one.checked;
  if (kind === "words") return one.value.split(",").map((word) => word.trim()).filter(Boolean);
  if (one.value === "") return undefined;
  if (kind === "range" || kind === "number") return Number(one.value);
  return one.value;
}
