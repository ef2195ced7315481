// Marks: bookmarks at a moment of the conversation, of everybody who sees it. They stand between the messages.

import { call } from "./api.js";
import { toast } from "./toast.js";
import { gettext } from "./text.js";

const LABEL = gettext("Marked moment");
const TYPED = "input, textarea, select, [contenteditable]";

export class Marks {
  /** `conversation()` returns its id, `elapsed()` the seconds since its start. `button` is absent for those who may not set marks. */
  constructor({ view, button, conversation, elapsed }) {
    Object.assign(this, { view, conversation, elapsed });
    this.lines = new Map();
    button?.addEventListener("click", () => this.set());
    if (button) document.addEventListener("keydown", (event) => this.press(event, button));
  }

  press(event, button) {
    const { key, ctrlKey, metaKey, altKey, target } = event;
    if (key !== "m" || ctrlKey || metaKey || altKey || button.hidden || target.closest?.(TYPED) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    this.set();
  }

  get address() {
    return `/v1/conversations/${this.conversation()}/bookmarks`;
  }

  /** Mark this moment. The line comes with the event, as it comes to everybody. */
  async set() {
    const at = this.elapsed();
    try {
      const { id } = await call("POST", this.address, { label: LABEL, beginTimeOffset: at, duration: 0 });
      toast(gettext("Moment marked."), { label: gettext("Undo"), run: () => this.remove(id) });
    } catch (error) {
      toast(`${gettext("The moment was not marked.")} ${error.message}`);
    }
  }

  async remove(id) {
    await call("DELETE", `${this.address}/${id}`).catch((error) => toast(error.message));
  }

  /** Take an envelope of the server: a bookmark was set, changed or deleted. */
  take({ type, data }) {
    if (type === "bookmark_deleted") this.drop(data.bookmarkId);
    if (type === "bookmark_changed") this.show(data.bookmark);
  }

  show({ id, label, user, beginTimeOffset, messageIds }) {
    this.drop(id);
    const at = beginTimeOffset ?? this.view.places.get(messageIds?.[0]) ?? 0;
    this.lines.set(id, this.view.note(at, user?.name ? `${label} · ${user.name}` : label, "bookmark"));
  }

  drop(id) {
    if (this.lines.has(id)) this.view.removeNote(this.lines.get(id));
    this.lines.delete(id);
  }
}
