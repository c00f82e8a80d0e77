"""The objects behind ids in an interaction: users, members, roles, channels, messages, files."""

from app.sandbox.box import Box
from app.sandbox.constants import Json
from app.sandbox.errors import BadInput
from app.sandbox.permissions import channel_permissions, guild_permissions
from app.sandbox.render import guilds, users
from app.sandbox.render import messages as render
from app.sandbox.state.models import Channel, Message

_MEMBERLESS = ("user", "deaf", "mute")


class Resolved:
    """Collects what ids stand for, in Discord's `resolved` form."""

    def __init__(self, box: Box, channel: Channel) -> None:
        self._box = box
        self._channel = channel
        self.data: Json = {}

    def user(self, user_id: int) -> None:
        """A user, with his member in the guild."""
        person = self._box.world.users.get(user_id)
        if person is None:
            raise BadInput(f"{user_id} is no user; GET /sandbox/state lists them")
        self.data.setdefault("users", {})[str(user_id)] = users.user(person)
        guild = self._box.world.guilds.get(self._channel.guild_id)
        member = guild.members.get(user_id) if guild else None
        if member and guild:
            body = {k: v for k, v in users.bare_member(member).items() if k not in _MEMBERLESS}
            body["permissions"] = str(channel_permissions(self._box.world, self._channel, user_id))
            self.data.setdefault("members", {})[str(user_id)] = body

    def role(self, role_id: int) -> None:
        """A role of the guild."""
        guild = self._box.world.guilds.get(self._channel.guild_id)
        role = guild.roles.get(role_id) if guild else None
        if role is None:
            raise BadInput(f"{role_id} is no role of this guild")
        self.data.setdefault("roles", {})[str(role_id)] = guilds.role(role)

    def mentionable(self, wanted: int) -> None:
        """A user or a role."""
        if wanted in self._box.world.users:
            self.user(wanted)
        else:
            self.role(wanted)

    def channel(self, channel_id: int, viewer_id: int) -> None:
        """A channel, partially."""
        found = self._box.world.channels.get(channel_id)
        if found is None or found.guild_id != self._channel.guild_id:
            raise BadInput(f"{channel_id} is no channel of this guild")
        self.data.setdefault("channels", {})[str(channel_id)] = partial_channel(self._box, found, viewer_id)

    def message(self, row: Message) -> None:
        """A message."""
        self.data.setdefault("messages", {})[str(row.id)] = render.message(self._box.world, row)

    def attachment(self, body: Json) -> None:
        """An uploaded file."""
        self.data.setdefault("attachments", {})[body["id"]] = {**body, "ephemeral": True}


def partial_channel(box: Box, channel: Channel, viewer_id: int) -> Json:
    """A channel with the viewer's permissions in it."""
    body = guilds.channel(box.world, channel)
    body.pop("permission_overwrites", None)
    return {**body, "permissions": str(channel_permissions(box.world, channel, viewer_id))}


def envelope(box: Box, channel: Channel, user_id: int) -> Json:
    """What every interaction says about where and who."""
    world = box.world
    body: Json = {
        "version": 1,
        "application_id": str(world.application.id),
        "channel_id": str(channel.id),
        "channel": partial_channel(box, channel, user_id),
        "locale": world.users[user_id].locale,
        "app_permissions": str(channel_permissions(world, channel, world.application.id)),
        "attachment_size_limit": 10_485_760,
        "entitlements": [],
        "context": 0 if channel.guild_id else 1,
        "authorizing_integration_owners": {"0": str(channel.guild_id)},
    }
    if not channel.guild_id:
        return {**body, "user": users.user(world.users[user_id])}
    guild = world.guilds[channel.guild_id]
    member = users.member(world, guild.members[user_id])
    member["permissions"] = str(channel_permissions(world, channel, user_id) or guild_permissions(guild, user_id))
    body |= {"guild_id": str(guild.id), "guild_locale": guild.locale, "member": member}
    body["guild"] = {"id": str(guild.id), "locale": guild.locale, "features": guilds.guild(guild)["features"]}
    return body
