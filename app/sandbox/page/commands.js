// Slash commands: finding one, filling its options in, sending it.

import * as api from "./api.js";
import { byId, h, iconButton } from "./dom.js";
import { hasFailed, run } from "./interactions.js";
import { showModal } from "./modal.js";
import { optionField } from "./options.js";
import { ranked } from "./picker.js";
import { announce, on, store } from "./state.js";

const SUBCOMMANDS = [1, 2];
const FRESH = 5000;
const bar = byId("command-bar");
let known = { key: null, at: 0, rows: [] };
let open = null;

/** The application commands that the user in view may use here, of one type (1 slash, 2 user, 3 message). */
export async function commandsOf(type) {
  const key = `${store.me} ${store.channelId}`;
  if (known.key !== key || Date.now() - known.at > FRESH) {
    known = { key, at: Date.now(), rows: await api.commands(store.me, store.channelId) };
  }
  return known.rows.filter((row) => (row.type ?? 1) === type);
}

const shownName = (row) => row.name_localized ?? row.name;
const shownText = (row) => row.description_localized ?? row.description ?? "";

// A command with subcommands is as many entries as it has subcommands.
function leaves(row, path = [], shown = []) {
  const way = [...path, row.name];
  const names = [...shown, shownName(row)];
  const below = (row.options ?? []).filter((option) => SUBCOMMANDS.includes(option.type));
  if (below.length) return below.flatMap((option) => leaves(option, way, names));
  return [{ path: way, label: `/${names.join(" ")}`, text: shownText(row), options: row.options ?? [] }];
}

/** Slash commands whose name matches the text, as rows of a picker. */
export async function findCommands(text) {
  try {
    const all = (await commandsOf(1)).flatMap((row) => leaves(row));
    const rows = all.map((leaf) => ({ leaf, label: leaf.label, hint: leaf.text, icon: "slash" }));
    rows.sort((one, other) => one.label.localeCompare(other.label));
    return ranked(rows, `/${text.replace(/\s+/g, " ")}`);
  } catch (error) {
    announce("refused", error.message);
    return [];
  }
}

/** Show the fields of a command; one without options runs at once. */
export function openCommand(leaf) {
  if (!leaf.options.length) {
    submit({ leaf, fields: [] });
    return;
  }
  open = { leaf, fields: [] };
  const fields = h("div", { class: "command-fields" });
  const spare = h("div", { class: "command-spare", role: "group", "aria-label": "Optional" });
  const form = h("form", { class: "command-form", "aria-label": leaf.label },
    h("div", { class: "command-head" }, h("strong", {}, leaf.label), h("span", { class: "hint" }, leaf.text)),
    fields, spare,
    h("div", { class: "command-end" },
      iconButton("close", "Cancel the command", () => closeCommand(true)),
      h("button", { type: "submit", class: "button primary", "aria-label": "Run the command" }, "Run")));
  form.addEventListener("submit", (event) => { event.preventDefault(); submitIfComplete(); });
  form.addEventListener("keydown", (event) => event.key === "Escape" && closeCommand(true));
  const current = open;
  const add = (option) => {
    const field = optionField(option, () => valuesOf(current), leaf.path);
    current.fields.push(field);
    fields.append(field.node);
    return field;
  };
  leaf.options.filter((option) => option.required).forEach(add);
  spare.append(...leaf.options.filter((option) => !option.required).map((option) => spareChip(option, add)));
  bar.replaceChildren(form);
  bar.hidden = false;
  byId("composer-row").hidden = true;
  (current.fields[0] ?? form.querySelector('[type="submit"]')).focus();
}

function spareChip(option, add) {
  const chip = h("button", { type: "button", class: "chip", title: shownText(option) }, `+ ${shownName(option)}`);
  chip.addEventListener("click", () => {
    chip.remove();
    add(option).focus();
  });
  return chip;
}

/** Put the command away; `refocus` goes back to the text field. */
export function closeCommand(refocus = false) {
  open = null;
  bar.hidden = true;
  bar.replaceChildren();
  byId("composer-row").hidden = false;
  if (refocus) byId("draft").focus();
}

const valuesOf = ({ fields }) =>
  Object.fromEntries(fields.map((field) => [field.name, field.value()]).filter(([, value]) => value !== undefined));

function submitIfComplete() {
  const wrong = open.fields.filter((field) => !field.check());
  if (wrong.length) wrong[0].focus();
  else {
    const current = open;
    closeCommand(true);
    submit(current);
  }
}

async function submit(current) {
  await runCommand({ kind: 1, name: current.leaf.path.join(" "), options: valuesOf(current) }, current.leaf.label);
}

/** Run a command (kind 1 slash, 2 on a user, 3 on a message) and follow its answer. */
export async function runCommand({ kind, ...rest }, label) {
  try {
    const row = await run({ type: KINDS[kind], user: store.me, channel: store.channelId, ...rest });
    if (hasFailed(row)) announce("refused", `${label}: the application did not respond.`);
    else if (row.modal) showModal(row.modal);
  } catch (error) {
    announce("refused", error.message);
  }
}

const KINDS = { 1: "command", 2: "user_command", 3: "message_command" };

on("online bot", () => { known.key = null; });
