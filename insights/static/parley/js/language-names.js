// Names of languages in the language of the page.

import { gettext } from "./text.js";

const NAMES = new Intl.DisplayNames([document.documentElement.lang || "en"], { type: "language", fallback: "code" });

/** The name of a language code; the code where the browser knows none. */
export function languageName(code) {
  if (code === "auto") return gettext("Detect automatically");
  try {
    return NAMES.of(code);
  } catch {
    return code;
  }
}

/** Write the names of the codes into the options of a select: English first, then `auto`, then the others by name. */
export function nameLanguages(select) {
  if (!select) return;
  const rank = ({ value }) => (value.startsWith("en-") ? 0 : value === "auto" ? 1 : 2);
  const { value } = select;
  const options = [...select.options];
  for (const option of options) option.textContent = languageName(option.value);
  options.sort((one, other) => rank(one) - rank(other) || (rank(one) === 2 ? one.textContent.localeCompare(other.textContent) : 0));
  select.replaceChildren(...options);
  select.value = value;
}
