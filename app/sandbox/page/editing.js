// Changing a message where it stands: Enter saves, Escape leaves it as it was.

import * as api from "./api.js";
import { byId, h } from "./dom.js";
import { ordered } from "./feed.js";
import { announce, store } from "./state.js";

/** Open the editor inside the message. */
export function editInPlace(row) {
  const item = byId(`message-${row.id}`);
  const body = item?.querySelector(".body");
  if (!body || body.querySelector(".editor")) return;
  const box = h("textarea", { class: "editor", rows: "2", maxlength: "2000", "aria-label": "Edit message" });
  box.value = row.content;
  const close = () => {
    form.remove();
    announce("message-changed", row.id);
    byId("draft").focus();
  };
  const form = h("form", { class: "edit-form" }, box, h("p", { class: "hint" }, "Escape to ",
    h("button", { type: "button", class: "linkish", onclick: close }, "cancel"), " • Enter to ",
    h("button", { type: "submit", class: "linkish" }, "save")));
  form.addEventListener("submit", (event) => { event.preventDefault(); save(row, box.value.trim(), close); });
  box.addEventListener("keydown", (event) => onKey(event, form, close));
  const text = body.querySelector(".text");
  if (text) text.replaceWith(form);
  else body.append(form);
  box.focus();
  box.setSelectionRange(box.value.length, box.value.length);
}

function onKey(event, form, close) {
  if (event.key === "Escape") {
    event.stopPropagation();
    close();
  } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
}

async function save(row, content, close) {
  if (!content || content === row.content) return close();
  try {
    await api.edit(row.channel_id, row.id, content);
    close();
  } catch (error) {
    announce("refused", error.message);
  }
  return undefined;
}

/** Edit the newest message of the user in view; false when there is none to edit. */
export function editLast() {
  const row = ordered().findLast((one) => one.author.id === store.me && one.content);
  if (row) editInPlace(row);
  return Boolean(row);
}
