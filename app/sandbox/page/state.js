// What the page knows, and who wants to hear when it changes.

import * as api from "./api.js";
import { may } from "./permissions.js";

export const store = {
  me: null,
  guildId: null,
  channelId: null,
  bot: { user: null, connected: null },
  users: new Map(),
  guilds: new Map(),
  directs: new Map(),
  visible: new Set(),
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

const placesOf = (row) => [...row.channels, ...(row.threads ?? [])];

function guildOf(row) {
  return {
    ...row,
    roles: byId(row.roles),
    channels: byId(placesOf(row)),
    members: new Map((row.members ?? []).map((member) => [member.user.id, member])),
    voice: new Map((row.voice_states ?? []).map((state) => [state.user_id, state.channel_id])),
  };
}

/** Read the whole state anew, and what of it the user in view may see. */
export async function load() {
  const [body, seen] = await Promise.all([api.state(), store.me ? api.state(store.me) : { guilds: [] }]);
  store.users = byId(body.users);
  store.guilds = new Map(body.guilds.map((row) => [row.id, guildOf(row)]));
  store.visible = new Set(seen.guilds.flatMap(placesOf).map((place) => place.id));
  Object.assign(store.bot, { user: body.bot, connected: body.bot.connected });
  store.directs = new Map(body.direct.map((row) => [row.recipients.find((id) => id !== body.bot.id), row.id]));
  if (store.me) announce("loaded");
}

/** Know a user from now on. */
export const remember = (user) => store.users.set(user.id, { ...store.users.get(user.id), ...user });

/** Look whether the bot is connected. */
export async function checkBot() {
  const connected = (await api.sessions()).sessions.some((row) => row.connected);
  if (connected === store.bot.connected) return;
  store.bot.connected = connected;
  announce("bot");
}

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

/** Keep who and where we are in the address, so that a reload or a bookmark comes back here. */
export function keepPlace() {
  const place = new URLSearchParams({ user: store.me, guild: store.guildId ?? "@me", channel: store.channelId ?? "" });
  history.replaceState(null, "", `#${place}`);
}

/** Who and where the address says we are; what it does not say is undefined. */
export function lastPlace() {
  const place = new URLSearchParams(location.hash.slice(1));
  const guildId = place.get("guild");
  return { me: place.get("user"), guildId: guildId === "@me" ? null : guildId ?? undefined, channelId: place.get("channel") || null };
}
