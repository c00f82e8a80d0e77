"""Voice states as events."""

from typing import Annotated

import msgspec

from app.core.events import Event, Millis, Snowflake


class VoiceStateChanged(Event, frozen=True, kw_only=True, tag="voice_state_changed"):
    """A member entered, changed or (`channel_id` None) left a voice channel, or was found in one at start."""

    user_id: Snowflake
    channel_id: Snowflake | None = None
    session_id: Annotated[str, msgspec.Meta(max_length=64)] = ""
    self_mute: bool = False
    self_deaf: bool = False
    mute: bool = False
    deaf: bool = False
    suppress: bool = False


class VoiceHeard(Event, frozen=True, kw_only=True, tag="voice_heard"):
    """Up to `at` the bot heard everything about voice in these guilds; sent every half minute, with guild 0.

    It takes effect when everything with a lower `seq` is committed.
    """

    guild_ids: Annotated[tuple[Snowflake, ...], msgspec.Meta(max_length=1000)]


class VoiceListed(Event, frozen=True, kw_only=True, tag="voice_listed"):
    """The guild's whole list of members in voice, as a (re)connected bot finds it; whoever is missing has left.

    The missing are taken to have left at `last_heard` (when the bot last heard from this guild, where it knows), so
    that an outage is not counted as talking. It takes effect when everything with a lower `seq` is committed. Send
    it before the `VoiceStateChanged` of those who are present.
    """

    user_ids: tuple[Snowflake, ...] = ()
    last_heard: Millis | None = None
