"""Making, changing and removing channels, roles and guilds."""

from app.sandbox import ids
from app.sandbox.actions import threads
from app.sandbox.box import Box
from app.sandbox.constants import Json, Permission
from app.sandbox.hub import Event
from app.sandbox.render import guilds
from app.sandbox.state.models import Channel, Guild, Member, Overwrite, Role

EVERYONE = int(
    Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.SEND_MESSAGES_IN_THREADS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.CREATE_INSTANT_INVITE
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.ADD_REACTIONS
    | Permission.READ_MESSAGE_HISTORY
    | Permission.USE_EXTERNAL_EMOJIS
    | Permission.CONNECT
    | Permission.SPEAK
    | Permission.USE_VAD
    | Permission.CHANGE_NICKNAME
    | Permission.USE_APPLICATION_COMMANDS,
)
BOT = EVERYONE | int(
    Permission.MANAGE_MESSAGES
    | Permission.MANAGE_CHANNELS
    | Permission.MANAGE_GUILD
    | Permission.MANAGE_ROLES
    | Permission.MANAGE_THREADS
    | Permission.MANAGE_NICKNAMES
    | Permission.MANAGE_WEBHOOKS
    | Permission.CREATE_PRIVATE_THREADS
    | Permission.KICK_MEMBERS
    | Permission.BAN_MEMBERS
    | Permission.MODERATE_MEMBERS
    | Permission.MOVE_MEMBERS
    | Permission.MUTE_MEMBERS
    | Permission.DEAFEN_MEMBERS
    | Permission.VIEW_AUDIT_LOG
    | Permission.MENTION_EVERYONE
    | Permission.PIN_MESSAGES,
)


def new_guild(box: Box, name: str, owner_id: int, locale: str, guild_id: int | None = None) -> Guild:
    """A guild with its owner, the bot and the bot's role; channels come next, then `members.announce_guild`."""
    world = box.world
    now = ids.now_iso()
    guild = Guild(guild_id or world.ids.next(), name, owner_id, now, locale)
    world.guilds[guild.id] = guild
    guild.roles[guild.id] = Role(guild.id, "@everyone", EVERYONE)
    role_id = guild.id + 1 if guild_id else world.ids.next()
    bot_role = Role(role_id, world.bot.username, BOT, 1, managed=True, bot_id=world.application.id)
    guild.roles[bot_role.id] = bot_role
    guild.members[owner_id] = Member(owner_id, now)
    guild.members[world.application.id] = Member(world.application.id, now, [bot_role.id])
    return guild


def create(box: Box, guild: Guild, channel: Channel) -> Channel:
    """Add the channel and tell."""
    if channel.position == 0:
        channel.position = sum(1 for c in guild.channels.values() if not c.is_thread)
    box.world.add_channel(channel)
    _publish(box, channel, "CHANNEL_CREATE")
    return channel


def update(box: Box, channel: Channel, changes: Json) -> Channel:
    """Set attributes of the channel and tell."""
    for key, value in changes.items():
        setattr(channel, key, value)
    _publish(box, channel, "CHANNEL_UPDATE")
    return channel


def delete(box: Box, channel: Channel) -> None:
    """Remove the channel with its threads and tell."""
    for thread in box.world.threads_of(channel.id):
        threads.delete(box, thread)
    if channel.thread:
        threads.delete(box, channel)
        return
    _publish(box, channel, "CHANNEL_DELETE")
    box.world.drop_channel(channel)


def _publish(box: Box, channel: Channel, name: str) -> None:
    data = guilds.channel(box.world, channel)
    box.hub.publish(Event(name, data, guild_id=channel.guild_id))


def private(guild: Guild, *role_ids: int) -> dict[int, Overwrite]:
    """Overwrites of a channel that only these roles see."""
    view = int(Permission.VIEW_CHANNEL)
    hidden = {guild.id: Overwrite(guild.id, 0, deny=view)}
    return hidden | {role_id: Overwrite(role_id, 0, allow=view) for role_id in role_ids}


def save_role(box: Box, guild: Guild, role: Role, name: str = "GUILD_ROLE_UPDATE") -> Role:
    """Keep the role and tell."""
    guild.roles[role.id] = role
    data = {"guild_id": str(guild.id), "role": guilds.role(role)}
    box.hub.publish(Event(name, data, guild_id=guild.id))
    return role


def drop_role(box: Box, guild: Guild, role: Role) -> None:
    """Remove the role from the guild and from everyone who had it, and tell."""
    del guild.roles[role.id]
    for member in guild.members.values():
        if role.id in member.roles:
            member.roles.remove(role.id)
    data = {"guild_id": str(guild.id), "role_id": str(role.id)}
    box.hub.publish(Event("GUILD_ROLE_DELETE", data, guild_id=guild.id))
