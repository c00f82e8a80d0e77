// Servers, channels and who you are.

import { channelIcon } from "./choices.js";
import { avatar, byId, h, icon, iconButton } from "./dom.js";
import { openMenuOf } from "./popup.js";
import { hoistedRole } from "./permissions.js";
import { announce, guild, nameOf, on, store } from "./state.js";
import { voiceMembers } from "./voice.js";

const CATEGORY = 4;
const VOICE = [2, 13];
const FORUM = 15;
const rail = byId("rail");
const list = byId("channels");

function drawRail() {
  const homes = [...store.guilds.values()];
  rail.replaceChildren(
    railButton({ label: "Direct messages", current: !store.guildId, unread: isUnread([store.directs.get(store.me)]),
      face: icon("mail"), go: () => announce("go-guild", null) }),
    h("hr"),
    ...homes.map((home) => railButton({ label: home.name, current: home.id === store.guildId,
      unread: isUnread([...home.channels.keys()]), face: initials(home.name), go: () => announce("go-guild", home.id) })));
}

const initials = (name) => name.split(/[\s']+/).map((word) => [...word][0]).join("").slice(0, 3).toUpperCase();
const isUnread = (ids) => ids.some((id) => store.unread.has(id));

function railButton({ label, current, unread, face, go }) {
  return h("button", { type: "button", class: unread ? "rail-button unread" : "rail-button", "aria-label": unread ? `${label}, unread` : label,
    title: label, "aria-current": current ? "true" : null, onclick: go }, face);
}

function drawChannels() {
  const home = guild();
  byId("guild-name").textContent = home ? home.name : "Direct messages";
  list.replaceChildren(...(home ? tree(home) : [directRow()]));
}

const byPlace = (one, other) => VOICE.includes(one.type) - VOICE.includes(other.type) || one.position - other.position;

function tree(home) {
  const shown = [...home.channels.values()].filter((place) => store.visible.has(place.id));
  if (!shown.length) return [h("li", { class: "nothing" }, "You see no channels here.")];
  const within = (parent) => shown.filter((place) => !place.thread_metadata && place.type !== CATEGORY && (place.parent_id ?? null) === parent).sort(byPlace);
  const threads = (parent) => shown.filter((place) => place.thread_metadata && !place.thread_metadata.archived && place.parent_id === parent);
  const rows = (parent) => within(parent).flatMap((place) => [channelRow(home, place), ...threads(place.id).map((row) => channelRow(home, row))]);
  const categories = shown.filter((place) => place.type === CATEGORY).sort(byPlace);
  return [...rows(null), ...categories.flatMap((place) => [h("li", { class: "category" }, place.name), ...rows(place.id)])];
}

function channelRow(home, place) {
  const current = place.id === store.channelId;
  const unread = store.unread.has(place.id) && !current;
  const isPrivate = (place.permission_overwrites ?? []).some((row) => row.id === home.id && BigInt(row.deny) & (1n << 10n));
  const button = h("button", { type: "button", class: ["channel", unread && "unread", place.thread_metadata && "thread"].filter(Boolean).join(" "),
    "aria-current": current ? "page" : null, disabled: place.type === FORUM, title: place.type === FORUM ? "Threads stand below" : place.topic,
    onclick: () => announce("go", place.id) },
  icon(isPrivate ? "lock" : channelIcon(place.type)), h("span", {}, place.name),
  unread && h("span", { class: "dot", "aria-label": "unread" }));
  return h("li", {}, button, VOICE.includes(place.type) && voiceMembers(home, place));
}

function directRow() {
  const bot = store.bot.user;
  return h("li", {}, h("button", { type: "button", class: "channel", "aria-current": store.channelId ? "page" : null,
    onclick: () => announce("go-direct") }, avatar(bot.id, nameOf(bot.id), "small"), h("span", {}, nameOf(bot.id)),
  isUnread([store.directs.get(store.me)]) && h("span", { class: "dot", "aria-label": "unread" })));
}

function drawMe() {
  const name = nameOf(store.me);
  byId("me").replaceChildren(avatar(store.me, name),
    h("span", { class: "me-name" }, h("small", {}, "You are"), h("strong", {}, name)), icon("down"));
  byId("me").setAttribute("aria-label", `You are ${name}. Choose someone else`);
}

const roleName = (id) => {
  const home = guild();
  const member = home?.members.get(id);
  if (!home) return null;
  if (!member) return "not a member here";
  return home.owner_id === id ? "Owner" : hoistedRole(home, member)?.name ?? null;
};

function chooseMe(event) {
  const humans = [...store.users.values()].filter((user) => !user.bot);
  const language = (user) => (user.locale && user.locale !== "en-US" ? user.locale : null);
  openMenuOf([{ heading: "Be someone else" }, ...humans.map((user) => ({
    label: nameOf(user.id), hint: [roleName(user.id), language(user)].filter(Boolean).join(" · "),
    face: avatar(user.id, nameOf(user.id), "small"), checked: user.id === store.me,
    run: () => announce("be", user.id),
  })), { label: "Someone new…", icon: "add", run: () => announce("new-user") }], event.currentTarget, "Be someone else");
}

byId("me").addEventListener("click", chooseMe);
byId("open-sidebar").replaceWith(iconButton("menu", "Servers and channels", () => toggle("show-sidebar"), { id: "open-sidebar" }));

/** Open or close one of the drawers of a narrow window. */
export function toggle(name) {
  const shown = document.body.classList.toggle(name);
  for (const other of ["show-sidebar", "show-members", "show-developer"]) if (other !== name && shown) document.body.classList.remove(other);
}

on("place loaded unread voice", () => { drawRail(); drawChannels(); });
on("place loaded members", drawMe);
