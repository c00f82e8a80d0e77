// A select menu, in a message or a modal.

import { people, places, roles } from "./choices.js";
import { h, icon } from "./dom.js";
import { closePopup, openPopup } from "./popup.js";
import { ranked } from "./picker.js";

const [STRING, USER, ROLE, MENTIONABLE, CHANNEL] = [3, 5, 6, 7, 8];
const SOURCES = {
  [STRING]: (part) => part.options.map((row) => ({ label: row.label, hint: row.description, value: row.value,
    face: row.emoji ? h("span", { class: "emoji" }, row.emoji.name) : null })),
  [USER]: people,
  [ROLE]: roles,
  [MENTIONABLE]: () => [...people(), ...roles()],
  [CHANNEL]: (part) => places(part.channel_types),
};
const WORDS = { [STRING]: "Make a selection", [USER]: "Select a member", [ROLE]: "Select a role",
  [MENTIONABLE]: "Select a member or role", [CHANNEL]: "Select a channel" };

export const isSelect = (part) => part.type in SOURCES;

function defaults(part) {
  if (part.type === STRING) return part.options.filter((row) => row.default).map((row) => row.value);
  return (part.default_values ?? []).map((row) => row.id);
}

/** The control; `changed(values, node)` hears each finished choice, `node.values` holds the present one. */
export function selectControl(part, changed = () => {}) {
  const face = h("span", { class: "select-face" });
  const node = h("button", { type: "button", class: "select", "aria-haspopup": "listbox", disabled: part.disabled,
    dataset: { key: `component-${part.custom_id}` } }, face, icon("down"));
  node.values = defaults(part);
  const draw = () => {
    const chosen = SOURCES[part.type](part).filter((row) => node.values.includes(row.value)).map((row) => row.label);
    face.textContent = chosen.join(", ") || part.placeholder || WORDS[part.type];
    face.classList.toggle("empty", !chosen.length);
  };
  draw();
  node.addEventListener("click", () => openList(part, node, (values) => {
    node.values = values;
    draw();
    changed(values, node);
  }));
  return node;
}

const isMultiple = (part) => (part.max_values ?? 1) > 1;

function openList(part, node, done) {
  const rows = SOURCES[part.type](part);
  let values = [...node.values];
  const list = h("div", { role: "listbox", tabindex: "-1", class: "select-list", "aria-label": part.placeholder ?? WORDS[part.type],
    "aria-multiselectable": String(isMultiple(part)) });
  const take = (row) => {
    if (!isMultiple(part)) return finish([row.value]);
    if (values.includes(row.value)) values = values.filter((value) => value !== row.value);
    else if (values.length < part.max_values) values = [...values, row.value];
    return draw(row.value);
  };
  const finish = (chosen) => {
    closePopup(list);
    done(chosen);
  };
  const search = rows.length > 10 && h("input", { type: "search", class: "field-input", placeholder: "Search", "aria-label": "Search" });
  const draw = (focused) => {
    list.replaceChildren(...ranked(rows, search ? search.value : "", 50).map((row) => optionNode(row, values, take)));
    const wanted = [...list.children].find((child) => child.dataset.value === String(focused));
    wanted?.focus();
  };
  const enough = () => values.length >= (part.min_values ?? 1);
  const ready = isMultiple(part) && h("button", { type: "button", class: "button primary",
    onclick: () => enough() && finish(values) }, "Done");
  const popup = h("div", { class: "select-popup" }, search, list, ready);
  if (search) search.addEventListener("input", () => draw());
  popup.addEventListener("keydown", (event) => move(event, popup, list));
  draw();
  openPopup(popup, node);
  popup.style.setProperty("min-width", `${node.offsetWidth}px`);
  (search || list.querySelector('[aria-selected="true"]') || list.firstElementChild)?.focus();
}

function optionNode(row, values, take) {
  const node = h("div", { role: "option", tabindex: "-1", class: "picker-row", dataset: { value: row.value },
    "aria-selected": String(values.includes(row.value)) }, row.face ?? (row.icon ? icon(row.icon) : null),
  h("span", { class: "picker-label" }, row.label), row.hint && h("small", {}, row.hint));
  node.addEventListener("click", () => take(row));
  return node;
}

function move(event, popup, list) {
  const items = [...list.children];
  const at = items.indexOf(document.activeElement);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && items.length) {
    event.preventDefault();
    items[(at + step + items.length) % items.length].focus();
  } else if ((event.key === "Enter" || event.key === " ") && at >= 0) {
    event.preventDefault();
    items[at].click();
  }
}
