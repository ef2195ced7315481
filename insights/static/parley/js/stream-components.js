// The components of a stream's page: the values of its inputs are posted, and its outputs show what the program makes of each output.

import { gettext } from "./text.js";
import { light, remember, show } from "./stream-shown.js";

const BETWEEN_MS = 100;
const AGAIN_MS = 1500;

export class Components {
  /** `id()` gives the session's webrtc_id, or nothing where there is none; `onChange`: whether each change is sent; `onProblem(text)`. */
  constructor({ form, base, id, onChange, onProblem }) {
    Object.assign(this, { form, base, id, onChange, onProblem });
    this.sent = Promise.resolve();
    this.all = JSON.parse(document.getElementById("component-data")?.textContent ?? "[]");
    this.given = new Map(); // files that were chosen, as data URLs
    for (const one of this.all) one.field = form?.querySelector(`[data-component="${one.key}"]`);
    for (const one of this.all) this.render(one);
    form?.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    form?.addEventListener("input", ({ target }) => this.changed(target));
  }

  get any() {
    return this.all.length > 0;
  }

  render(one) {
    const place = document.getElementById(`shown-${one.key}`);
    if (place) show(place, one.kind, one.value);
  }

  async changed(target) {
    const field = target.closest("[data-component]");
    const output = field.querySelector("output");
    if (output) output.textContent = target.value;
    if (target.type === "file") this.given.set(field.dataset.component, await chosen(target.files[0]));
    if (this.all.find(({ key }) => key === field.dataset.component).isOutput !== null) this.asking?.abort(); // ask again, with this value
    if (this.onChange) this.sendChanges();
  }

  /** Send a change at once; those that follow before it has arrived are sent together. */
  async sendChanges() {
    this.unsent = true;
    if (this.sending) return;
    this.sending = true;
    while (this.unsent) {
      this.unsent = false;
      await this.send();
      await pause(BETWEEN_MS);
    }
    this.sending = false;
  }

  valueOf(one) {
    if (!one.field) return light(one.value ?? null);
    const control = one.field.querySelector("input, select, textarea");
    if (one.kind === "choices") return [...one.field.querySelectorAll("input:checked")].map((box) => Number(box.value));
    if (one.kind === "flag") return control.checked;
    if (control.type === "file") return this.given.get(one.key) ?? null;
    if (one.kind === "range" || one.kind === "number") return control.value === "" ? null : Number(control.value);
    return one.kind === "choice" ? Number(control.value) : control.value;
  }

  /** Show a new value of an output, also in the field of an input that is an output too. */
  take(one, value) {
    one.value = remember(value);
    this.render(one);
    const control = one.field?.querySelector("input, select, textarea");
    if (!control || control.type === "file") return;
    if (one.kind === "flag") control.checked = Boolean(one.value);
    else if (one.kind === "choices") for (const box of one.field.querySelectorAll("input")) box.checked = (one.value ?? []).includes(Number(box.value));
    else control.value = one.value ?? "";
  }

  inputs() {
    return this.all.filter((one) => one.isInput).map((one) => this.valueOf(one));
  }

  /** Post the inputs, after those that are on their way; with `text` the handler replies at once. */
  send(text) {
    this.sent = this.sent.catch(() => undefined).then(() => this.postInputs(text));
    return this.sent;
  }

  async postInputs(text) {
    if (!this.any && text === undefined) return;
    const id = this.id();
    if (!id) {
      this.state(gettext("Not started. These are sent when you start."));
      return;
    }
    const submit = text !== undefined;
    const [response, answer] = await this.post("inputs", { webrtc_id: id, inputs: this.inputs(), text: text ?? "", submit });
    const wrong = response?.status === 422 && Array.isArray(answer.detail) ? answer.detail : [];
    for (const one of this.all.filter(({ field }) => field)) {
      const found = wrong.find(({ loc }) => loc?.[1] === one.key);
      const line = one.field.querySelector(".wrong");
      line.textContent = found?.msg ?? "";
      line.hidden = !found;
      one.field.querySelectorAll("input, select, textarea").forEach((control) => control.setAttribute("aria-invalid", String(Boolean(found))));
    }
    if (response?.ok) this.state(document.getElementById("components-state")?.dataset.sent);
    else if (wrong.length) this.state(gettext("Not sent. See the errors above."));
    else this.state(gettext("Not sent. The server refused it. Try again."));
  }

  state(text) {
    const line = document.getElementById("components-state");
    if (line) line.textContent = text;
  }

  /** Follow the outputs of a session until it ends, or until the next call, for another session with the same id. What an output leaves as it was stays as the user has it by then. */
  async follow(id) {
    const outputs = this.all.filter((one) => one.isOutput !== null).sort((one, other) => one.isOutput - other.isOutput);
    if (!outputs.length) return;
    let after = 0;
    const mine = (this.following = {});
    this.asking?.abort();
    while (this.id() === id && this.following === mine) {
      const given = outputs.map((one) => this.valueOf(one));
      const asking = (this.asking = new AbortController());
      const [response, answer] = await this.post("outputs", { webrtc_id: id, after, outputs: given }, asking.signal);
      if (asking.signal.aborted) continue;
      if (response?.status === 404 || this.id() !== id || this.following !== mine) return;
      const changed = response?.ok && answer.after > after ? outputs.filter((_, at) => !same(answer.values[at], given[at])) : [];
      for (const one of changed) this.take(one, answer.values[outputs.indexOf(one)]);
      if (response?.ok && answer.error) this.onProblem(answer.error);
      if (response?.ok) after = answer.after;
      if (response?.ok && answer.ended) return;
      await pause(response?.ok ? BETWEEN_MS : AGAIN_MS);
    }
  }

  async post(what, body, signal) {
    const response = await fetch(`${this.base}/page/${what}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal,
    }).catch(() => undefined);
    return [response, (await response?.json().catch(() => ({}))) ?? {}];
  }
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function same(value, other) {
  return JSON.stringify(value) === JSON.stringify(other);
}

function chosen(file) {
  if (!file) return undefined;
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve({ name: file.name, data: reader.result });
    reader.onerror = () => resolve(undefined);
    reader.readAsDataURL(file);
  });
}
