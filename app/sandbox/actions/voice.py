"""Members entering, changing and leaving voice channels."""

import secrets

from app.sandbox.box import Box
from app.sandbox.constants import VOICE_LIKE
from app.sandbox.errors import DiscordError, unknown
from app.sandbox.hub import Event
from app.sandbox.render import users
from app.sandbox.state.models import Guild, VoiceState


def move(box: Box, user_id: int, channel_id: int | None, *, guild_id: int = 0) -> list[int]:
    """Put the user into the channel, out of any other; None leaves. Returns the guilds that changed."""
    if channel_id is None:
        return leave(box, user_id, guild_id)
    channel = box.world.channel(channel_id)
    if channel.kind not in VOICE_LIKE:
        raise DiscordError(400, 50024, "Cannot execute action on this channel type")
    guild = box.world.guilds[channel.guild_id]
    if user_id not in guild.members:
        raise unknown("Member")
    for other in box.world.guilds.values():
        # Discord lets a person be in one voice channel at a time; a bot in one per guild.
        if other is not guild and not box.world.users[user_id].bot:
            _drop(box, other, user_id)
    known = guild.voice.get(user_id)
    state = VoiceState(user_id, channel_id, known.session_id if known else secrets.token_hex(16))
    guild.voice[user_id] = state
    _publish(box, guild, state)
    return [guild.id]


def leave(box: Box, user_id: int, guild_id: int = 0) -> list[int]:
    """Take the user out of voice, everywhere or in one guild."""
    homes = [g for g in box.world.guilds.values() if guild_id in {0, g.id}]
    return [g.id for g in homes if _drop(box, g, user_id)]


def _drop(box: Box, guild: Guild, user_id: int) -> bool:
    state = guild.voice.pop(user_id, None)
    if state is None:
        return False
    _publish(box, guild, state, left=True)
    return True


def _publish(box: Box, guild: Guild, state: VoiceState, *, left: bool = False) -> None:
    data = users.voice_state(box.world, guild.id, state, left=left)
    box.hub.publish(Event("VOICE_STATE_UPDATE", data, guild_id=guild.id))
