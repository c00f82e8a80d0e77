// The lines of a message: code blocks, quotes, headings and lists, with inline markdown inside.

import { h } from "./dom.js";
import { inline } from "./markdown.js";

const FENCE = /```(?:([\w+#-]{1,20})\n)?\n?([\s\S]+?)\n?```/g;
const HEADING = /^(#{1,3}) +(.+)$/;
const ITEM = /^ *(?:[-*]|\d{1,4}\.) +(.+)$/;
const SMALL = /^-# +(.+)$/;
const QUOTE = /^> ?(.*)$/;

/** Markdown as a fragment; `names` resolves mentions of users, roles and channels. */
export function markdown(text, names) {
  const fragment = document.createDocumentFragment();
  let at = 0;
  for (const found of text.matchAll(FENCE)) {
    if (found.index > at) fragment.append(...lines(text.slice(at, found.index), names));
    fragment.append(h("pre", {}, h("code", { dataset: { language: found[1] ?? "" } }, found[2])));
    at = found.index + found[0].length;
  }
  if (at < text.length) fragment.append(...lines(text.slice(at), names));
  return fragment;
}

/** Markdown as one line of plain text, spoilers kept hidden. */
export function plain(text, names) {
  const holder = h("div", {}, markdown(text, names));
  for (const spoiler of holder.querySelectorAll(".spoiler")) spoiler.replaceWith("▇▇▇");
  return holder.textContent.replace(/\s+/g, " ").trim();
}

function lines(text, names) {
  const rows = text.replace(/^\n|\n$/g, "").split("\n");
  const nodes = [];
  while (rows.length) nodes.push(block(rows, names));
  return nodes;
}

// Takes the rows of one block from the front of the list.
function block(rows, names) {
  if (rows[0].startsWith(">>> ")) return h("blockquote", {}, ...inline(rows.splice(0).join("\n").slice(4), names));
  if (QUOTE.test(rows[0])) {
    return h("blockquote", {}, ...inline(take(rows, QUOTE).map((row) => QUOTE.exec(row)[1]).join("\n"), names));
  }
  if (ITEM.test(rows[0])) return list(take(rows, ITEM), names);
  const heading = HEADING.exec(rows[0]) ?? SMALL.exec(rows[0]);
  if (heading) return title(rows.shift(), heading, names);
  const plain = [rows.shift()];
  while (rows.length && !startsBlock(rows[0])) plain.push(rows.shift());
  return h("p", {}, ...inline(plain.join("\n"), names));
}

const startsBlock = (row) => [QUOTE, ITEM, HEADING, SMALL].some((pattern) => pattern.test(row)) || row.startsWith(">>> ");

function take(rows, pattern) {
  const end = rows.findIndex((row) => !pattern.test(row));
  return rows.splice(0, end < 0 ? rows.length : end);
}

function list(rows, names) {
  const first = /^ *(\d{1,4})\./.exec(rows[0]);
  const items = rows.map((row) => h("li", {}, ...inline(ITEM.exec(row)[1], names)));
  return first ? h("ol", { start: first[1] }, ...items) : h("ul", {}, ...items);
}

function title(row, found, names) {
  // A heading inside a message is no heading of the page.
  const kind = row.startsWith("-#") ? "small-print" : `heading heading-${found[1].length}`;
  return h("p", { class: kind }, ...inline(found[2] ?? found[1], names));
}
