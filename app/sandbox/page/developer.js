// Bad days on demand, for whoever works on the bot.

import * as api from "./api.js";
import { byId, h } from "./dom.js";
import { announce, on, store } from "./state.js";

const FAULTS = [
  { label: "Drop the socket", hint: "The gateway connection breaks; the bot resumes.", body: { kind: "drop" } },
  { label: "Ask to reconnect", hint: "Discord asks the bot to come back.", body: { kind: "reconnect" } },
  { label: "End the session", hint: "No resume: the bot logs in anew.", body: { kind: "invalid_session" } },
  { label: "Rate limit", hint: "The next 3 requests answer 429.", body: { kind: "429", count: 3, seconds: 2 } },
  { label: "Server errors", hint: "For 10 seconds every request answers 502.", body: { kind: "5xx", seconds: 10 } },
  { label: "Slow answers", hint: "The next 5 requests take 2 seconds.", body: { kind: "delay", count: 5, seconds: 2 } },
];

async function cause({ label, body }) {
  try {
    await api.fault(body);
    announce("said", `Done: ${label.toLowerCase()}.`);
  } catch (error) {
    announce("refused", error.message);
  }
}

async function mend() {
  try {
    await api.clearFaults();
    announce("said", "All faults are over.");
  } catch (error) {
    announce("refused", error.message);
  }
}

const button = (row) => h("li", {}, h("button", { type: "button", class: "button secondary", onclick: () => cause(row) }, row.label),
  h("small", { class: "hint" }, row.hint));

byId("faults").replaceChildren(...FAULTS.map(button),
  h("li", {}, h("button", { type: "button", class: "button primary", onclick: mend }, "Mend everything")));

function drawIds() {
  const rows = { Server: store.guildId, Channel: store.channelId, You: store.me, Bot: store.bot.user?.id };
  byId("ids").replaceChildren(...Object.entries(rows).filter(([, id]) => id)
    .flatMap(([name, id]) => [h("dt", {}, name), h("dd", {}, h("code", {}, id))]));
}

on("place loaded", drawIds);
