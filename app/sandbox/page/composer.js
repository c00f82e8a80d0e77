// Where messages are written: text, replies, files, mentions, and the way into slash commands.

import * as api from "./api.js";
import { people, places, roles } from "./choices.js";
import { closeCommand, findCommands, openCommand } from "./commands.js";
import { byId, h, icon, iconButton } from "./dom.js";
import { editLast } from "./editing.js";
import { pickEmoji } from "./emoji.js";
import { Picker, ranked } from "./picker.js";
import { maySend } from "./permissions.js";
import { announce, channel, guild, nameOf, on, store } from "./state.js";
import { clearFiles, files, hasFiles, takeFiles } from "./uploads.js";

const form = byId("composer");
const draft = byId("draft");
const TYPING_PAUSE = 8000;
const BEGUN_MARK = /(?:^|\s)([@#])([^\s@#]{0,32})$/;
const mentions = new Map();
const begun = new Map();
let desk = null;
let answering = null;
let typedAt = 0;

new Picker(draft, { label: "Suggestions", anchor: form, search: suggest, choose: (row) => row.run(),
  expects: (text) => text.startsWith("/") || Boolean(mentionRows(text)), empty: "No command of that name" });

async function suggest(text) {
  return /^\/[^\n]*$/.test(text) ? commandRows(text.slice(1)) : mentionRows(text);
}

function mentionRows(text) {
  const found = BEGUN_MARK.exec(text.slice(0, draft.selectionStart));
  if (!found) return null;
  const rows = ranked(found[1] === "#" ? textPlaces() : mentionable(), found[2], 8);
  return rows.length ? rows.map((row) => ({ ...row, run: () => insert(found[1], row) })) : null;
}

async function commandRows(text) {
  const rows = await findCommands(text);
  return rows.map((row) => ({ ...row, run: () => { setDraft(""); openCommand(row.leaf); } }));
}

const textPlaces = () => places([0, 5, 10, 11, 12]).map((row) => ({ ...row, mark: `<#${row.value}>` }));
const mentionable = () => [
  ...people().map((row) => ({ ...row, mark: `<@${row.value}>` })),
  ...roles().map((row) => ({ ...row, mark: `<@&${row.value}>` })),
];

// The field shows names; what is sent carries the marks behind them.
function insert(sigil, row) {
  const shown = `${sigil}${row.label}`;
  mentions.set(shown, row.mark);
  const typed = BEGUN_MARK.exec(draft.value.slice(0, draft.selectionStart))[2];
  const at = draft.selectionStart - typed.length - 1;
  draft.setRangeText(`${shown} `, at, draft.selectionStart, "end");
  fit();
}

function marked(text) {
  const longestFirst = [...mentions].sort(([one], [other]) => other.length - one.length);
  return longestFirst.reduce((whole, [shown, mark]) => whole.replaceAll(shown, () => mark), text);
}

function setDraft(text) {
  draft.value = text;
  fit();
}

function fit() {
  draft.style.setProperty("height", "auto");
  draft.style.setProperty("height", `${Math.min(draft.scrollHeight, innerHeight / 3)}px`);
  byId("send").disabled = !draft.value.trim() && !hasFiles();
}

async function send() {
  const content = marked(draft.value.trim());
  if (!content && !hasFiles()) return;
  const kept = { text: draft.value, answering, files: files() };
  const body = { channel: store.channelId, author: store.me, content };
  if (answering) body.reply_to = answering.id;
  reset();
  try {
    await api.send(body, kept.files);
    mentions.clear();
  } catch (error) {
    // What was written is not lost with a refusal.
    setDraft(kept.text);
    takeFiles(kept.files);
    if (kept.answering) reply(kept.answering);
    announce("refused", error.message);
  }
}

function reset() {
  setDraft("");
  clearFiles();
  stopReplying();
  typedAt = 0;
  fit();
}

function reply(row) {
  answering = row;
  byId("replying").replaceChildren("Replying to ", h("strong", {}, nameOf(row.author.id)),
    iconButton("close", "Stop replying", stopReplying));
  byId("replying").hidden = false;
  draft.focus();
}

function stopReplying() {
  answering = null;
  byId("replying").hidden = true;
}

function tellTyping() {
  const now = Date.now();
  if (!draft.value.trim() || draft.value.startsWith("/") || now - typedAt < TYPING_PAUSE) return;
  typedAt = now;
  // Nobody misses a typing sign that fails.
  api.typing(store.channelId, store.me).catch(() => { typedAt = 0; });
}

function onKey(event) {
  if (event.defaultPrevented || event.isComposing) return;
  if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    send();
  } else if (event.key === "Escape" && answering) stopReplying();
  else if (event.key === "ArrowUp" && !draft.value && editLast()) event.preventDefault();
}

// Every channel keeps what was begun there.
function turnTo(key) {
  if (key === desk) return;
  begun.set(desk, draft.value);
  desk = key;
  closeCommand();
  reset();
  setDraft(begun.get(key) ?? "");
}

/** Fit the composer to the channel and user in view. */
function adapt() {
  const place = channel();
  turnTo(`${store.me} ${store.channelId}`);
  form.hidden = !place || [4, 15].includes(place.type);
  if (!place) return;
  const open = place.type === 1 || maySend(guild(), place, store.me);
  for (const control of form.querySelectorAll("textarea, button")) control.disabled = !open;
  const name = place.type === 1 ? `@${place.name}` : `#${place.name}`;
  draft.placeholder = open ? `Message ${name}` : "You may not write here";
  draft.setAttribute("aria-label", `Message ${name}`);
  if (open) fit();
}

for (const [id, name] of [["attach", "add"], ["slash", "slash"], ["emoji", "react"], ["send", "send"]]) byId(id).append(icon(name));
draft.addEventListener("input", () => { fit(); tellTyping(); });
draft.addEventListener("keydown", onKey);
form.addEventListener("submit", (event) => { event.preventDefault(); send(); });
byId("emoji").addEventListener("click", (event) => pickEmoji(event.currentTarget, (sign) => {
  draft.setRangeText(sign, draft.selectionStart, draft.selectionEnd, "end");
  fit();
  draft.focus();
}));
byId("slash").addEventListener("click", () => {
  setDraft("/");
  draft.focus();
  draft.dispatchEvent(new Event("input"));
});
on("reply", reply);
on("files", fit);
on("place", adapt);
on("mention", (id) => {
  draft.focus();
  const gap = /\S$/.test(draft.value.slice(0, draft.selectionStart)) ? " @" : "@";
  draft.setRangeText(gap, draft.selectionStart, draft.selectionEnd, "end");
  insert("@", { label: nameOf(id), mark: `<@${id}>` });
});
