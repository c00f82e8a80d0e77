"""What the sandbox remembers: users, guilds, channels, members and messages, with plain integer ids."""

from dataclasses import dataclass, field

from app.sandbox.constants import THREADS, ChannelType, Json
from app.sandbox.state.history import History


@dataclass(slots=True)
class User:
    """An account, human or bot."""

    id: int
    username: str
    global_name: str | None = None
    bot: bool = False
    locale: str = "en-US"


@dataclass(slots=True)
class Role:
    """A role of a guild; the one with the guild's id is @everyone."""

    id: int
    name: str
    permissions: int
    position: int = 0
    color: int = 0
    hoist: bool = False
    mentionable: bool = False
    managed: bool = False
    bot_id: int | None = None


@dataclass(slots=True)
class Overwrite:
    """What a channel allows and denies to a role (kind 0) or a member (kind 1)."""

    id: int
    kind: int
    allow: int = 0
    deny: int = 0


@dataclass(slots=True)
class ThreadState:
    """What only threads have."""

    owner_id: int
    archive_timestamp: str
    members: dict[int, str] = field(default_factory=dict)
    archived: bool = False
    locked: bool = False
    invitable: bool = True
    auto_archive_minutes: int = 1440
    applied_tags: list[int] = field(default_factory=list)
    total_sent: int = 0


@dataclass(slots=True)
class Channel:
    """A guild channel, a thread, or (guild 0) a direct message."""

    id: int
    kind: ChannelType
    guild_id: int
    name: str = ""
    position: int = 0
    parent_id: int | None = None
    topic: str | None = None
    nsfw: bool = False
    slowmode: int = 0
    bitrate: int = 64_000
    user_limit: int = 0
    overwrites: dict[int, Overwrite] = field(default_factory=dict)
    recipients: tuple[int, ...] = ()
    tags: list[Json] = field(default_factory=list)
    thread: ThreadState | None = None
    last_message_id: int | None = None
    last_pin_timestamp: str | None = None
    history: "History[Message]" = field(default_factory=History)

    @property
    def is_thread(self) -> bool:
        """Whether messages stand in a thread of another channel."""
        return self.kind in THREADS


@dataclass(slots=True)
class Member:
    """A user in a guild."""

    user_id: int
    joined_at: str
    roles: list[int] = field(default_factory=list)
    nick: str | None = None
    timed_out_until: str | None = None
    mute: bool = False
    deaf: bool = False


@dataclass(slots=True)
class VoiceState:
    """Where a member listens."""

    user_id: int
    channel_id: int
    session_id: str
    self_mute: bool = False
    self_deaf: bool = False


@dataclass(slots=True)
class Guild:
    """A server with its roles, members and who is in voice."""

    id: int
    name: str
    owner_id: int
    bot_joined_at: str
    locale: str = "en-US"
    roles: dict[int, Role] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    voice: dict[int, VoiceState] = field(default_factory=dict)
    bans: dict[int, str | None] = field(default_factory=dict)
    afk_channel_id: int | None = None
    system_channel_id: int | None = None
    description: str | None = None
    vanity_code: str | None = None
    vanity_uses: int = 0


@dataclass(slots=True)
class Extras:
    """What few messages have, kept apart so that plain ones stay small."""

    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    nonce: str | int | None = None
    reply_to: int | None = None
    interaction: Json | None = None
    application_id: int | None = None
    thread_id: int | None = None
    mention_everyone: bool = False
    pinned_at: str | None = None
    viewer_id: int | None = None


@dataclass(slots=True)
class Message:
    """One message; `viewer_id` of its extras names who alone sees an ephemeral one."""

    id: int
    channel_id: int
    guild_id: int
    author_id: int
    content: str
    kind: int = 0
    flags: int = 0
    edited_at: str | None = None
    extras: Extras | None = None
    reactions: dict[str, list[int]] | None = None


@dataclass(slots=True)
class Invite:
    """A way into a guild."""

    code: str
    guild_id: int
    channel_id: int
    inviter_id: int
    created_at: str
    max_age: int = 86_400
    max_uses: int = 0
    temporary: bool = False
    uses: int = 0
