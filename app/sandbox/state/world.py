"""The whole state of the sandbox, in memory, with lookups that answer as Discord does."""

from dataclasses import dataclass, field

from app.sandbox.constants import PRIVILEGED, ChannelType, Json
from app.sandbox.errors import unknown
from app.sandbox.ids import Snowflakes
from app.sandbox.state.models import Channel, Guild, Invite, Member, Message, User


@dataclass(slots=True)
class Application:
    """The application that the bot logs in as; `intents` are the privileged ones it was granted."""

    id: int
    name: str
    owner_id: int
    token: str
    intents: int = int(PRIVILEGED)


@dataclass(slots=True)
class World:
    """Everything the sandbox knows."""

    application: Application
    ids: Snowflakes = field(default_factory=Snowflakes)
    users: dict[int, User] = field(default_factory=dict)
    guilds: dict[int, Guild] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    invites: dict[str, Invite] = field(default_factory=dict)
    commands: dict[int, Json] = field(default_factory=dict)
    ephemeral: dict[int, Message] = field(default_factory=dict)
    nonces: dict[tuple[int, str], int] = field(default_factory=dict)

    @property
    def bot(self) -> User:
        """The bot user, whose id is that of its application."""
        return self.users[self.application.id]

    def user(self, user_id: int) -> User:
        """The user, or 404."""
        found = self.users.get(user_id)
        if found is None:
            raise unknown("User")
        return found

    def guild(self, guild_id: int) -> Guild:
        """The guild, or 404."""
        found = self.guilds.get(guild_id)
        if found is None:
            raise unknown("Guild")
        return found

    def channel(self, channel_id: int) -> Channel:
        """The channel, thread or direct message, or 404."""
        found = self.channels.get(channel_id)
        if found is None:
            raise unknown("Channel")
        return found

    def member(self, guild_id: int, user_id: int) -> Member:
        """The member, or 404."""
        found = self.guild(guild_id).members.get(user_id)
        if found is None:
            raise unknown("Member")
        return found

    def message(self, channel_id: int, message_id: int) -> Message:
        """The message of that channel, or 404."""
        found = self.channel(channel_id).history.get(message_id)
        if found is None:
            raise unknown("Message")
        return found

    def add_channel(self, channel: Channel) -> Channel:
        """Put the channel where lookups find it."""
        self.channels[channel.id] = channel
        if channel.guild_id:
            self.guilds[channel.guild_id].channels[channel.id] = channel
        return channel

    def drop_channel(self, channel: Channel) -> None:
        """Forget the channel and its messages."""
        self.channels.pop(channel.id, None)
        if channel.guild_id:
            self.guilds[channel.guild_id].channels.pop(channel.id, None)

    def direct_channel(self, *user_ids: int) -> Channel:
        """The direct-message channel of these users, made on first use."""
        wanted = frozenset(user_ids)
        for channel in self.channels.values():
            if channel.kind is ChannelType.DM and frozenset(channel.recipients) == wanted:
                return channel
        return self.add_channel(Channel(self.ids.next(), ChannelType.DM, 0, recipients=tuple(user_ids)))

    def threads_of(self, parent_id: int) -> list[Channel]:
        """The threads below a channel, oldest first."""
        return [c for c in self.channels.values() if c.is_thread and c.parent_id == parent_id]
