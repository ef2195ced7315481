// The texts of scripts in the language of the page. A page in another language than English loads the catalogue first (base.html).
// docs/develop/translating.md says how to add a text.

const texts = globalThis.parleyTexts ?? {};
const { lang } = document.documentElement;

/** The locale of dates and numbers. */
export const locale = !lang || lang === "en" ? "en-GB" : lang;

const filled = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));

/** Return a text with its values: `gettext("Show all {number}", { number })`. */
export function gettext(text, values = {}) {
  return filled(texts[text] ?? text, values);
}

/** Return the form of a text that fits a number, which is also its value `number`. */
export function ngettext(one, more, number, values = {}) {
  const [single, several] = texts[one] ?? [one, more];
  return filled(number === 1 ? single : several, { number, ...values });
}
