// What the page knows, and who wants to hear when it changes.

import * as api from "./api.js";
import { may } from "./permissions.js";

export const store = {
  me: null,
  guildId: null,
  channelId: null,
  bot: { user: null, connected: false },
  users: new Map(),
  guilds: new Map(),
  directs: new Map(),
  unread: new Set(),
};

const bus = new EventTarget();

/** Call `listener` with the detail whenever one of the topics (space separated) is announced. */
export function on(topics, listener) {
  for (const topic of topics.split(" ")) bus.addEventListener(topic, (event) => listener(event.detail));
}

/** Tell every listener of the topic. */
export const announce = (topic, detail) => bus.dispatchEvent(new CustomEvent(topic, { detail }));

const byId = (rows) => new Map((rows ?? []).map((row) => [row.id, row]));

function guildOf(row) {
  return {
    ...row,
    roles: byId(row.roles),
    channels: byId([...(row.channels ?? []), ...(row.threads ?? [])]),
    members: new Map((row.members ?? []).map((member) => [member.user.id, member])),
    voice: new Map((row.voice_states ?? []).map((state) => [state.user_id, state.channel_id])),
  };
}

/** Read the whole state anew. */
export async function load() {
  const body = await api.state();
  store.users = byId(body.users);
  store.guilds = new Map(body.guilds.map((row) => [row.id, guildOf(row)]));
  for (const guild of store.guilds.values()) for (const { user } of guild.members.values()) remember(user);
  store.directs = new Map((body.directs ?? []).map((row) => [row.user, row.id]));
  store.bot = { user: body.bot, connected: Boolean(body.bot.connected) };
  remember(body.bot);
  announce("loaded");
}

/** Know a user from now on. */
export const remember = (user) => store.users.set(user.id, { ...store.users.get(user.id), ...user });

let refresh = null;

/** Read the state anew soon; many changes in a row cost one request. */
export function loadSoon() {
  refresh ??= setTimeout(() => {
    refresh = null;
    load().catch(() => announce("offline"));
  }, 250);
}

/** The guild in view, or null among the direct messages. */
export const guild = () => store.guilds.get(store.guildId) ?? null;

/** The channel in view, or null. */
export const channel = () => (store.channelId ? channelOf(store.channelId) : null);

/** A channel by its id, wherever it is, or null. */
export function channelOf(id) {
  for (const home of store.guilds.values()) if (home.channels.has(id)) return home.channels.get(id);
  for (const [user, direct] of store.directs) if (direct === id) return { id, type: 1, user, name: nameOf(store.bot.user.id) };
  return null;
}

/** Whether the user in view may do this in the channel. */
export const allowed = (place, permission) => may(store.guilds.get(place.guild_id), place, store.me, permission);

/** How a user is called in a guild (the one in view unless told otherwise). */
export function nameOf(id, home = guild()) {
  const user = store.users.get(id);
  return home?.members.get(id)?.nick ?? user?.global_name ?? user?.username ?? "unknown-user";
}

/** Resolves the names behind mentions. */
export const names = {
  user: (id) => nameOf(id),
  role: (id) => guild()?.roles.get(id)?.name ?? "unknown-role",
  channel: (id) => channelOf(id)?.name ?? "unknown-channel",
};

const KEY = "heorot-sandbox";

/** Keep who and where we are for the next visit. */
export function keepPlace() {
  localStorage.setItem(KEY, JSON.stringify({ me: store.me, guildId: store.guildId, channelId: store.channelId }));
}

/** Who and where we were at the last visit; empty when nothing (readable) was kept. */
export function lastPlace() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}
