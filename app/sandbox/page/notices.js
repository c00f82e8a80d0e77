// Short sentences about what happened, whether the bot and the sandbox are there, and who is typing.

import { byId, h, iconButton } from "./dom.js";
import { nameOf, on, store } from "./state.js";

const STAYS = 6000;
const TYPING_LASTS = 10_000;
const shelf = byId("notices");
const writing = new Map();

function say(text, kind) {
  const note = h("div", { class: `notice ${kind}`, role: kind === "bad" ? "alert" : "status" }, h("span", {}, text),
    iconButton("close", "Dismiss", () => note.remove()));
  shelf.append(note);
  setTimeout(() => note.remove(), STAYS);
  while (shelf.children.length > 4) shelf.firstElementChild.remove();
}

function drawBot() {
  const { user, connected } = store.bot;
  const status = byId("bot-status");
  status.classList.toggle("on", Boolean(connected));
  status.textContent = connected ? `${nameOf(user.id)} is connected` : connected === null ? "" : "The bot is not connected";
}

function drawTyping() {
  const people = [...writing.values()].filter((row) => row.channel === store.channelId && row.user !== store.me);
  const who = people.map((row) => nameOf(row.user));
  const line = byId("typing");
  line.hidden = !who.length;
  if (!who.length) return;
  const text = who.length > 3 ? "Several people are typing…" : `${who.join(" and ")} ${who.length === 1 ? "is" : "are"} typing…`;
  line.replaceChildren(h("span", { class: "dots", "aria-hidden": "true" }), text);
}

function stopWriting(key) {
  clearTimeout(writing.get(key)?.timer);
  writing.delete(key);
  drawTyping();
}

on("said", (text) => say(text, "good"));
on("refused", (text) => say(text, "bad"));
on("offline", () => { byId("offline").hidden = false; });
on("online", () => { byId("offline").hidden = true; });
on("bot loaded", drawBot);
on("place", drawTyping);
on("typing", ({ channel_id: channel, user_id: user }) => {
  const key = `${channel} ${user}`;
  clearTimeout(writing.get(key)?.timer);
  writing.set(key, { channel, user, timer: setTimeout(() => stopWriting(key), TYPING_LASTS) });
  drawTyping();
});
on("written", (row) => stopWriting(`${row.channel_id} ${row.author.id}`));
