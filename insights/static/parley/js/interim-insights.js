// Insights in words that may still change, grey under the others. When the turn ends, those that are stored take their place.

import { element, icon } from "./elements.js";

export class InterimInsights {
  /** `list` is the element that has them; `kindOf(type)` as in InsightCards. */
  constructor(list, kindOf) {
    Object.assign(this, { list, kindOf });
    this.shown = new Map(); // key of a microphone -> its lines
  }

  /** Show the insights of the open turn of one microphone; they replace its last ones. */
  show(key, insights) {
    const lines = this.shown.get(key) ?? [];
    const rest = lines.splice(insights.length);
    rest.forEach((line) => line.remove());
    insights.forEach((insight, place) => {
      const line = this.line(insight);
      if (lines[place]) lines[place].replaceWith(line);
      else this.list.append(line);
      lines[place] = line;
    });
    if (lines.length) this.shown.set(key, lines);
    else this.shown.delete(key);
    this.list.hidden = this.shown.size === 0;
  }

  clear() {
    for (const key of [...this.shown.keys()]) this.show(key, []);
  }

  line({ type, text }) {
    const kind = this.kindOf(type);
    const meta = element("p", { class: "meta" }, element("span", { class: "kind" }, kind.label));
    return element("li", { class: "insight interim" }, icon(kind.icon), element("div", { class: "body" }, element("p", { class: "text" }, text), meta));
  }
}
