/** Menus on the popover attribute: placed at their button, walked with the arrow keys. */
import { $$ } from "../core/dom.js";

const GAP = 4;

/** Under the button, right edges in line; above it where there is no room. */
export function placeAt(menu, anchor) {
  const at = anchor.getBoundingClientRect();
  const box = menu.getBoundingClientRect();
  const left = Math.max(8, Math.min(at.right - box.width, innerWidth - box.width - 8));
  const below = at.bottom + GAP + box.height < innerHeight;
  menu.style.left = `${left}px`;
  menu.style.top = `${below ? at.bottom + GAP : Math.max(8, at.top - GAP - box.height)}px`;
}

const entries = (menu) => $$("a, button", menu).filter((one) => one.offsetParent && !one.disabled);

/** Opens a shared menu for one button of many. */
export function openMenu(menu, anchor) {
  menu.showPopover();
  placeAt(menu, anchor);
  entries(menu)[0]?.focus();
}

function onKey(event) {
  const menu = event.target.closest?.(".menu:popover-open");
  if (!menu) return;
  const list = entries(menu);
  const at = list.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: list.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  list[(to + list.length) % list.length]?.focus();
}

/** Menus that a popovertarget button opens; those with a fixed corner (.corner, .bottom) stay there. */
export function placeMenus() {
  document.addEventListener("keydown", onKey);
  document.addEventListener("toggle", onToggle, { capture: true });
}

function onToggle(event) {
  const menu = event.target;
  if (event.newState !== "open" || !menu.matches?.(".menu") || menu.matches(".corner, .bottom"))
    return;
  const button = document.querySelector(`[popovertarget="${CSS.escape(menu.id)}"]`);
  if (!button) return;
  placeAt(menu, button);
  entries(menu)[0]?.focus();
}
