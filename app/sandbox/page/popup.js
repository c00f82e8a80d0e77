// Things that open above the page: placement, and menus with arrow keys.

import { h, icon } from "./dom.js";

const GAP = 6;

/** Put a popover beside an element or at a point, wherever it fits. */
export function place(popup, anchor) {
  const box = "x" in anchor && !(anchor instanceof Element)
    ? new DOMRect(anchor.x, anchor.y, 0, 0) : anchor.getBoundingClientRect();
  const { width, height } = popup.getBoundingClientRect();
  const below = box.bottom + GAP + height <= innerHeight;
  const top = below ? box.bottom + GAP : Math.max(GAP, box.top - GAP - height);
  const left = Math.min(Math.max(GAP, box.left), Math.max(GAP, innerWidth - width - GAP));
  popup.style.setProperty("top", `${top}px`);
  popup.style.setProperty("left", `${left}px`);
}

/** Open a popover that closes on Escape or a click elsewhere and gives the focus back. */
export function openPopup(popup, anchor) {
  const before = document.activeElement;
  // What stands outside an open dialog cannot be reached, so the popup goes inside.
  const host = (anchor instanceof Element && anchor.closest("dialog")) || document.body;
  popup.setAttribute("popover", "auto");
  popup.classList.add("popup");
  host.append(popup);
  popup.addEventListener("toggle", (event) => {
    if (event.newState !== "closed") return;
    const inside = popup.contains(document.activeElement) || document.activeElement === document.body;
    popup.remove();
    if (inside && before?.isConnected) before.focus({ preventScroll: true });
  });
  popup.showPopover();
  place(popup, anchor);
  return popup;
}

/** Close the popover that holds the element. */
export const closePopup = (node) => node.closest("[popover]")?.hidePopover();

function entry(item) {
  if (item.heading) return h("p", { class: "menu-heading", role: "presentation" }, item.heading);
  const shape = item.checked === undefined ? { role: "menuitem" }
    : { role: "menuitemradio", "aria-checked": String(item.checked) };
  return h("button", { type: "button", tabindex: "-1", class: item.danger ? "danger" : "", ...shape,
    onclick: (event) => { closePopup(event.currentTarget); item.run(); } },
    item.face ?? (item.icon ? icon(item.icon) : null),
    h("span", { class: "menu-text" }, item.label, item.hint && h("small", {}, item.hint)));
}

/** Open a menu of `{label, run, icon?, hint?, danger?, checked?}` and `{heading}` rows. */
export function openMenuOf(items, anchor, label) {
  const menu = h("div", { class: "menu", role: "menu", "aria-label": label }, ...items.filter(Boolean).map(entry));
  menu.addEventListener("keydown", moveInMenu);
  openPopup(menu, anchor);
  (menu.querySelector('[aria-checked="true"]') ?? menu.querySelector("button"))?.focus();
  return menu;
}

function moveInMenu(event) {
  const items = [...event.currentTarget.querySelectorAll("button")];
  const at = items.indexOf(document.activeElement);
  const wanted = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (wanted === undefined && !isLetter(event)) return;
  event.preventDefault();
  const next = wanted === undefined ? startingWith(items, at, event.key) : items.at(wanted % items.length);
  next?.focus();
}

const isLetter = (event) => event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;

function startingWith(items, at, letter) {
  const turned = [...items.slice(at + 1), ...items.slice(0, at + 1)];
  return turned.find((item) => item.textContent.trim().toLowerCase().startsWith(letter.toLowerCase()));
}
