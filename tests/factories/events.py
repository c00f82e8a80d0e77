"""Events with everything that a test does not care about filled in."""

import itertools
from datetime import UTC, datetime
from typing import Any

from app.activity.guilds.messages import ChannelDeleted, ChannelSeen, GuildLeft, GuildSeen, RoleDeleted, RoleSeen
from app.activity.ingest.messages import Batch, WatermarkAdvanced, encode
from app.activity.invites.messages import InviteCreated, InviteDeleted
from app.activity.members.messages import MemberJoined, MemberLeft, MemberUpdated
from app.activity.messages.messages import ChannelListed, MessageEdited, MessagesDeleted, MessageSeen, OwnPostSeen
from app.activity.reactions.messages import ReactionAdded, ReactionRemoved, ReactionsCleared
from app.activity.voice.messages import VoiceListed, VoiceStateChanged
from app.core.clock import now, snowflake_at

GUILD, CHANNEL, USER = 1000, 2000, 3000


def millis(moment: datetime | None = None) -> int:
    """A moment (default: now) as events carry it."""
    return int((moment or datetime.now(UTC)).timestamp() * 1000)


class Events:
    """Makes events whose `seq` grows, as one bot stamps them."""

    def __init__(self, *, guild: int = GUILD, channel: int = CHANNEL, user: int = USER, at: int | None = None) -> None:
        self.guild, self.channel, self.user = guild, channel, user
        self.at = millis() if at is None else at
        self._seqs = itertools.count(1)
        self._ids = itertools.count(snowflake_at(now()) - (1 << 40))

    def new_id(self) -> int:
        """An id that Discord could have made a few days ago or less, greater than the last."""
        return next(self._ids)

    def _make(self, event: Any, values: dict[str, Any], **defaults: Any) -> Any:
        stamps = {"seq": next(self._seqs), "guild_id": self.guild, "at": self.at}
        return event(**{**stamps, **defaults, **values})

    def _version(self, event: Any, values: dict[str, Any], **defaults: Any) -> Any:
        author = {"author_id": self.user, "author_name": "ada", "author_display": "Ada", "channel_id": self.channel}
        return self._make(event, values, **author, **defaults)

    def seen(self, content: str | None = "hello", **values: Any) -> MessageSeen:
        return self._version(MessageSeen, values, content=content, id=values.get("id") or self.new_id())

    def edited(self, message: int, content: str | None, **values: Any) -> MessageEdited:
        return self._version(MessageEdited, values, content=content, id=message, edited_at=self.at)

    def deleted(self, *messages: int, **values: Any) -> MessagesDeleted:
        return self._make(MessagesDeleted, values, channel_id=self.channel, ids=messages)

    def listed(self, **values: Any) -> ChannelListed:
        return self._make(ChannelListed, values, channel_id=self.channel)

    def own_post(self, nonce: str, message: int, **values: Any) -> OwnPostSeen:
        return self._make(OwnPostSeen, values, nonce=nonce, message_id=message, channel_id=self.channel)

    def reacted(self, message: int, emoji: str = "👍", **values: Any) -> ReactionAdded:
        return self._make(
            ReactionAdded, values, message_id=message, emoji=emoji, user_id=self.user, channel_id=self.channel
        )

    def unreacted(self, message: int, emoji: str = "👍", **values: Any) -> ReactionRemoved:
        return self._make(
            ReactionRemoved, values, message_id=message, emoji=emoji, user_id=self.user, channel_id=self.channel
        )

    def cleared(self, message: int, emoji: str | None = None, **values: Any) -> ReactionsCleared:
        return self._make(ReactionsCleared, values, message_id=message, emoji=emoji, channel_id=self.channel)

    def voice(self, channel: int | None, **values: Any) -> VoiceStateChanged:
        return self._make(VoiceStateChanged, values, channel_id=channel, user_id=self.user)

    def voice_listed(self, *users: int, **values: Any) -> VoiceListed:
        return self._make(VoiceListed, values, user_ids=users)

    def joined(self, **values: Any) -> MemberJoined:
        return self._make(MemberJoined, values, user_id=self.user, name="ada", display_name="Ada", joined_at=self.at)

    def updated(self, **values: Any) -> MemberUpdated:
        return self._make(MemberUpdated, values, user_id=self.user, name="ada", display_name="Ada", joined_at=self.at)

    def left(self, **values: Any) -> MemberLeft:
        return self._make(MemberLeft, values, user_id=self.user)

    def guild_seen(self, **values: Any) -> GuildSeen:
        return self._make(GuildSeen, values, name="Hall")

    def guild_left(self, **values: Any) -> GuildLeft:
        return self._make(GuildLeft, values)

    def channel_seen(self, **values: Any) -> ChannelSeen:
        return self._make(ChannelSeen, values, id=self.channel, kind=0, name="general")

    def channel_deleted(self, **values: Any) -> ChannelDeleted:
        return self._make(ChannelDeleted, values, id=self.channel)

    def role_seen(self, **values: Any) -> RoleSeen:
        return self._make(RoleSeen, values, id=4000, name="thane")

    def role_deleted(self, **values: Any) -> RoleDeleted:
        return self._make(RoleDeleted, values, id=4000)

    def invited(self, **values: Any) -> InviteCreated:
        return self._make(InviteCreated, values, code="abc", inviter_id=self.user, channel_id=self.channel)

    def uninvited(self, **values: Any) -> InviteDeleted:
        return self._make(InviteDeleted, values, code="abc")

    def watermark(self, message: int, **values: Any) -> WatermarkAdvanced:
        return self._make(WatermarkAdvanced, values, channel_id=self.channel, complete_to=message)


def payload(entry_id: str, *events: Any) -> bytes:
    """A ledger entry of these events."""
    return encode(Batch(id=entry_id, events=events))
