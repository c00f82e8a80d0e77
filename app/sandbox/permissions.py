"""What a user may do, computed from owner, roles, overwrites and timeouts as Discord documents it."""

from datetime import UTC, datetime

from app.sandbox.constants import ALL_PERMISSIONS, ChannelType, Permission
from app.sandbox.errors import missing_access, missing_permissions
from app.sandbox.state.models import Channel, Guild, Member
from app.sandbox.state.world import World

_TIMED_OUT = int(Permission.VIEW_CHANNEL | Permission.READ_MESSAGE_HISTORY)
_DIRECT = ALL_PERMISSIONS & ~int(
    Permission.MANAGE_CHANNELS | Permission.MANAGE_MESSAGES | Permission.MANAGE_THREADS | Permission.ADMINISTRATOR,
)


def guild_permissions(guild: Guild, user_id: int) -> int:
    """Permissions that hold before channel overwrites; 0 for a stranger."""
    member = guild.members.get(user_id)
    if member is None:
        return 0
    if guild.owner_id == user_id:
        return ALL_PERMISSIONS
    total = guild.roles[guild.id].permissions
    for role_id in member.roles:
        total |= guild.roles[role_id].permissions
    if total & Permission.ADMINISTRATOR:
        return ALL_PERMISSIONS
    return total & _TIMED_OUT if is_timed_out(member) else total


def is_timed_out(member: Member) -> bool:
    """Whether a moderator has silenced the member for now."""
    until = member.timed_out_until
    return until is not None and datetime.fromisoformat(until) > datetime.now(UTC)


def channel_permissions(world: World, channel: Channel, user_id: int) -> int:
    """Permissions in the channel; a thread has those of its parent, a private one only for its members."""
    if not channel.guild_id:
        return _DIRECT if user_id in channel.recipients else 0
    guild = world.guilds[channel.guild_id]
    base = guild_permissions(guild, user_id)
    if base == ALL_PERMISSIONS or not base:
        return base
    parent = world.channels.get(channel.parent_id or 0) if channel.is_thread else channel
    total = _with_overwrites(guild, parent, guild.members[user_id], base) if parent else base
    if channel.kind is ChannelType.PRIVATE_THREAD and channel.thread and user_id not in channel.thread.members:
        total = total if total & Permission.MANAGE_THREADS else 0
    if not total & Permission.VIEW_CHANNEL:
        return 0
    return total & _TIMED_OUT if is_timed_out(guild.members[user_id]) else total


def _with_overwrites(guild: Guild, channel: Channel, member: Member, base: int) -> int:
    everyone = channel.overwrites.get(guild.id)
    if everyone:
        base = base & ~everyone.deny | everyone.allow
    allow = deny = 0
    for role_id in member.roles:
        overwrite = channel.overwrites.get(role_id)
        if overwrite:
            allow |= overwrite.allow
            deny |= overwrite.deny
    base = base & ~deny | allow
    own = channel.overwrites.get(member.user_id)
    return base & ~own.deny | own.allow if own else base


def can_view(world: World, channel: Channel, user_id: int) -> bool:
    """Whether the user sees the channel at all."""
    return bool(channel_permissions(world, channel, user_id) & Permission.VIEW_CHANNEL)


def require(world: World, channel: Channel, user_id: int, needed: int) -> None:
    """Raise Discord's 403 unless the user has every needed permission in the channel."""
    held = channel_permissions(world, channel, user_id)
    if not held & Permission.VIEW_CHANNEL:
        raise missing_access()
    if needed & ~held:
        raise missing_permissions()


def require_in_guild(guild: Guild, user_id: int, needed: int) -> None:
    """Raise Discord's 403 unless the user is in the guild and has every needed permission."""
    if user_id not in guild.members:
        raise missing_access()
    if needed & ~guild_permissions(guild, user_id):
        raise missing_permissions()


def top_position(guild: Guild, user_id: int) -> int:
    """The member's place in the role order; the owner stands above all."""
    if user_id == guild.owner_id:
        return 1 << 30
    member = guild.members.get(user_id)
    return max((guild.roles[r].position for r in member.roles), default=0) if member else -1


def send_permission(channel: Channel) -> Permission:
    """Which permission lets people write there."""
    return Permission.SEND_MESSAGES_IN_THREADS if channel.is_thread else Permission.SEND_MESSAGES


def names(bits: int) -> list[str]:
    """The named permissions among the bits, in lower case."""
    return [(p.name or "").lower() for p in Permission if bits & p]
