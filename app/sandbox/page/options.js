// One field of a slash command: text, number, choice, autocomplete, yes or no, member, channel or role.

import { people, places, roles } from "./choices.js";
import { h } from "./dom.js";
import { run } from "./interactions.js";
import { Picker, ranked } from "./picker.js";
import { announce, store } from "./state.js";

const [STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT] = [3, 4, 5, 6, 7, 8, 9, 10, 11];
const PAUSE = 150;
const YES_NO = [{ label: "True", value: true }, { label: "False", value: false }];

const SOURCES = {
  [BOOLEAN]: () => YES_NO,
  [USER]: people,
  [CHANNEL]: (option) => places(option.channel_types),
  [ROLE]: roles,
  [MENTIONABLE]: () => [...people(), ...roles()],
};

/** A field with `value()`, `check()` and `focus()`; `others()` are the values given so far. */
export function optionField(option, others, path) {
  return option.type === ATTACHMENT ? fileField(option) : textField(option, others, path);
}

function fileField(option) {
  const input = h("input", { type: "file", class: "option-input" });
  const problem = h("small", { class: "problem", role: "alert" });
  const field = { name: option.name, focus: () => input.focus(), file: null };
  input.addEventListener("change", async () => {
    const file = input.files[0];
    field.file = file && { filename: file.name, content_type: file.type, data: await asBase64(file) };
  });
  field.node = h("label", { class: "option" }, h("span", { class: "option-name" }, option.name_localized ?? option.name), input, problem);
  field.value = () => field.file ?? undefined;
  field.check = () => {
    problem.textContent = option.required && !field.file ? "Choose a file." : "";
    return !problem.textContent;
  };
  return field;
}

async function asBase64(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

function textField(option, others, path) {
  const input = h("input", { type: "text", class: "option-input", placeholder: option.description_localized ?? option.description,
    "aria-required": String(Boolean(option.required)), maxlength: option.max_length, minlength: option.min_length });
  const problem = h("small", { class: "problem", role: "alert" });
  const node = h("label", { class: "option" }, h("span", { class: "option-name" }, option.name_localized ?? option.name), input, problem);
  const field = { name: option.name, node, chosen: null, focus: () => input.focus() };
  input.addEventListener("input", () => { problem.textContent = ""; input.removeAttribute("aria-invalid"); });
  const search = searchOf(option, others, path);
  if (search) suggest(field, input, option, search);
  field.value = () => valueOf(option, field, input.value.trim());
  field.check = () => {
    problem.textContent = problemOf(option, input.value.trim(), field);
    input.setAttribute("aria-invalid", String(Boolean(problem.textContent)));
    return !problem.textContent;
  };
  return field;
}

function suggest(field, input, option, search) {
  input.addEventListener("input", () => { field.chosen = null; });
  const picker = new Picker(input, {
    label: `Suggestions for ${option.name}`, wait: option.autocomplete ? PAUSE : 0,
    search: (text) => search(field.chosen ? "" : text),
    choose: (row) => {
      field.chosen = row;
      input.value = row.label;
    },
  });
  input.addEventListener("focus", () => picker.refresh());
}

function searchOf(option, others, path) {
  if (option.autocomplete) return (text) => completed(option, others, path, text);
  const rows = option.choices?.map((row) => ({ label: row.name_localized ?? row.name, value: row.value }));
  if (rows) return (text) => ranked(rows, text);
  return SOURCES[option.type] ? (text) => ranked(SOURCES[option.type](option), text) : null;
}

async function completed(option, others, path, text) {
  try {
    const row = await run({ type: "autocomplete", user: store.me, channel: store.channelId, name: path.join(" "),
      options: { ...others(), [option.name]: text }, focused: option.name });
    return (row.choices ?? []).map((choice) => ({ label: choice.name_localized ?? choice.name, value: choice.value }));
  } catch (error) {
    announce("refused", error.message);
    return [];
  }
}

function valueOf(option, field, text) {
  if (field.chosen) return field.chosen.value;
  if (!text) return undefined;
  return [INTEGER, NUMBER].includes(option.type) ? Number(text) : text;
}

function problemOf(option, text, field) {
  if (!text) return option.required ? "This option is required." : "";
  if (field.chosen) return "";
  if (option.choices || SOURCES[option.type]) return takeExact(option, text, field) ? "" : "Choose one from the list.";
  if (option.type === INTEGER && !/^-?\d+$/.test(text)) return "Enter a whole number.";
  if (option.type === NUMBER && Number.isNaN(Number(text))) return "Enter a number.";
  if (option.type === STRING && option.min_length > text.length) return `At least ${option.min_length} characters.`;
  return rangeProblem(option, Number(text));
}

// Who typed a whole name without choosing it meant that row.
function takeExact(option, text, field) {
  const rows = option.choices?.map((row) => ({ label: row.name_localized ?? row.name, value: row.value })) ?? SOURCES[option.type](option);
  field.chosen = rows.find((row) => row.label.toLowerCase() === text.toLowerCase()) ?? null;
  return Boolean(field.chosen);
}

function rangeProblem(option, number) {
  if (![INTEGER, NUMBER].includes(option.type)) return "";
  if (number < (option.min_value ?? -Infinity)) return `At least ${option.min_value}.`;
  return number > (option.max_value ?? Infinity) ? `At most ${option.max_value}.` : "";
}
