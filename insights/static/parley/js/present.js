// The list of those who are present, and who came and left.

import { element } from "./elements.js";
import { gettext } from "./text.js";

export class Present {
  /** `list` shows everybody; `status`, for screen readers too, says who came and left. */
  constructor(list, status) {
    Object.assign(this, { list, status });
    this.known = undefined;
  }

  show(people) {
    const now = new Map(people.map((one) => [one.id, one.name]));
    this.list.replaceChildren(...people.map((one) => element("li", { class: "chip" }, one.speaks ? one.name : gettext("{name} (watching)", { name: one.name }))));
    this.list.hidden = !people.length;
    if (this.known) {
      const came = [...now].filter(([id]) => !this.known.has(id)).map(([, name]) => gettext("{name} joined.", { name }));
      const left = [...this.known].filter(([id]) => !now.has(id)).map(([, name]) => gettext("{name} left.", { name }));
      if (came.length || left.length) this.status.textContent = [...came, ...left].join(" ");
    }
    this.known = now;
  }
}
