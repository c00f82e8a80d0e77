// Builds DOM nodes. Text only ever becomes a text node, so nothing a user writes is read as markup.

const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  add: "M12 5v14M5 12h14",
  attach: "M20 11.5 12 19.5a5 5 0 0 1-7-7l8.5-8.5a3.3 3.3 0 0 1 4.7 4.7L9.8 17a1.7 1.7 0 0 1-2.4-2.4l7.4-7.4",
  bot: "M12 3v3M6 8h12a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2ZM9 12v2M15 12v2",
  close: "M6 6l12 12M18 6 6 18",
  code: "M9 7l-5 5 5 5M15 7l5 5-5 5",
  copy: "M9 9h10v10H9zM15 9V5H5v10h4",
  down: "M6 10l6 6 6-6",
  edit: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12ZM12 9.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5Z",
  file: "M7 3h7l4 4v14H7zM14 3v4h4",
  forum: "M4 5h16v11H10l-4 4v-4H4zM8 9h8M8 12h5",
  hash: "M9 4 7 20M17 4l-2 16M5 9h15M4 15h15",
  home: "M4 11l8-7 8 7v9h-5v-6H9v6H4z",
  leave: "M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  lock: "M6 11h12v9H6zM9 11V8a3 3 0 0 1 6 0v3",
  mail: "M3 6h18v12H3zM3 7l9 7 9-7",
  menu: "M4 7h16M4 12h16M4 17h16",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  people: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 20c0-4 3-6 6.5-6s6.5 2 6.5 6M16 4.5a3.5 3.5 0 0 1 0 6.3M18 14.5c2.2.8 3.5 2.8 3.5 5.5",
  phone: "M4 14c5-4 11-4 16 0l-2 3-4-2v-2c-1.3-.4-2.7-.4-4 0v2l-4 2z",
  react: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM8.5 14.5c1.8 2.4 5.2 2.4 7 0M9 9.5v.01M15 9.5v.01",
  reply: "M9 6 4 11l5 5M4 11h9c4 0 6 2.5 6 7",
  send: "M4 4l17 8-17 8 3-8zM7 12h14",
  slash: "M5 3h14a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2ZM14.5 7l-5 10",
  thread: "M6 4v10a4 4 0 0 0 4 4h8M15 14l4 4-4 4",
  tools: "M14 6a4.5 4.5 0 0 1 6-1l-3 3 .5 2.5L20 11l2-2M14 6c-1 2-.5 3.5 0 4.5L4 20l-1-1 9.5-10",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  voice: "M4 10v4h4l5 4V6L8 10zM16 9c1.3 1.7 1.3 4.3 0 6M18.5 6.5c2.7 3.3 2.7 7.7 0 11",
};

function setProperty(node, key, value) {
  if (value === undefined || value === null || value === false) return;
  if (key === "class") node.className = value;
  else if (key === "style") for (const [name, part] of Object.entries(value)) node.style.setProperty(name, part);
  else if (key === "dataset") Object.assign(node.dataset, value);
  else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
  else if (key in PROPERTIES) node[key] = value;
  else node.setAttribute(key, value === true ? "" : value);
}

const PROPERTIES = { value: 1, checked: 1, disabled: 1, hidden: 1, indeterminate: 1 };

/** A node with properties and children; strings become text nodes, nulls are passed over. */
export function h(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) setProperty(node, key, value);
  fill(node, ...children);
  return node;
}

/** Give the node these children and no others; nulls are passed over. */
export function fill(node, ...children) {
  node.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
}

/** A drawing by name; it says nothing to a screen reader, the button around it does. */
export function icon(name) {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.setAttribute("aria-hidden", "true");
  drawing.classList.add("icon");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  drawing.append(path);
  return drawing;
}

/** A button that shows only a drawing; `label` is its name and its tooltip. */
export function iconButton(name, label, onclick, extra = {}) {
  return h("button", { type: "button", "aria-label": label, title: label, onclick, ...extra,
    class: `icon-button ${extra.class ?? ""}`.trim() }, icon(name));
}

/** The element with this id. */
export const byId = (id) => document.getElementById(id);

const HUES = [18, 42, 95, 150, 190, 215, 262, 325];

/** A round picture with the first letter of a name, in a colour that the id chooses. */
export function avatar(id, name, size = "") {
  const hue = HUES[Number(BigInt(id) >> 12n) % HUES.length];
  const letter = [...(name || "?")][0].toUpperCase();
  return h("span", { class: `avatar ${size}`.trim(), "aria-hidden": "true", style: { "--hue": String(hue) } }, letter);
}

/** A colour of Discord (a number, 0 for none) as CSS, or null. */
export const cssColour = (number) => (number ? `#${Number(number).toString(16).padStart(6, "0")}` : null);
