// People, roles and channels of the guild in view as rows to choose from.

import { avatar, cssColour, h } from "./dom.js";
import { guild, nameOf, store } from "./state.js";

const ICONS = { 0: "hash", 2: "voice", 5: "hash", 10: "thread", 11: "thread", 12: "thread", 13: "voice", 15: "forum" };

/** The drawing of a channel of this type. */
export const channelIcon = (type) => ICONS[type] ?? "hash";

/** Everyone here. */
export function people() {
  const ids = guild() ? [...guild().members.keys()] : [store.me, store.bot.user.id];
  return ids.map((id) => ({ value: id, label: nameOf(id), hint: store.users.get(id)?.username, face: avatar(id, nameOf(id), "tiny") }));
}

/** Every role but @everyone. */
export function roles() {
  const rows = guild() ? [...guild().roles.values()].filter((role) => role.id !== guild().id) : [];
  return rows.map((role) => ({ value: role.id, label: role.name,
    face: h("span", { class: "role-dot", style: { "--role": cssColour(role.color) ?? "var(--muted)" } }) }));
}

/** Channels that the user in view can see, of the given types when any are named. */
export function places(types) {
  const rows = guild() ? [...guild().channels.values()].filter((place) => store.visible.has(place.id) && place.type !== 4) : [];
  return rows.filter((place) => !types?.length || types.includes(place.type))
    .map((place) => ({ value: place.id, label: place.name, icon: channelIcon(place.type) }));
}
