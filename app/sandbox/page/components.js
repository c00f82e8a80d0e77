// Buttons and select menus under a message.

import { h } from "./dom.js";
import { markdown } from "./blocks.js";
import { hasFailed, run } from "./interactions.js";
import { link } from "./markdown.js";
import { showModal } from "./modal.js";
import { isSelect, selectControl } from "./select.js";
import { announce, names, store } from "./state.js";

const [ROW, BUTTON, SECTION, TEXT, DIVIDER, CONTAINER] = [1, 2, 9, 10, 14, 17];
const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger" };

/** The components of a message, or null when it has none. */
export function componentRows(row) {
  if (!row.components?.length) return null;
  return h("div", { class: "components" }, ...row.components.map((part) => component(part, row)));
}

function component(part, row) {
  if (part.type === ROW) return h("div", { class: "component-row" }, ...part.components.map((one) => component(one, row)));
  if (part.type === BUTTON) return button(part, row);
  if (isSelect(part)) return selectControl(part, (values, node) => press(part, row, node, { values }));
  if (part.type === TEXT) return h("div", { class: "text" }, markdown(part.content, names));
  if (part.type === DIVIDER) return h("hr");
  if (part.type === CONTAINER) return h("div", { class: "container" }, ...part.components.map((one) => component(one, row)));
  if (part.type === SECTION) {
    return h("div", { class: "section" }, h("div", {}, ...part.components.map((one) => component(one, row))),
      part.accessory && component(part.accessory, row));
  }
  return h("p", { class: "hint" }, "This part of the message cannot be shown here.");
}

function button(part, row) {
  const face = [part.emoji && h("span", { class: "emoji" }, part.emoji.id ? `:${part.emoji.name}:` : part.emoji.name), part.label];
  if (part.url) {
    const node = link(part.url, ...face.filter(Boolean));
    node.className = "button secondary";
    return node;
  }
  const node = h("button", { type: "button", class: `button ${STYLES[part.style] ?? "secondary"}`, disabled: part.disabled,
    dataset: { key: `component-${part.custom_id}` } }, ...face);
  node.addEventListener("click", () => press(part, row, node));
  return node;
}

// The message may have been drawn anew meanwhile; then the words have no place under it any more.
function sayFailed(group) {
  const words = "This interaction failed";
  if (group.isConnected) group.append(h("p", { class: "failed", role: "alert" }, words));
  else announce("refused", words);
}

async function press(part, row, node, extra = {}) {
  const group = node.closest(".components");
  if (group.getAttribute("aria-busy") === "true") return;
  group.setAttribute("aria-busy", "true");
  group.querySelector(".failed")?.remove();
  try {
    const answer = await run({ type: "component", user: store.me, channel: row.channel_id, message: row.id,
      custom_id: part.custom_id, ...extra });
    if (hasFailed(answer)) sayFailed(group);
    else if (answer.modal) showModal(answer.modal);
  } catch (error) {
    announce("refused", error.message);
  } finally {
    group.removeAttribute("aria-busy");
  }
}
