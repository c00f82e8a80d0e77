// The messages of the channel in view, in the order of their ids, kept up to date by events.

import * as api from "./api.js";
import { announce, channelOf, remember, store } from "./state.js";

const PAGE = 50;
const MOST = 400;

export const feed = { channelId: null, rows: new Map(), complete: false };
const dismissed = new Set();
const older = (one, other) => (one.length - other.length || (one < other ? -1 : 1));

/** The messages, oldest first. */
export const ordered = () => [...feed.rows.values()].sort((one, other) => older(one.id, other.id));

/** The message with this id, when it is loaded. */
export const messageOf = (id) => feed.rows.get(id) ?? null;

/** Show the newest messages of a channel. */
export async function open(channelId) {
  feed.channelId = channelId;
  feed.rows = new Map();
  feed.complete = false;
  announce("feed");
  if (channelId) await more({});
}

async function more(query) {
  const wanted = feed.channelId;
  const body = await api.messages(wanted, { user: store.me, limit: PAGE, ...query });
  if (feed.channelId !== wanted) return;
  for (const row of body) keep(row);
  feed.complete = body.length < PAGE;
  announce("feed");
}

/** Load messages older than those shown; false when there are none. */
export async function loadOlder() {
  const first = ordered()[0];
  if (!first || feed.complete) return false;
  await more({ before: first.id });
  return true;
}

/** Read the newest messages again, after a gap in the stream. */
export async function reload() {
  if (feed.channelId && channelOf(feed.channelId)) await open(feed.channelId);
}

function keep(row) {
  if (dismissed.has(row.id)) return;
  if (row.author) remember(row.author);
  feed.rows.set(row.id, { ...feed.rows.get(row.id), ...row });
}

/** Add or change a message of the channel in view. */
export function put(row) {
  if (row.channel_id !== feed.channelId) return;
  const known = feed.rows.has(row.id);
  keep(row);
  if (feed.rows.size > MOST * 4) trim();
  announce(known ? "message-changed" : "message-added", row.id);
}

/** Forget the oldest messages beyond what the page shows; returns their ids. */
export function trim() {
  const surplus = ordered().slice(0, Math.max(0, feed.rows.size - MOST));
  for (const row of surplus) feed.rows.delete(row.id);
  feed.complete &&= !surplus.length;
  return surplus.map((row) => row.id);
}

/** Change a message that is already shown; one that is not stays unknown. */
export function change(row) {
  if (feed.rows.has(row.id)) put(row);
}

/** Take an ephemeral message away for good. */
export function dismiss(id) {
  dismissed.add(id);
  drop(id);
}

/** Take a message away. */
export function drop(id) {
  if (feed.rows.delete(id)) announce("message-removed", id);
}

const keyOf = (emoji) => (emoji.id ? `${emoji.name}:${emoji.id}` : emoji.name);

/** Follow a reaction event. */
export function react(event, action) {
  const row = feed.rows.get(event.message_id);
  if (!row) return;
  const rows = (row.reactions ?? []).map((one) => ({ ...one, users: [...(one.users ?? [])] }));
  feed.rows.set(row.id, { ...row, reactions: CHANGES[action](rows, event) });
  announce("message-changed", row.id);
}

const CHANGES = {
  add(rows, { emoji, user_id: user }) {
    const known = rows.find((one) => keyOf(one.emoji) === keyOf(emoji));
    if (!known) return [...rows, { emoji, count: 1, users: [user] }];
    known.users = [...new Set([...known.users, user])];
    known.count = known.users.length;
    return rows;
  },
  remove(rows, { emoji, user_id: user }) {
    for (const one of rows.filter((row) => keyOf(row.emoji) === keyOf(emoji))) {
      one.users = one.users.filter((id) => id !== user);
      one.count = one.users.length;
    }
    return rows.filter((one) => one.count > 0);
  },
  clear: () => [],
  clearEmoji: (rows, { emoji }) => rows.filter((one) => keyOf(one.emoji) !== keyOf(emoji)),
};
