// The list of messages: keeps the DOM in step with the feed and the view in its place.

import { byId, h } from "./dom.js";
import { dismiss, feed, loadOlder, messageOf, ordered, trim } from "./feed.js";
import { messageItem } from "./message.js";
import { announce, channel, on } from "./state.js";
import { dayName, madeAt, sameDay } from "./times.js";

const list = byId("messages");
const scroller = byId("scroller");
const jumpDown = byId("jump-down");
const NEAR = 80;

let following = true;

const isAtEnd = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR;
const toEnd = () => { scroller.scrollTop = scroller.scrollHeight; };

/** Draw everything anew. */
function drawAll() {
  drawRows();
  toEnd();
}

function drawRows() {
  const rows = ordered();
  list.replaceChildren(...rows.flatMap((row, index) => withDay(row, rows[index - 1])));
  byId("feed-start").replaceChildren(...(feed.complete ? beginning(rows.length) : []));
}

const MANY = 30;
const arrived = new Set();

// However many messages come in, they are drawn once for each picture on the screen.
function drawSoon(id) {
  if (!arrived.size) requestAnimationFrame(drawArrived);
  arrived.add(id);
}

function drawArrived() {
  const ids = [...arrived];
  arrived.clear();
  keepingPlace(() => {
    for (const old of trim()) remove(old);
    if (ids.length > MANY) drawRows();
    else for (const id of ids) { draw(id); redrawAfter(id); }
  }, true);
}

function beginning(count) {
  const place = channel();
  if (!place) return [];
  const name = place.type === 1 ? place.name : `#${place.name}`;
  return [h("h2", {}, place.type === 1 ? name : `Welcome to ${name}`),
    h("p", {}, place.topic ?? (count ? "This is where it begins." : "Nothing here yet. Say hello!"))];
}

function withDay(row, before) {
  const item = messageItem(row, before);
  const date = madeAt(row.id);
  if (before && sameDay(date, madeAt(before.id))) return [item];
  const line = h("li", { class: "day", dataset: { before: row.id } }, h("span", {}, dayName(date)));
  return [line, item];
}

function remove(id) {
  byId(`message-${id}`)?.remove();
  list.querySelector(`[data-before="${CSS.escape(id)}"]`)?.remove();
}

function draw(id) {
  const rows = ordered();
  const index = rows.findIndex((row) => row.id === id);
  // A message that is being edited is drawn when the editor closes.
  if (index < 0 || byId(`message-${id}`)?.querySelector(".editor")) return;
  const focused = byId(`message-${id}`)?.contains(document.activeElement) ? describeFocus() : null;
  remove(id);
  const next = rows[index + 1];
  const anchor = next ? list.querySelector(`[data-before="${CSS.escape(next.id)}"]`) ?? byId(`message-${next.id}`) : null;
  for (const node of withDay(rows[index], rows[index - 1])) list.insertBefore(node, anchor);
  if (focused) restoreFocus(id, focused);
}

// A message that changes under the reader's hands (a button that was pressed) keeps the focus.
function describeFocus() {
  return document.activeElement.dataset.key ?? "";
}

function restoreFocus(id, key) {
  const item = byId(`message-${id}`);
  (key && item.querySelector(`[data-key="${CSS.escape(key)}"]`) || item).focus({ preventScroll: true });
}

function redrawAfter(id) {
  const rows = ordered();
  const next = rows.find((row) => BigInt(row.id) > BigInt(id));
  if (next) draw(next.id);
}

function keepingPlace(change, follow) {
  const end = isAtEnd();
  change();
  if (end && follow) toEnd();
  else if (follow) jumpDown.hidden = false;
}

on("feed", drawAll);
on("message-added", drawSoon);
on("message-changed", (id) => keepingPlace(() => draw(id), isAtEnd()));
on("message-removed", (id) => { remove(id); redrawAfter(id); });
on("dismiss", dismiss);
on("jump", jump);

/** Bring a message into view and mark it for a moment. */
function jump(id) {
  const item = byId(`message-${id}`);
  if (!item) return;
  item.scrollIntoView({ block: "center" });
  item.focus({ preventScroll: true });
  item.classList.add("marked");
  item.addEventListener("animationend", () => item.classList.remove("marked"), { once: true });
}

jumpDown.addEventListener("click", () => { toEnd(); jumpDown.hidden = true; });

// When the room for messages changes, whoever reads the end still does.
new ResizeObserver(() => following && toEnd()).observe(scroller);

let loading = false;
scroller.addEventListener("scroll", async () => {
  following = isAtEnd();
  if (following) jumpDown.hidden = true;
  if (loading || scroller.scrollTop > NEAR || !feed.rows.size || feed.complete) return;
  loading = true;
  try {
    await older();
  } catch (error) {
    announce("refused", error.message);
  } finally {
    loading = false;
  }
});

async function older() {
  const first = ordered()[0].id;
  await loadOlder();
  byId(`message-${first}`)?.scrollIntoView({ block: "start" });
}

scroller.addEventListener("keydown", (event) => {
  if (!["ArrowUp", "ArrowDown"].includes(event.key) || event.target.closest("textarea, input, [role=listbox]")) return;
  const items = [...list.querySelectorAll(".message")];
  const at = items.indexOf(event.target.closest(".message"));
  const next = items[at < 0 ? items.length - 1 : at + (event.key === "ArrowUp" ? -1 : 1)];
  if (!next || !messageOf(next.dataset.id)) return;
  event.preventDefault();
  next.focus();
});

// Pictures arrive after their message; whoever reads the end stays there.
list.addEventListener("load", (event) => {
  if (event.target.tagName === "IMG" && following) toEnd();
}, true);
