// Discord's markdown as DOM nodes. User text reaches the page only through text nodes.

import { h } from "./dom.js";
import { clock } from "./times.js";

const DEPTH = 8;
// Links have no links inside, so the text of one is read as deep as it goes.
const IN_LINK = DEPTH - 1;
const SAFE_LINK = /^https?:\/\/[^\s<>]+$/i;
const ESCAPABLE = /[!-/:-@[-`{-~]/;

// Each rule looks at the text from one place on and gives a node and how much of the text it took, or null.
const RULES = [
  escaped, code, mention, angleLink, maskedLink, bareLink,
  pair("**", "strong"), pair("__", "u"), pair("~~", "s"), pair("*", "em"), pair("_", "em"), spoiler, everyone,
];
const STARTS = /[\\`<[h*_~|@]/;

/** Inline markdown as a list of nodes. */
export function inline(text, names, depth = 0) {
  const nodes = [];
  let plain = "";
  for (let at = 0; at < text.length;) {
    const found = STARTS.test(text[at]) ? firstRule(text, at, names, depth) : null;
    if (!found) {
      plain += text[at++];
      continue;
    }
    if (plain) nodes.push(plain);
    plain = "";
    nodes.push(found.node);
    at += found.length;
  }
  if (plain) nodes.push(plain);
  return nodes;
}

function firstRule(text, at, names, depth) {
  for (const rule of RULES) {
    const found = rule(text, at, names, depth);
    if (found) return found;
  }
  return null;
}

function escaped(text, at) {
  if (text[at] !== "\\" || !ESCAPABLE.test(text[at + 1] ?? "")) return null;
  return { node: text[at + 1], length: 2 };
}

function code(text, at) {
  if (text[at] !== "`") return null;
  const fence = text.startsWith("``", at) ? "``" : "`";
  const end = text.indexOf(fence, at + fence.length);
  if (end < 0 || end === at + fence.length) return null;
  const inside = text.slice(at + fence.length, end);
  return { node: h("code", {}, fence === "``" ? inside.trim() : inside), length: end + fence.length - at };
}

const MENTION = /<(?:(@!?|@&|#)(\d{1,20})|t:(-?\d{1,13})(?::([tTdDfFR]))?|a?:(\w{2,32}):\d{1,20}|\/([^:>]{1,110}):\d{1,20})>/y;

function mention(text, at, names) {
  MENTION.lastIndex = at;
  const found = text[at] === "<" ? MENTION.exec(text) : null;
  if (!found) return null;
  const [whole, sigil, id, seconds, style, emoji, command] = found;
  return { node: mentionNode({ sigil, id, seconds, style, emoji, command }, names), length: whole.length };
}

function mentionNode({ sigil, id, seconds, style, emoji, command }, names) {
  if (seconds !== undefined) return clock(Number(seconds) * 1000, style);
  if (emoji) return `:${emoji}:`;
  if (command) return h("span", { class: "mention" }, `/${command}`);
  if (sigil === "#") return h("span", { class: "mention", dataset: { channel: id } }, `#${names.channel(id)}`);
  if (sigil === "@&") return h("span", { class: "mention" }, `@${names.role(id)}`);
  return h("span", { class: "mention", dataset: { user: id } }, `@${names.user(id)}`);
}

function everyone(text, at) {
  const word = /@(?:everyone|here)\b/y;
  word.lastIndex = at;
  const found = word.exec(text);
  return found && { node: h("span", { class: "mention" }, found[0]), length: found[0].length };
}

/** A link that opens elsewhere and tells nothing about this page, or plain text when the address is no web address. */
export function link(address, ...children) {
  if (!SAFE_LINK.test(address)) return h("span", {}, ...children);
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, ...children);
}

function angleLink(text, at, names, depth) {
  if (depth >= IN_LINK || !text.startsWith("<http", at)) return null;
  const end = text.indexOf(">", at);
  const address = text.slice(at + 1, end);
  return end > 0 && SAFE_LINK.test(address) ? { node: link(address, address), length: address.length + 2 } : null;
}

function maskedLink(text, at, names, depth) {
  if (depth >= IN_LINK) return null;
  const pattern = /\[([^\]\n]{1,300})\]\(<?(https?:\/\/[^\s)>]+)>?\)/y;
  pattern.lastIndex = at;
  const found = pattern.exec(text);
  if (!found) return null;
  return { node: link(found[2], ...inline(found[1], names, IN_LINK)), length: found[0].length };
}

function bareLink(text, at, names, depth) {
  if (depth >= IN_LINK) return null;
  const pattern = /https?:\/\/[^\s<>]*[^\s<>.,:;"'\])!?*_~|]/y;
  pattern.lastIndex = at;
  const found = pattern.exec(text);
  return found && { node: link(found[0], found[0]), length: found[0].length };
}

function between(text, at, mark) {
  if (!text.startsWith(mark, at)) return null;
  const end = closing(text, at + mark.length, mark);
  return end > at + mark.length ? text.slice(at + mark.length, end) : null;
}

function closing(text, from, mark) {
  let end = text.indexOf(mark, from);
  // A single mark does not close on half of a double one.
  while (mark.length === 1 && end > 0 && text[end + 1] === mark) end = text.indexOf(mark, end + 2);
  // In ***both*** the outer pair closes on the last marks.
  while (mark.length === 2 && end > 0 && text[end + 2] === mark[0]) end += 1;
  return end;
}

function pair(mark, tag) {
  return (text, at, names, depth) => {
    const inside = depth < DEPTH ? between(text, at, mark) : null;
    if (inside === null || (mark.length === 1 && !isEmphasis(text, at, inside, mark))) return null;
    return { node: h(tag, {}, ...inline(inside, names, depth + 1)), length: inside.length + 2 * mark.length };
  };
}

function isEmphasis(text, at, inside, mark) {
  const next = text[at + inside.length + 2] ?? " ";
  // Underscores inside words (snake_case) are no emphasis.
  if (mark === "_" && (/\w/.test(next) || /\w/.test(text[at - 1] ?? " "))) return false;
  return !/^\s|\s$/.test(inside);
}

function spoiler(text, at, names, depth) {
  const inside = depth < DEPTH ? between(text, at, "||") : null;
  if (inside === null) return null;
  const node = h("button", { type: "button", class: "spoiler", "aria-expanded": "false", "aria-label": "Spoiler, show it" },
    h("span", {}, ...inline(inside, names, depth + 1)));
  node.addEventListener("click", () => {
    node.setAttribute("aria-expanded", "true");
    node.removeAttribute("aria-label");
  });
  return { node, length: inside.length + 4 };
}
