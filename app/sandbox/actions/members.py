"""Members joining, changing and leaving, and the bot itself coming and going."""

import orjson

from app.sandbox import ids
from app.sandbox.actions import voice
from app.sandbox.box import Box
from app.sandbox.constants import Intent, Json
from app.sandbox.gateway.payloads import guild_create
from app.sandbox.hub import Event
from app.sandbox.render import users
from app.sandbox.state.models import Guild, Member


def join(box: Box, guild: Guild, user_id: int, roles: list[int] | None = None) -> Member:
    """Make the user a member and tell; a member stays as he is."""
    known = guild.members.get(user_id)
    if known:
        return known
    member = guild.members[user_id] = Member(user_id, ids.now_iso(), roles or [])
    if user_id == box.world.application.id:
        guild.bot_joined_at = member.joined_at
        announce_guild(box, guild)
    else:
        _publish(box, guild, "GUILD_MEMBER_ADD", users.member(box.world, member))
    return member


def announce_guild(box: Box, guild: Guild) -> None:
    """GUILD_CREATE for every session, each as its intents allow."""
    for session in box.hub.sessions.values():
        if session.takes_guild(guild.id) and session.intents & Intent.GUILDS:
            body = guild_create(box.world, guild, session.intents)
            # Only a guild that comes back from an outage, or at login, says that it is available.
            del body["unavailable"]
            session.dispatch("GUILD_CREATE", orjson.dumps(body))


def leave(box: Box, guild: Guild, user_id: int) -> None:
    """End the membership and tell."""
    voice.leave(box, user_id, guild.id)
    user = users.user(box.world.users[user_id])
    if user_id == box.world.application.id:
        event = Event("GUILD_DELETE", {"id": str(guild.id)}, guild_id=guild.id, users=frozenset({user_id}))
        del guild.members[user_id]
        box.hub.publish(event)
        return
    _publish(box, guild, "GUILD_MEMBER_REMOVE", {"user": user})
    del guild.members[user_id]


def update(box: Box, guild: Guild, member: Member, changes: Json) -> Member:
    """Change nick, roles, mute, deaf or timeout, and tell."""
    for key, value in changes.items():
        setattr(member, key, value)
    data = users.member(box.world, member)
    event = Event("GUILD_MEMBER_UPDATE", {**data, "guild_id": str(guild.id)}, guild_id=guild.id)
    # A bot hears of changes to itself without the members intent.
    event.own = member.user_id == box.world.application.id
    box.hub.publish(event)
    return member


def ban(box: Box, guild: Guild, user_id: int, reason: str | None) -> None:
    """Ban the user, who leaves if he was there."""
    if user_id in guild.members:
        leave(box, guild, user_id)
    guild.bans[user_id] = reason
    _publish(box, guild, "GUILD_BAN_ADD", {"user": users.user(box.world.users[user_id])})


def unban(box: Box, guild: Guild, user_id: int) -> None:
    """Lift the ban."""
    del guild.bans[user_id]
    _publish(box, guild, "GUILD_BAN_REMOVE", {"user": users.user(box.world.users[user_id])})


def _publish(box: Box, guild: Guild, name: str, data: Json) -> None:
    box.hub.publish(Event(name, {**data, "guild_id": str(guild.id)}, guild_id=guild.id))
