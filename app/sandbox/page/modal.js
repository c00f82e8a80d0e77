// A form that the bot asks to be filled in, as a dialog.

import { h, icon, iconButton } from "./dom.js";
import { markdown } from "./blocks.js";
import { hasFailed, run } from "./interactions.js";
import { isSelect, selectControl } from "./select.js";
import { names, store } from "./state.js";

const [ROW, TEXT_INPUT, TEXT, LABEL] = [1, 4, 10, 18];
const SHORT = 1;
const LONGEST = 4000;

/** Open the modal; it stays open with a message when the bot does not answer. */
export function showModal(modal) {
  const problem = h("p", { class: "problem", role: "alert" });
  const fields = [];
  const title = h("h2", { id: "modal-title" }, modal.title);
  const send = h("button", { type: "submit", class: "button primary" }, "Submit");
  const form = h("form", { novalidate: true },
    h("header", {}, title, iconButton("close", "Close", () => dialog.close())),
    h("p", { class: "modal-warning" }, icon("bot"), `This form goes to ${store.bot.user.global_name ?? store.bot.user.username}. Do not share passwords.`),
    h("div", { class: "modal-fields" }, ...modal.components.map((part) => entry(part, fields))),
    problem,
    h("footer", {}, h("button", { type: "button", class: "button secondary", onclick: () => dialog.close() }, "Cancel"), send));
  const dialog = h("dialog", { class: "modal", "aria-labelledby": "modal-title" }, form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wrong = fields.filter((field) => !field.check());
    if (wrong.length) {
      wrong[0].focus();
      return;
    }
    send.disabled = true;
    problem.textContent = await submit(modal, fields);
    send.disabled = false;
    if (!problem.textContent) dialog.close();
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  fields[0]?.focus();
}

async function submit(modal, fields) {
  const body = { type: "modal", user: store.me, channel: store.channelId, custom_id: modal.custom_id,
    fields: Object.fromEntries(fields.map((field) => [field.id, field.value()])) };
  try {
    return hasFailed(await run(body)) ? "The application did not respond." : "";
  } catch (error) {
    return error.message;
  }
}

function entry(part, fields) {
  if (part.type === ROW) return h("div", {}, ...part.components.map((one) => labelled(one.label, "", one, fields)));
  if (part.type === LABEL) return labelled(part.label, part.description, part.component, fields);
  if (part.type === TEXT) return h("div", { class: "text" }, markdown(part.content, names));
  return h("p", { class: "hint" }, "This part of the form cannot be shown here.");
}

function labelled(label, description, part, fields) {
  const control = isSelect(part) ? selectControl(part) : textInput(part);
  const required = part.required ?? true;
  const problem = h("small", { class: "problem" });
  fields.push(fieldOf(part, control, required, problem));
  control.addEventListener("input", () => { problem.textContent = ""; control.removeAttribute("aria-invalid"); });
  const tag = isSelect(part) ? "div" : "label";
  if (isSelect(part)) control.setAttribute("aria-label", label);
  return h(tag, { class: "modal-field" }, h("span", { class: "modal-label" }, label, required && h("b", { "aria-hidden": "true" }, " *")),
    description && h("small", { class: "hint" }, description), control, problem);
}

function textInput(part) {
  const shared = { class: "field-input", placeholder: part.placeholder, maxlength: String(part.max_length ?? LONGEST),
    "aria-required": String(part.required ?? true) };
  const node = part.style === SHORT ? h("input", { type: "text", ...shared }) : h("textarea", { rows: "4", ...shared });
  node.value = part.value ?? "";
  return node;
}

function fieldOf(part, control, required, problem) {
  const value = () => control.values ?? control.value;
  return {
    id: part.custom_id, value, focus: () => control.focus(),
    check() {
      const size = value().length;
      const least = part.min_length ?? (isSelect(part) ? part.min_values ?? 1 : 0);
      problem.textContent = !size ? (required ? "This field is required." : "")
        : size < least ? `At least ${least} ${isSelect(part) ? "choices" : "characters"}.` : "";
      control.setAttribute("aria-invalid", String(Boolean(problem.textContent)));
      return !problem.textContent;
    },
  };
}
