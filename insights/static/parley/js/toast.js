// Short messages at the bottom of the page, each with at most one action such as "Undo".

const SHOWN_MS = 8000;

function region() {
  const found = document.getElementById("toasts");
  if (found) return found;
  const made = document.createElement("div");
  made.id = "toasts";
  made.className = "toasts";
  made.setAttribute("role", "status");
  document.body.append(made);
  return made;
}

region(); // a screen reader announces only what is added to a region that was there before

/** Show a text. `action` is `{label, run}`. The toast stays while it has the focus or the pointer. */
export function toast(text, action) {
  const made = document.createElement("div");
  made.className = "toast";
  made.append(Object.assign(document.createElement("span"), { textContent: text }));
  if (action) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: action.label });
    button.addEventListener("click", () => {
      made.remove();
      action.run();
    });
    made.append(button);
  }
  region().replaceChildren(made);
  const leave = () => setTimeout(() => (made.matches(":hover, :focus-within") ? leave() : made.remove()), SHOWN_MS);
  leave();
  return made;
}
