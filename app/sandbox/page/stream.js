// The stream of events of the user in view; it comes back by itself after every interruption.

import * as feed from "./feed.js";
import { announce, guild, load, loadSoon, store } from "./state.js";

const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;

let source = null;
let wait = FIRST_WAIT;
let timer = null;
let interrupted = false;

/** Listen as the user in view, and no longer as anyone else. */
export function connect() {
  close();
  const mine = new EventSource(`/sandbox/events?user=${encodeURIComponent(store.me)}`);
  source = mine;
  mine.addEventListener("open", opened);
  mine.addEventListener("message", (event) => receive(JSON.parse(event.data)));
  mine.addEventListener("error", () => mine === source && lost());
}

function close() {
  clearTimeout(timer);
  source?.close();
  source = null;
}

async function opened() {
  wait = FIRST_WAIT;
  announce("online");
  if (!interrupted) return;
  interrupted = false;
  // What happened meanwhile was not sent, so it is read.
  try {
    await load();
    await feed.reload();
  } catch {
    lost();
  }
}

function lost() {
  interrupted = true;
  close();
  announce("offline");
  timer = setTimeout(connect, wait);
  wait = Math.min(wait * 2, LONGEST_WAIT);
}

function receive({ type, data }) {
  const handler = HANDLERS[type];
  if (handler) handler(data);
  else if (/^(guild|channel|thread|sandbox_guild)/.test(type)) loadSoon();
}

const HANDLERS = {
  message_create(row) {
    announce("written", row);
    feed.put(row);
    if (row.channel_id !== store.channelId && row.author.id !== store.me) {
      store.unread.add(row.channel_id);
      announce("unread");
      if (!row.guild_id && !store.directs.has(store.me)) loadSoon();
    }
  },
  // Reactions have events of their own, and those in a message are counted from the bot's side.
  message_update: ({ reactions, ...row }) => feed.change(row),
  message_delete: (row) => feed.drop(row.id),
  message_delete_bulk: (row) => row.ids.forEach(feed.drop),
  message_reaction_add: (event) => feed.react(event, "add"),
  message_reaction_remove: (event) => feed.react(event, "remove"),
  message_reaction_remove_all: (event) => feed.react(event, "clear"),
  message_reaction_remove_emoji: (event) => feed.react(event, "clearEmoji"),
  typing_start: (event) => announce("typing", event),
  interaction_update: (row) => announce("interaction", row),
  voice_state_update: moved,
  guild_member_add: joined,
  guild_member_update: joined,
  guild_member_remove: left,
};

function moved({ guild_id: id, user_id: user, channel_id: channel }) {
  const home = store.guilds.get(id);
  if (!home) return;
  if (channel) home.voice.set(user, channel);
  else home.voice.delete(user);
  announce("voice");
}

function joined(member) {
  const home = store.guilds.get(member.guild_id);
  const known = home?.members.get(member.user.id);
  if (!home || !store.users.has(member.user.id) || member.user.id === store.me) return loadSoon();
  home.members.set(member.user.id, { ...known, ...member });
  if (home === guild()) announce("members");
  return undefined;
}

function left({ guild_id: id, user }) {
  if (user.id === store.me) return loadSoon();
  store.guilds.get(id)?.members.delete(user.id);
  announce("members");
  return undefined;
}
