// The reactions under a message.

import * as api from "./api.js";
import { h, icon } from "./dom.js";
import { pickEmoji } from "./emoji.js";
import { allowed, announce, channel, nameOf, store } from "./state.js";

const textOf = (emoji) => (emoji.id ? `${emoji.name}:${emoji.id}` : emoji.name);
const mine = (reaction) => reaction.users?.includes(store.me) ?? false;

/** Add the reaction, or take it back when it is already there. */
async function toggle(row, emoji) {
  const known = row.reactions?.find((one) => textOf(one.emoji) === emoji);
  const action = known && mine(known) ? "remove" : "add";
  try {
    await api.react({ channel: row.channel_id, message: row.id, user: store.me, emoji, action });
  } catch (error) {
    announce("refused", error.message);
  }
}

/** Choose an emoji and react with it. */
export const addReaction = (row, anchor) => pickEmoji(anchor, (emoji) => toggle(row, emoji));

/** The buttons under a message, or null when nobody reacted. */
export function reactionBar(row) {
  if (!row.reactions?.length) return null;
  const open = allowed(channel() ?? row, "ADD_REACTIONS");
  return h("div", { class: "reactions", role: "group", "aria-label": "Reactions" },
    ...row.reactions.map((one) => chip(row, one)),
    open && h("button", { type: "button", class: "chip add-chip", "aria-label": "Add a reaction", title: "Add a reaction",
      onclick: (event) => addReaction(row, event.currentTarget) }, icon("react")));
}

function chip(row, reaction) {
  const { emoji, count, users = [] } = reaction;
  const who = users.slice(0, 10).map((id) => nameOf(id)).join(", ");
  return h("button", { type: "button", class: "chip", "aria-pressed": String(mine(reaction)), title: who,
    "aria-label": `${emoji.name}, ${count} ${count === 1 ? "reaction" : "reactions"}`, dataset: { key: `reaction-${textOf(emoji)}` },
    onclick: () => toggle(row, textOf(emoji)) },
    h("span", { class: "emoji" }, emoji.id ? `:${emoji.name}:` : emoji.name), h("span", { class: "count" }, String(count)));
}
