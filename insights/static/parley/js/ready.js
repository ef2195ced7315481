// Controls that need a script are `disabled data-waits="NAME"` in the page, so that no click on them is lost before the script listens.

/** Enable the controls that wait for the script of this name, in the page or in a part of it that was fetched. */
export function ready(name, root = document) {
  for (const control of root.querySelectorAll(`[data-waits="${name}"]`)) {
    control.disabled = false;
    control.removeAttribute("data-waits");
  }
}
