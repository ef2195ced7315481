// Private notes: lines with the time at which they were begun, each stored while it is typed.

import { ApiError, call, token } from "./api.js";
import { clock } from "./elements.js";
import { ready } from "./ready.js";

const SOON_MS = 500;
const RETRY_MS = 2000;
const DRAFTS = "parley-notes"; // what is typed and may be missing on the next page; it survives until then, in this tab only
const KEPT_MS = 600_000; // longer than a page takes to load
const CLOCK_MS = 1000; // by which the clocks of two pages may differ

/** A random id; `randomUUID` is missing on pages without https. */
function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return [...bytes].map((byte, at) => (at === 4 || at === 6 || at === 8 || at === 10 ? "-" : "") + byte.toString(16).padStart(2, "0")).join("");
}

function readDrafts() {
  try {
    return JSON.parse(sessionStorage.getItem(DRAFTS) ?? "{}");
  } catch {
    return {};
  }
}

function writeDrafts(drafts) {
  try {
    if (Object.keys(drafts).length) sessionStorage.setItem(DRAFTS, JSON.stringify(drafts));
    else sessionStorage.removeItem(DRAFTS);
  } catch {
    // the browser stores nothing for this page: the notes are stored on the server only
  }
}

export class Notes {
  /** `conversation()` returns the id, empty before there is one; `now()` the place of a new note in seconds, or undefined; `tab`: links open one. */
  constructor({ conversation, now, tab = false }) {
    Object.assign(this, { conversation, now, tab });
    this.list = document.getElementById("note-list");
    this.pattern = document.getElementById("note-pattern");
    this.status = document.getElementById("notes-status");
    this.notes = new Map(); // by id: {row, text, at, conversation, stored, failed}
    this.timers = new Map();
    this.running = new Map();
    ready("notes", this.pattern.content);
    for (const row of this.list.children) this.adopt(row);
    this.addEmpty();
    this.restore();
    this.list.addEventListener("input", ({ target }) => this.typed(target.closest("li")));
    this.list.addEventListener("keydown", (event) => this.press(event));
    this.list.addEventListener("click", (event) => this.click(event));
    window.addEventListener("pagehide", () => this.sendRest());
    ready("notes", this.list);
    new ResizeObserver(() => this.fitAll()).observe(this.list);
  }

  /** Lines break at other places in another width, and have no height while they are hidden. */
  fitAll() {
    if (this.width === this.list.clientWidth) return;
    this.width = this.list.clientWidth;
    for (const row of this.list.children) this.fit(row);
  }

  adopt(row) {
    const { note, at } = row.dataset;
    const text = row.querySelector("textarea").value;
    this.notes.set(note, { row, text, at: at === undefined ? undefined : Number(at), conversation: this.conversation(), stored: text });
    this.fit(row);
    this.link(note);
  }

  /** What was typed on the page before and not stored, or stored after the server was asked for this page, which may lack it. */
  restore() {
    const drafts = Object.entries(readDrafts()).filter(([, { storedAt }]) => !(storedAt < performance.timeOrigin - CLOCK_MS));
    writeDrafts(Object.fromEntries(drafts));
    for (const [id, { text, at, conversation, page }] of drafts) {
      if (page !== location.pathname && (!conversation || conversation !== this.conversation())) continue;
      if (!this.notes.has(id)) {
        const row = this.list.lastElementChild;
        row.dataset.note = id;
        this.notes.set(id, { row, text, at, conversation, stored: "" });
        this.begin(id);
      }
      const note = this.notes.get(id);
      note.text = note.row.querySelector("textarea").value = text;
      if (text.trim()) this.fit(note.row);
      else note.row.remove();
      this.saveSoon(id, 0);
    }
  }

  addEmpty() {
    this.list.append(this.pattern.content.firstElementChild.cloneNode(true));
  }

  fit(row) {
    const field = row.querySelector("textarea");
    field.style.height = "auto";
    if (field.scrollHeight) field.style.height = `${field.scrollHeight + 2}px`;
  }

  /** Show the place of a note, which leads to the conversation there. */
  link(id) {
    const { row, at, conversation } = this.notes.get(id);
    const link = row.querySelector(".place");
    if (at === undefined || at === null) return;
    link.textContent = clock(at);
    if (!conversation) return;
    link.href = `/conversations/${conversation}/?at=${Math.floor(at)}`;
    if (this.tab) Object.assign(link, { target: "_blank", rel: "noopener" });
    else link.dataset.seek = at;
  }

  begin(id) {
    const { row } = this.notes.get(id);
    row.querySelector("[data-do=remove-note]").hidden = false;
    this.link(id);
    this.addEmpty();
  }

  typed(row) {
    const text = row.querySelector("textarea").value;
    this.fit(row);
    if (!row.dataset.note) {
      if (!text.trim()) return;
      row.dataset.note = newId();
      this.notes.set(row.dataset.note, { row, text, at: this.now(), conversation: this.conversation(), stored: "" });
      this.begin(row.dataset.note);
    }
    this.notes.get(row.dataset.note).text = text;
    this.keepDraft(row.dataset.note);
    this.saveSoon(row.dataset.note, SOON_MS);
  }

  press(event) {
    const row = event.target.closest("li");
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.list.lastElementChild.querySelector("textarea").focus();
    }
    if (event.key === "Backspace" && event.target.value === "" && row.dataset.note) {
      event.preventDefault();
      this.remove(row);
    }
  }

  click(event) {
    if (event.target.closest("[data-do=remove-note]")) this.remove(event.target.closest("li"));
  }

  remove(row) {
    const note = this.notes.get(row.dataset.note);
    note.text = "";
    (row.previousElementSibling ?? row.nextElementSibling).querySelector("textarea").focus();
    row.remove();
    this.keepDraft(row.dataset.note);
    this.saveSoon(row.dataset.note, 0);
  }

  keepDraft(id) {
    const { text, at, conversation, stored } = this.notes.get(id);
    const now = Date.now();
    const draft = { text, at, conversation, page: location.pathname, storedAt: text === stored ? now : undefined };
    const drafts = Object.entries(readDrafts()).filter(([, { storedAt }]) => !(storedAt < now - KEPT_MS));
    writeDrafts({ ...Object.fromEntries(drafts), [id]: draft });
  }

  saveSoon(id, pause) {
    this.show("saving");
    clearTimeout(this.timers.get(id));
    this.timers.set(id, setTimeout(() => this.save(id), pause));
  }

  /** Store a note as it is now; the requests of one note go one after the other. */
  async save(id) {
    this.timers.delete(id);
    if (this.running.get(id)) return; // the end of that request looks again
    const note = this.notes.get(id);
    note.conversation ||= this.conversation();
    if (!note.conversation) {
      this.saveSoon(id, RETRY_MS); // it has not begun
      return;
    }
    const { text } = note;
    this.running.set(id, true);
    try {
      await this.send(id, text);
      Object.assign(note, { stored: text, failed: "" });
      this.link(id);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      note.failed = this.failure(error);
    } finally {
      this.running.delete(id);
    }
    this.keepDraft(id);
    if (note.failed === "unsaved") this.timers.set(id, setTimeout(() => this.save(id), RETRY_MS));
    else if (!note.failed && note.text !== text && !this.timers.has(id)) this.saveSoon(id, 0);
    this.showAll();
  }

  address({ conversation }, id) {
    return `/v1/conversations/${conversation}/notes/${id}`;
  }

  async send(id, text) {
    const note = this.notes.get(id);
    if (text.trim()) await call("PUT", this.address(note, id), { text, beginTimeOffset: note.at ?? null });
    else {
      await call("DELETE", this.address(note, id)).catch((error) => {
        if (error.status !== 404) throw error; // it is gone already
      });
    }
  }

  failure({ status, message }) {
    if (status === 401 || status === 403) return "signedOut";
    if (status === 404) return "gone";
    return status === 400 ? message : "unsaved";
  }

  show(name) {
    const text = this.list.dataset[name] ?? name;
    if (this.status.textContent !== text) this.status.textContent = text;
  }

  showAll() {
    const all = [...this.notes.values()];
    const failed = all.find((note) => note.failed)?.failed;
    if (failed) this.show(failed);
    else if (all.every((note) => note.text === note.stored)) this.show("saved");
  }

  /** The page is left: send what is not stored yet without waiting. What does not arrive is still a draft of this tab. */
  sendRest() {
    for (const [id, note] of this.notes) {
      if (note.text === note.stored || !note.conversation) continue;
      const words = note.text.trim();
      fetch(this.address(note, id), {
        method: words ? "PUT" : "DELETE",
        keepalive: true,
        headers: { "X-CSRFToken": token(), "Content-Type": "application/json" },
        body: words ? JSON.stringify({ text: note.text, beginTimeOffset: note.at ?? null }) : undefined,
      }).catch(() => {});
    }
  }
}
