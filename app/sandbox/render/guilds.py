"""Guilds, roles, channels and threads as Discord writes them."""

from app.sandbox import ids
from app.sandbox.constants import VOICE_LIKE, ChannelType, Json
from app.sandbox.render import users
from app.sandbox.state.models import Channel, Guild, Role
from app.sandbox.state.world import World


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)


def role(row: Role) -> Json:
    """A role object."""
    body: Json = {
        "id": str(row.id),
        "name": row.name,
        "permissions": str(row.permissions),
        "position": row.position,
        "color": row.color,
        "colors": {"primary_color": row.color, "secondary_color": None, "tertiary_color": None},
        "hoist": row.hoist,
        "managed": row.managed,
        "mentionable": row.mentionable,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }
    if row.bot_id:
        body["tags"] = {"bot_id": str(row.bot_id)}
    return body


def channel(world: World, row: Channel) -> Json:
    """A channel object of whatever kind."""
    if row.kind is ChannelType.DM:
        return _direct(world, row)
    if row.thread:
        return thread(row)
    body: Json = {
        "id": str(row.id),
        "type": int(row.kind),
        "guild_id": str(row.guild_id),
        "name": row.name,
        "position": row.position,
        "parent_id": _text(row.parent_id),
        "flags": 0,
        "permission_overwrites": [
            {"id": str(o.id), "type": o.kind, "allow": str(o.allow), "deny": str(o.deny)}
            for o in row.overwrites.values()
        ],
    }
    return {**body, **_details(row)}


def _details(row: Channel) -> Json:
    if row.kind is ChannelType.CATEGORY:
        return {}
    body: Json = {
        "nsfw": row.nsfw,
        "rate_limit_per_user": row.slowmode,
        "last_message_id": _text(row.last_message_id),
    }
    if row.kind in VOICE_LIKE:
        return {**body, "bitrate": row.bitrate, "user_limit": row.user_limit, "rtc_region": None}
    body["topic"] = row.topic
    if row.kind is ChannelType.FORUM:
        body |= {"available_tags": row.tags, "default_reaction_emoji": None, "default_sort_order": None}
        body["default_forum_layout"] = 0
    else:
        body["last_pin_timestamp"] = row.last_pin_timestamp
    return body


def _direct(world: World, row: Channel) -> Json:
    # A bot's view of a direct message names the other side only.
    others = [world.users[u] for u in row.recipients if u != world.application.id]
    return {
        "id": str(row.id),
        "type": int(row.kind),
        "flags": 0,
        "last_message_id": _text(row.last_message_id),
        "recipients": [users.user(u) for u in others],
    }


def thread(row: Channel) -> Json:
    """A thread object."""
    state = row.thread
    assert state is not None
    return {
        "id": str(row.id),
        "type": int(row.kind),
        "guild_id": str(row.guild_id),
        "parent_id": _text(row.parent_id),
        "owner_id": str(state.owner_id),
        "name": row.name,
        "flags": 0,
        "last_message_id": _text(row.last_message_id),
        "rate_limit_per_user": row.slowmode,
        "message_count": len(row.history),
        "member_count": min(len(state.members), 50),
        "total_message_sent": state.total_sent,
        "applied_tags": [str(t) for t in state.applied_tags],
        "thread_metadata": {
            "archived": state.archived,
            "archive_timestamp": state.archive_timestamp,
            "auto_archive_duration": state.auto_archive_minutes,
            "locked": state.locked,
            "invitable": state.invitable,
            "create_timestamp": ids.timestamp_of(row.id),
        },
    }


def thread_member(row: Channel, user_id: int) -> Json:
    """Who belongs to the thread since when."""
    assert row.thread is not None
    joined = row.thread.members[user_id]
    return {"id": str(row.id), "user_id": str(user_id), "join_timestamp": joined, "flags": 0}


def guild(row: Guild) -> Json:
    """A guild object without what changes often."""
    return {
        "id": str(row.id),
        "name": row.name,
        "icon": None,
        "description": row.description,
        "home_header": None,
        "splash": None,
        "discovery_splash": None,
        "features": ["COMMUNITY"],
        "banner": None,
        "owner_id": str(row.owner_id),
        "application_id": None,
        "region": "deprecated",
        "afk_channel_id": _text(row.afk_channel_id),
        "afk_timeout": 300,
        "system_channel_id": _text(row.system_channel_id),
        "system_channel_flags": 0,
        "widget_enabled": False,
        "widget_channel_id": None,
        "verification_level": 0,
        "roles": [role(r) for r in row.roles.values()],
        "default_message_notifications": 0,
        "mfa_level": 0,
        "explicit_content_filter": 0,
        "max_presences": None,
        "max_members": 500_000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "vanity_url_code": row.vanity_code,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": row.locale,
        "rules_channel_id": None,
        "safety_alerts_channel_id": None,
        "public_updates_channel_id": None,
        "premium_progress_bar_enabled": False,
        "nsfw": False,
        "nsfw_level": 0,
        "emojis": [],
        "stickers": [],
        "incidents_data": None,
    }
