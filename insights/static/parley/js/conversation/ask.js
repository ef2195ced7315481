// A dialog with one question: for a text, or only for yes or no.

const dialog = document.getElementById("ask");
const value = document.getElementById("ask-value");
const part = (name) => document.getElementById(`ask-${name}`);

/** Ask, and return the text, true without a `label`, or undefined if the person cancels. */
export function ask({ title, text = "", label = "", initial = "", yes, danger = false }) {
  part("title").textContent = title;
  part("text").textContent = text;
  part("text").hidden = !text;
  part("label").textContent = label;
  part("field").hidden = !label;
  part("wrong").textContent = "";
  part("yes").textContent = yes;
  part("yes").classList.toggle("danger", danger);
  value.required = Boolean(label);
  value.value = initial;
  dialog.returnValue = "";
  dialog.showModal();
  if (label) value.select();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes" ? (label ? value.value : true) : undefined), { once: true });
  });
}
