// Places menus (popover elements of the class `menu`) below their button, and moves in them with the arrow keys.

const APART_PX = 4;
const ITEMS = ":is(a, button):not([hidden])";

let opener; // of the menu that is open, if no `popovertarget` names the menu

/** Open a menu that has no button of its own, below this one. */
export function openMenu(menu, button) {
  opener = button;
  menu.showPopover();
}

/** Return the button of a menu. The `toggle` event comes later than the first `scroll` event of an open menu may come. */
function buttonOf(menu) {
  const button = document.querySelector(`[popovertarget="${menu.id}"]`) ?? opener;
  return button?.isConnected ? button : null;
}

function place(menu, button) {
  const [at, size] = [button.getBoundingClientRect(), menu.getBoundingClientRect()];
  const below = at.bottom + APART_PX;
  const fits = below + size.height <= window.innerHeight;
  const onTheLeft = at.left + at.width / 2 < window.innerWidth / 2;
  const left = Math.min(onTheLeft ? at.left : at.right - size.width, window.innerWidth - size.width - APART_PX);
  menu.style.left = `${Math.max(APART_PX, left)}px`;
  menu.style.top = `${fits ? below : Math.max(APART_PX, at.top - APART_PX - size.height)}px`;
}

document.addEventListener(
  "toggle",
  (event) => {
    const menu = event.target;
    if (!menu.classList?.contains("menu") || event.newState !== "open") return;
    const button = buttonOf(menu);
    if (button) place(menu, button);
    menu.querySelector(ITEMS)?.focus();
  },
  true,
);

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.(".menu");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!menu || !step) return;
  event.preventDefault();
  const items = [...menu.querySelectorAll(ITEMS)];
  items.at((items.indexOf(document.activeElement) + step) % items.length).focus();
});

document.addEventListener("click", (event) => event.target.closest?.(".menu :is(a, button)")?.closest(".menu").hidePopover());
window.addEventListener(
  "scroll",
  () => {
    const menu = document.querySelector(".menu:popover-open");
    if (!menu) return;
    const button = buttonOf(menu);
    const { top, bottom } = button?.getBoundingClientRect() ?? { top: -1, bottom: -1 };
    if (bottom > 0 && top < window.innerHeight) place(menu, button);
    else menu.hidePopover();
  },
  { passive: true },
);
