// The people of a server, by role, and letting them come and go.

import * as api from "./api.js";
import { appItems } from "./apps.js";
import { avatar, byId, cssColour, h, icon } from "./dom.js";
import { openMenuOf } from "./popup.js";
import { colourOf, hoistedRole, rolesOf } from "./permissions.js";
import { announce, guild, load, nameOf, on, store } from "./state.js";

const MOST = 200;
const panel = byId("members");

function draw() {
  const home = guild();
  byId("members-side").hidden = !home;
  if (!home) return;
  const groups = new Map();
  const everyone = [...home.members.values()].sort((one, other) => nameOf(one.user.id).localeCompare(nameOf(other.user.id)));
  for (const member of everyone) {
    const role = hoistedRole(home, member);
    const key = role?.name ?? (store.users.get(member.user.id)?.bot ? "Bots" : "Members");
    const group = groups.get(key) ?? { order: role ? -role.position : key === "Members" ? 1 : 2, rows: [] };
    groups.set(key, group);
    group.rows.push(member);
  }
  const sorted = [...groups].sort(([, one], [, other]) => one.order - other.order);
  panel.replaceChildren(...sorted.flatMap(([name, group]) => section(home, name, group.rows)),
    h("button", { type: "button", class: "channel", onclick: (event) => invite(event.currentTarget) }, icon("add"), h("span", {}, "Let someone join")));
}

function section(home, name, rows) {
  const more = rows.length > MOST && h("p", { class: "hint" }, `and ${rows.length - MOST} more`);
  return [h("h3", {}, `${name} — ${rows.length}`), h("ul", {}, ...rows.slice(0, MOST).map((member) => personRow(home, member))), more].filter(Boolean);
}

function personRow(home, { user: { id } }) {
  const user = store.users.get(id);
  const colour = cssColour(colourOf(home, id));
  const isBot = id === store.bot.user.id;
  return h("li", {}, h("button", { type: "button", class: "person", "aria-haspopup": "menu",
    oncontextmenu: (event) => { event.preventDefault(); userMenu({ id, anchor: event.currentTarget }); },
    onclick: (event) => userMenu({ id, anchor: event.currentTarget }) },
  h("span", { class: isBot ? `presence ${store.bot.connected ? "on" : "off"}` : "presence" }, avatar(id, nameOf(id), "small")),
  h("span", { class: "person-name", style: colour ? { color: `color-mix(in oklab, ${colour} 75%, var(--text))` } : {} }, nameOf(id)),
  user?.bot && h("span", { class: "tag" }, "App")));
}

async function userMenu({ id, anchor }) {
  const home = guild();
  const user = store.users.get(id);
  const member = home?.members.get(id);
  const apps = member ? await appItems("user", id) : [];
  const roles = member ? rolesOf(home, member).map((role) => role.name).join(", ") : "";
  openMenuOf([
    { heading: [nameOf(id), roles].filter(Boolean).join(" · ") },
    store.channelId && { label: "Mention", icon: "hash", run: () => announce("mention", id) },
    id === store.bot.user.id && { label: "Message", icon: "mail", run: () => announce("go-direct") },
    !user?.bot && id !== store.me && { label: `Be ${nameOf(id)}`, icon: "people", run: () => announce("be", id) },
    ...apps,
    member && home.owner_id !== id && id !== store.bot.user.id
      && { label: `Let ${nameOf(id)} leave`, icon: "leave", danger: true, run: () => change(home, id, "leave") },
  ], anchor, `About ${nameOf(id)}`);
}

function invite(anchor) {
  const home = guild();
  const outside = [...store.users.values()].filter((user) => !home.members.has(user.id));
  openMenuOf([
    { heading: `Join ${home.name}` },
    ...outside.map((user) => ({ label: nameOf(user.id), face: avatar(user.id, nameOf(user.id), "small"), run: () => change(home, user.id, "join") })),
    { label: "Someone new…", icon: "add", run: () => announce("new-user") },
  ], anchor, `Join ${home.name}`);
}

async function change(home, id, action) {
  try {
    await api.membership(home.id, id, action);
    announce("said", `${nameOf(id, home)} ${action === "join" ? "joined" : "left"} ${home.name}.`);
  } catch (error) {
    announce("refused", error.message);
  }
}

/** Let the user in view join a server. */
export const joinMyself = (home) => change(home, store.me, "join");

/** Make someone new, who joins the server in view; resolves with the id. */
export async function makeUser(name) {
  const user = await api.newUser(name, guild()?.id);
  await load();
  return user.id;
}

on("place loaded members bot", draw);
on("user-menu", userMenu);
