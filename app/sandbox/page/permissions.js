// Who may see and do what, computed as Discord documents it: roles, then the channel's overwrites.

const BIT = {
  ADMINISTRATOR: 1n << 3n,
  ADD_REACTIONS: 1n << 6n,
  VIEW_CHANNEL: 1n << 10n,
  SEND_MESSAGES: 1n << 11n,
  MANAGE_MESSAGES: 1n << 13n,
  ATTACH_FILES: 1n << 15n,
  CONNECT: 1n << 20n,
  SEND_MESSAGES_IN_THREADS: 1n << 38n,
};
const ALL = (1n << 53n) - 1n;

function inGuild(guild, userId) {
  const member = guild.members.get(userId);
  if (!member) return 0n;
  if (guild.owner_id === userId) return ALL;
  let total = 0n;
  for (const id of [guild.id, ...member.roles]) total |= BigInt(guild.roles.get(id)?.permissions ?? 0);
  return total & BIT.ADMINISTRATOR ? ALL : total;
}

function withOverwrites(total, guild, member, overwrites) {
  const everyone = overwrites.find((row) => row.id === guild.id);
  if (everyone) total = (total & ~BigInt(everyone.deny)) | BigInt(everyone.allow);
  let allow = 0n;
  let deny = 0n;
  for (const row of overwrites.filter((one) => member.roles.includes(one.id))) {
    allow |= BigInt(row.allow);
    deny |= BigInt(row.deny);
  }
  total = (total & ~deny) | allow;
  const own = overwrites.find((row) => row.id === member.user.id);
  return own ? (total & ~BigInt(own.deny)) | BigInt(own.allow) : total;
}

/** Whether the user holds the named permission in the channel; a thread has those of its parent. */
export function may(guild, channel, userId, name) {
  if (!guild) return true;
  const total = inGuild(guild, userId);
  if (total === ALL) return true;
  const place = channel.thread_metadata ? guild.channels.get(channel.parent_id) : channel;
  const member = guild.members.get(userId);
  if (!member || !place) return false;
  const held = withOverwrites(total, guild, member, place.permission_overwrites ?? []);
  return Boolean(held & BIT.VIEW_CHANNEL && held & BIT[name]);
}

/** Whether the user may write there. */
export const maySend = (guild, channel, userId) =>
  may(guild, channel, userId, channel.thread_metadata ? "SEND_MESSAGES_IN_THREADS" : "SEND_MESSAGES");

/** The highest hoisted role of a member, or null. */
export function hoistedRole(guild, member) {
  return rolesOf(guild, member).find((role) => role.hoist) ?? null;
}

/** A member's roles, highest first. */
export function rolesOf(guild, member) {
  return member.roles.map((id) => guild.roles.get(id)).filter(Boolean).sort((one, other) => other.position - one.position);
}

/** The colour of a member's name, a number, 0 for none. */
export function colourOf(guild, userId) {
  const member = guild?.members.get(userId);
  return member ? rolesOf(guild, member).find((role) => role.color)?.color ?? 0 : 0;
}
