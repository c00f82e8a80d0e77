// Every request of the page to the sandbox's control API.

/** The sandbox refused, or could not be reached; the message is fit to show. */
class Refusal extends Error {}

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

const query = (values) => new URLSearchParams(values).toString();

export const state = (user) => get(user ? `/sandbox/state?${query({ user })}` : "/sandbox/state");
export const sessions = () => get("/sandbox/sessions");
export const messages = (channel, values) => get(`/sandbox/channels/${channel}/messages?${query(values)}`);
export const commands = (user, channel) => get(`/sandbox/commands?${query({ user, channel })}`);
export const edit = (channel, message, content) => post("/sandbox/messages/edit", { channel, message, content });
export const remove = (channel, message) => post("/sandbox/messages/delete", { channel, messages: [message] });
export const react = (body) => post("/sandbox/reactions", body);
export const typing = (channel, user) => post("/sandbox/typing", { channel, user });
export const voice = (user, channel) => post("/sandbox/voice", { user, channel });
export const membership = (guild, user, action) => post("/sandbox/members", { guild, user, action });
export const newUser = (name, guild) => post("/sandbox/users", { name, guild });
export const direct = (user) => post("/sandbox/channels", { type: "dm", user });
export const fault = (body) => post("/sandbox/faults", body);
export const clearFaults = () => call("/sandbox/faults", { method: "DELETE" });
export const interact = (body) => post("/sandbox/interactions", body);
export const interaction = (id) => get(`/sandbox/interactions/${id}`);

/** Post a message; files travel as a form beside it. */
export function send(body, files = []) {
  if (!files.length) return post("/sandbox/messages", body);
  const form = new FormData();
  form.append("payload_json", JSON.stringify(body));
  files.forEach((file, index) => form.append(`files[${index}]`, file, file.name));
  return call("/sandbox/messages", { method: "POST", body: form });
}
