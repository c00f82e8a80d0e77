"""Users and members as Discord writes them."""

from app.sandbox.constants import Json
from app.sandbox.state.models import Member, User, VoiceState
from app.sandbox.state.world import World


def user(person: User) -> Json:
    """A user object."""
    return {
        "id": str(person.id),
        "username": person.username,
        "global_name": person.global_name,
        "discriminator": "0000" if person.bot else "0",
        "avatar": None,
        "public_flags": 0,
        "flags": 0,
        "primary_guild": None,
        "avatar_decoration_data": None,
        "bot": person.bot,
    }


def own_user(person: User) -> Json:
    """A user object with what only the account itself may read."""
    return {**user(person), "mfa_enabled": False, "verified": True, "email": None, "locale": person.locale}


def bare_member(member: Member) -> Json:
    """A member object without its user, as messages carry it."""
    return {
        "roles": [str(r) for r in member.roles],
        "nick": member.nick,
        "avatar": None,
        "banner": None,
        "joined_at": member.joined_at,
        "premium_since": None,
        "communication_disabled_until": member.timed_out_until,
        "flags": 0,
        "pending": False,
        "mute": member.mute,
        "deaf": member.deaf,
    }


def member(world: World, row: Member) -> Json:
    """A member object with its user."""
    return {**bare_member(row), "user": user(world.users[row.user_id])}


def voice_state(world: World, guild_id: int, state: VoiceState, *, left: bool = False) -> Json:
    """A voice state; `left` writes the one that says the member is gone."""
    guild = world.guilds[guild_id]
    row = guild.members.get(state.user_id)
    body: Json = {
        "guild_id": str(guild_id),
        "channel_id": None if left else str(state.channel_id),
        "user_id": str(state.user_id),
        "session_id": state.session_id,
        "deaf": bool(row and row.deaf),
        "mute": bool(row and row.mute),
        "self_deaf": state.self_deaf,
        "self_mute": state.self_mute,
        "self_stream": False,
        "self_video": False,
        # Nobody speaks in the AFK channel, and clients tell it by this field.
        "suppress": not left and state.channel_id == guild.afk_channel_id,
        "request_to_speak_timestamp": None,
    }
    if row:
        body["member"] = member(world, row)
    return body
