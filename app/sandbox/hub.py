"""Sends each event to the gateway sessions and page watchers that may see it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import orjson

from app.sandbox.constants import Intent, Json
from app.sandbox.permissions import can_view
from app.sandbox.state.world import World

_CONTENT_FIELDS: Json = {"content": "", "embeds": [], "attachments": [], "components": []}

_BY_PREFIX = (
    ("GUILD_MEMBER_", Intent.GUILD_MEMBERS, None),
    ("THREAD_MEMBERS_", Intent.GUILD_MEMBERS, None),
    ("GUILD_BAN_", Intent.GUILD_MODERATION, None),
    ("GUILD_", Intent.GUILDS, None),
    ("CHANNEL_", Intent.GUILDS, None),
    ("THREAD_", Intent.GUILDS, None),
    ("INVITE_", Intent.GUILD_INVITES, None),
    ("VOICE_", Intent.GUILD_VOICE_STATES, None),
    ("MESSAGE_REACTION_", Intent.GUILD_MESSAGE_REACTIONS, Intent.DIRECT_MESSAGE_REACTIONS),
    ("MESSAGE_", Intent.GUILD_MESSAGES, Intent.DIRECT_MESSAGES),
    ("TYPING_", Intent.GUILD_MESSAGE_TYPING, Intent.DIRECT_MESSAGE_TYPING),
)


@dataclass(slots=True)
class Event:
    """One thing that happened, and who may know.

    `users`, when given, are the only ones; else `channel_id` asks for its viewers and
    `guild_id` alone for its members. `author_id` marks what carries message content, and
    `page_only` what no gateway sends (ephemeral answers, which the client shows by itself);
    `own` is about the bot itself, which needs no intent to hear of it.
    """

    name: str
    data: Json
    guild_id: int = 0
    channel_id: int = 0
    users: frozenset[int] | None = None
    author_id: int | None = None
    page_only: bool = False
    own: bool = False


class Receiver(Protocol):
    """A gateway session."""

    intents: int

    def takes_guild(self, guild_id: int) -> bool:
        """Whether the session's shard serves the guild."""

    def dispatch(self, name: str, payload: bytes) -> None:
        """Number the event, remember it for a resume and send it if connected."""


Watcher = Callable[[str, bytes], None]


def intent_of(event: Event) -> int:
    """The intent that a session needs for the event; 0 when every session gets it."""
    if event.own:
        return 0
    for prefix, in_guild, direct in _BY_PREFIX:
        if event.name.startswith(prefix):
            return int(in_guild if event.guild_id or direct is None else direct)
    return 0


class Hub:
    """Knows who listens."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.sessions: dict[str, Receiver] = {}
        self.watchers: dict[Watcher, int] = {}
        self.farewells: set[Callable[[], None]] = set()

    def publish(self, event: Event) -> None:
        """Send the event to everyone who may see it."""
        self._to_gateway(event)
        for watcher, user_id in list(self.watchers.items()):
            if self.may_see(event, user_id):
                watcher(event.name, orjson.dumps({"type": event.name.lower(), "data": event.data}))

    def _to_gateway(self, event: Event) -> None:
        bot_id = self._world.application.id
        if event.page_only or not self.sessions or not self.may_see(event, bot_id):
            return
        full = stripped = None
        for session in self.sessions.values():
            if not _wants(session, event):
                continue
            if self.hides_content(event, session.intents):
                stripped = stripped or orjson.dumps(_without_content(event.data))
                session.dispatch(event.name, stripped)
            else:
                full = full or orjson.dumps(event.data)
                session.dispatch(event.name, full)

    def takes(self, session: Receiver, event: Event) -> bool:
        """Whether the session gets the event."""
        return _wants(session, event) and self.may_see(event, self._world.application.id)

    def may_see(self, event: Event, user_id: int) -> bool:
        """Whether the event is any business of the user."""
        if event.users is not None:
            return user_id in event.users
        if event.channel_id:
            channel = self._world.channels.get(event.channel_id)
            return channel is not None and can_view(self._world, channel, user_id)
        guild = self._world.guilds.get(event.guild_id)
        return guild is not None and user_id in guild.members

    def hides_content(self, event: Event, intents: int) -> bool:
        """Whether a session with these intents gets the message without its text."""
        if event.author_id is None or not event.guild_id or intents & Intent.MESSAGE_CONTENT:
            return False
        bot_id = self._world.application.id
        mentioned = any(m["id"] == str(bot_id) for m in event.data.get("mentions", ()))
        return event.author_id != bot_id and not mentioned


def _wants(session: Receiver, event: Event) -> bool:
    return not intent_of(event) & ~session.intents and session.takes_guild(event.guild_id)


def _without_content(data: Json) -> Json:
    return {**data, **{key: empty for key, empty in _CONTENT_FIELDS.items() if key in data}}
