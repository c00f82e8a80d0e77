// Starts the page: who we are, where we are, and going from place to place.

import * as api from "./api.js";
import "./composer.js";
import "./developer.js";
import { byId, fill, h, icon, iconButton } from "./dom.js";
import { channelIcon } from "./choices.js";
import { open } from "./feed.js";
import { joinMyself, makeUser } from "./members.js";
import "./messages.js";
import "./notices.js";
import { askName } from "./newcomer.js";
import { toggle } from "./sidebar.js";
import { announce, channel, channelOf, checkBot, guild, keepPlace, lastPlace, load, nameOf, on, store } from "./state.js";
import { connect } from "./stream.js";
import { voiceButton } from "./voice.js";

const LOOK = 3000;
const WRITABLE = [0, 2, 5, 10, 11, 12, 13];

function firstChannel(home) {
  const seen = [...home.channels.values()].filter((place) => store.visible.has(place.id) && WRITABLE.includes(place.type));
  return seen.sort((one, other) => one.type - other.type || one.position - other.position)[0]?.id ?? null;
}

const remembered = new Map();

/** Show a channel. */
async function go(id) {
  store.channelId = id;
  store.unread.delete(id);
  const place = channel();
  if (place?.guild_id) {
    store.guildId = place.guild_id;
    remembered.set(place.guild_id, id);
  }
  keepPlace();
  document.body.classList.remove("show-sidebar", "show-members");
  announce("place");
  await attempt(() => open(place ? id : null));
}

async function goGuild(id) {
  store.guildId = id;
  if (!id) return goDirect();
  const home = guild();
  const last = remembered.get(id);
  return go(last && store.visible.has(last) ? last : firstChannel(home));
}

async function goDirect() {
  store.guildId = null;
  await attempt(async () => {
    if (!store.directs.has(store.me)) {
      await api.direct(store.me);
      await load();
    }
    await go(store.directs.get(store.me));
  });
}

/** Be another user: another stream, other channels. */
async function be(id) {
  started = false;
  store.me = id;
  store.unread.clear();
  await attempt(load);
  connect();
  started = true;
  await stay();
}

// The channel in view stays if the user sees it; if not, the nearest one he does see is shown.
async function stay() {
  const place = channelOf(store.channelId);
  if (store.guildId && !store.guilds.has(store.guildId)) store.guildId = [...store.guilds.keys()][0] ?? null;
  if (!store.guildId) return goDirect();
  if (place?.guild_id === store.guildId && store.visible.has(place.id)) return go(place.id);
  return go(firstChannel(guild()));
}

async function attempt(work) {
  try {
    await work();
  } catch (error) {
    announce("refused", error.message);
  }
}

function drawHeader() {
  const place = channel();
  const head = byId("place");
  byId("stranger").hidden = Boolean(place);
  byId("chat").hidden = !place;
  document.title = place ? `${place.type === 1 ? "@" : "#"}${place.name} — sandbox` : "Sandbox";
  if (!place) {
    drawStranger();
    head.replaceChildren(h("h1", {}, guild()?.name ?? ""));
    return;
  }
  fill(head, icon(place.type === 1 ? "mail" : channelIcon(place.type)), h("h1", {}, place.name),
    place.topic && h("p", { class: "topic", title: place.topic }, place.topic), ...tagsOf(place), [2, 13].includes(place.type) && voiceButton(place));
}

function tagsOf(place) {
  const known = guild()?.channels.get(place.parent_id)?.available_tags ?? [];
  return known.filter((tag) => place.applied_tags?.includes(tag.id)).map((tag) => h("span", { class: "tag" }, tag.name));
}

function drawStranger() {
  const home = guild();
  if (!home) return;
  const isMember = home.members.has(store.me);
  fill(byId("stranger"),
    h("h2", {}, isMember ? "No channel to see" : `${nameOf(store.me)} is not in ${home.name}`),
    h("p", {}, isMember ? "There is no channel here that you may read." : "Join to read and write here."),
    !isMember && h("button", { type: "button", class: "button primary", onclick: () => joinMyself(home) }, `Join ${home.name}`));
}

// A fresh state may have taken the channel in view away, or given one to whoever had none.
function reconsider() {
  if (!store.me) return;
  const place = channelOf(store.channelId);
  const gone = place ? place.guild_id && !store.visible.has(place.id) : true;
  if (gone && started) stay();
  else drawHeader();
}

let started = false;

async function start() {
  const last = lastPlace();
  await load();
  const humans = [...store.users.values()].filter((user) => !user.bot);
  store.me = store.users.has(last.me) ? last.me : humans[0].id;
  store.guildId = last.guildId === null ? null : store.guilds.has(last.guildId) ? last.guildId : [...store.guilds.keys()][0] ?? null;
  store.channelId = last.channelId ?? null;
  await load();
  connect();
  await checkBot();
  await stay();
  started = true;
  document.body.dataset.ready = "true";
}

byId("header-tools").append(
  iconButton("people", "Members", () => toggle("show-members"), { id: "toggle-members" }),
  iconButton("tools", "Developer", () => toggle("show-developer"), { id: "toggle-developer" }));
byId("skip").addEventListener("click", () => byId("draft").focus());
byId("close-developer").append(icon("close"));
byId("close-developer").addEventListener("click", () => toggle("show-developer"));
byId("veil").addEventListener("click", () => document.body.classList.remove("show-sidebar", "show-members", "show-developer"));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented) document.body.classList.remove("show-sidebar", "show-members", "show-developer");
});
document.addEventListener("click", (event) => {
  const mention = event.target.closest?.(".mention");
  if (mention?.dataset.channel && store.visible.has(mention.dataset.channel)) go(mention.dataset.channel);
  else if (mention?.dataset.user) announce("user-menu", { id: mention.dataset.user, anchor: mention });
});
on("go", go);
on("go-guild", goGuild);
on("go-direct", goDirect);
on("be", be);
on("new-user", () => askName(async (name) => be(await makeUser(name))));
on("place voice", drawHeader);
on("loaded", reconsider);

async function look() {
  if (!document.hidden) await checkBot().catch(() => {});
  setTimeout(look, LOOK);
}

start().then(look, (error) => announce("refused", error.message));
