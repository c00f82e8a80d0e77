// What can be done with a message: the bar that shows on hover and focus, and the menu.

import * as api from "./api.js";
import { appItems } from "./apps.js";
import { byId, h, iconButton } from "./dom.js";
import { editInPlace } from "./editing.js";
import { openMenuOf } from "./popup.js";
import { addReaction } from "./reactions.js";
import { allowed, announce, channel, nameOf, store } from "./state.js";

const EPHEMERAL = 1 << 6;
const own = (row) => row.author.id === store.me;
const writable = (row) => !(row.flags & EPHEMERAL);

/** The bar of a message; ephemeral ones have none. */
export function actions(row) {
  if (!writable(row)) return null;
  const bar = h("div", { class: "actions", role: "group", "aria-label": "Message actions" },
    allowed(channel() ?? row, "ADD_REACTIONS") && iconButton("react", "Add a reaction", (event) => addReaction(row, event.currentTarget)),
    iconButton("reply", "Reply", () => announce("reply", row)),
    own(row) && iconButton("edit", "Edit", () => editInPlace(row)),
    iconButton("more", "More", (event) => openMenu(row, event.currentTarget), { "aria-haspopup": "menu" }));
  return bar;
}

/** Open the menu of a message at an element or a point. */
export async function openMenu(row, anchor) {
  const apps = await appItems("message", row.id);
  const mayDelete = own(row) || allowed(channel() ?? row, "MANAGE_MESSAGES");
  openMenuOf([
    writable(row) && { label: "Add reaction", icon: "react", run: () => addReaction(row, byId(`message-${row.id}`)) },
    writable(row) && { label: "Reply", icon: "reply", run: () => announce("reply", row) },
    own(row) && writable(row) && { label: "Edit message", icon: "edit", run: () => editInPlace(row) },
    row.content && { label: "Copy text", icon: "copy", run: () => copy(row.content, "Text") },
    { label: "Copy message ID", icon: "copy", run: () => copy(row.id, "Message ID") },
    ...apps,
    mayDelete && writable(row) && { label: "Delete message", icon: "trash", danger: true, run: () => remove(row) },
    !writable(row) && { label: "Dismiss message", icon: "close", run: () => announce("dismiss", row.id) },
  ], anchor, `Message of ${nameOf(row.author.id)}`);
}

async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    announce("said", `${what} copied.`);
  } catch {
    announce("refused", "The browser did not allow copying.");
  }
}

async function remove(row) {
  try {
    await api.remove(row.channel_id, row.id);
  } catch (error) {
    announce("refused", error.message);
  }
}
