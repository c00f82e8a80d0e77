// Voice channels: who listens, and going in and out.

import * as api from "./api.js";
import { avatar, byId, h, iconButton } from "./dom.js";
import { announce, guild, nameOf, on, store } from "./state.js";

/** The people in a voice channel, or null. */
export function voiceMembers(home, place) {
  const ids = [...home.voice].filter(([, channelId]) => channelId === place.id).map(([id]) => id);
  if (!ids.length) return null;
  return h("ul", { class: "voice-members", "aria-label": `In ${place.name}` },
    ...ids.map((id) => h("li", {}, avatar(id, nameOf(id, home), "tiny"), h("span", {}, nameOf(id, home)))));
}

/** Where the user in view listens, or null. */
function listening() {
  for (const home of store.guilds.values()) {
    const id = home.voice.get(store.me);
    if (id) return { home, place: home.channels.get(id) };
  }
  return null;
}

/** Go into the channel, or out when the user is there already. */
async function toggleVoice(place) {
  const present = listening()?.place?.id === place.id;
  try {
    await api.voice(store.me, present ? null : place.id);
  } catch (error) {
    announce("refused", error.message);
  }
}

function draw() {
  const bar = byId("voice-bar");
  const where = listening();
  bar.hidden = !where;
  if (!where) return;
  bar.replaceChildren(h("span", {}, h("strong", {}, "In voice"), h("small", {}, `${where.place?.name ?? "a channel"} / ${where.home.name}`)),
    iconButton("phone", "Leave voice", () => toggleVoice(where.place), { class: "danger" }));
}

/** The button of the header of a voice channel. */
export function voiceButton(place) {
  const present = guild()?.voice.get(store.me) === place.id;
  return h("button", { type: "button", class: present ? "button danger" : "button success", onclick: () => toggleVoice(place) },
    present ? "Leave voice" : "Join voice");
}

on("voice place loaded", draw);
