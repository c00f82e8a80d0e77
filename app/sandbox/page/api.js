// Every request of the page to the sandbox's control API.

/** The sandbox refused, or could not be reached; the message is fit to show. */
export class Refusal extends Error {}

async function call(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Refusal("The sandbox cannot be reached.");
  }
  const body = answer.status === 204 ? {} : await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refusal(body.error ?? body.message ?? `The sandbox answered ${answer.status}.`);
  return body;
}

const get = (path) => call(path);

const post = (path, body) =>
  call(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

export const state = () => get("/sandbox/state");
export const messages = (channel, query) => get(`/sandbox/channels/${channel}/messages?${new URLSearchParams(query)}`);
export const commands = (user, channel) => get(`/sandbox/commands?${new URLSearchParams({ user, channel })}`);
export const send = (body) => post("/sandbox/messages", body);
export const edit = (channel, message, content) => post("/sandbox/messages/edit", { channel, message, content });
export const remove = (channel, message) => post("/sandbox/messages/delete", { channel, messages: [message] });
export const react = (body) => post("/sandbox/reactions", body);
export const typing = (channel, user) => post("/sandbox/typing", { channel, user });
export const voice = (user, channel, guild) => post("/sandbox/voice", { user, channel, guild });
export const membership = (guild, user, action) => post("/sandbox/members", { guild, user, action });
export const newUser = (name) => post("/sandbox/users", { name });
export const newChannel = (body) => post("/sandbox/channels", body);
export const fault = (body) => post("/sandbox/faults", body);
export const interact = (body) => post("/sandbox/interactions", body);
export const interaction = (id) => get(`/sandbox/interactions/${id}`);
