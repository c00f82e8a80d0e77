"""The first things a session learns: READY, then each guild."""

from dataclasses import dataclass
from typing import TypeAlias

from app.sandbox.constants import API, Intent, Json
from app.sandbox.permissions import can_view
from app.sandbox.render import guilds, users
from app.sandbox.state.models import Guild, Member
from app.sandbox.state.world import World

Shard: TypeAlias = tuple[int, int]


def gateway_url(host: str) -> str:
    """Where the gateway of the sandbox at this host listens."""
    return f"ws://{host}/gateway"


def api_url(host: str) -> str:
    """Where the REST API of the sandbox at this host answers."""
    return f"http://{host}{API}"


def ready(world: World, session_id: str, host: str, shard: Shard, guild_ids: list[int]) -> Json:
    """The READY payload; guilds follow one by one."""
    application_id = str(world.application.id)
    return {
        "v": 10,
        "user_settings": {},
        "user": users.own_user(world.bot),
        "session_type": "normal",
        "session_id": session_id,
        "resume_gateway_url": gateway_url(host),
        "relationships": [],
        "private_channels": [],
        "presences": [],
        "guilds": [{"id": str(g), "unavailable": True} for g in guild_ids],
        "guild_join_requests": [],
        "geo_ordered_rtc_regions": [],
        "application": {"id": application_id, "flags": 0},
        "shard": list(shard),
        "_trace": ["sandbox"],
    }


def members_for(world: World, row: Guild, intents: int, large_threshold: int) -> list[Member]:
    """The members GUILD_CREATE lists: everyone, or only the bot and those in voice."""
    if intents & Intent.GUILD_MEMBERS and len(row.members) <= large_threshold:
        return list(row.members.values())
    close = {world.application.id, *row.voice}
    return [m for m in row.members.values() if m.user_id in close]


def guild_create(world: World, row: Guild, intents: int, large_threshold: int = 250) -> Json:
    """The GUILD_CREATE payload as a session with these intents gets it."""
    bot_id = world.application.id
    listed = members_for(world, row, intents, large_threshold)
    threads = [c for c in row.channels.values() if c.thread and not c.thread.archived and can_view(world, c, bot_id)]
    return {
        **guilds.guild(row),
        "joined_at": row.bot_joined_at,
        "large": len(row.members) > large_threshold,
        "lazy": True,
        "unavailable": False,
        "member_count": len(row.members),
        "members": [users.member(world, m) for m in listed],
        # Discord lists every channel, those that the bot cannot see too.
        "channels": [guilds.channel(world, c) | {"version": c.id} for c in row.channels.values() if not c.is_thread],
        "roles": [guilds.role(r) | {"version": r.id} for r in row.roles.values()],
        "threads": [_joined(world, guilds.thread(t), bot_id, t.id) for t in threads],
        "voice_states": [users.voice_state(world, row.id, v) for v in row.voice.values()],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
        "embedded_activities": [],
        "application_command_counts": {"1": _command_count(world, row.id)},
        "guild_hashes": {"version": 1},
        "hub_type": None,
        "version": row.id,
    }


def _joined(world: World, body: Json, bot_id: int, thread_id: int) -> Json:
    row = world.channels[thread_id]
    if row.thread and bot_id in row.thread.members:
        return {**body, "member": guilds.thread_member(row, bot_id)}
    return body


def _command_count(world: World, guild_id: int) -> int:
    return sum(1 for c in world.commands.values() if c.get("guild_id") in {None, str(guild_id)})


@dataclass(slots=True, frozen=True)
class Wanted:
    """Which members a client asks for: by id, or by the beginning of their name."""

    guild_id: int
    query: str
    limit: int
    user_ids: list[int]
    nonce: object


def member_chunks(world: World, wanted: Wanted, intents: int) -> list[Json]:
    """The GUILD_MEMBERS_CHUNK payloads that answer a request, at least one."""
    row = world.guilds[wanted.guild_id]
    found = _matching(world, row, wanted, intents)
    chunks = [found[i : i + 1000] for i in range(0, len(found), 1000)] or [[]]
    missing = [str(i) for i in wanted.user_ids if i not in row.members]
    common: Json = {"guild_id": str(row.id), "chunk_count": len(chunks), "not_found": missing}
    if wanted.nonce is not None:
        common["nonce"] = wanted.nonce
    return [
        {**common, "chunk_index": i, "members": [users.member(world, m) for m in chunk]}
        for i, chunk in enumerate(chunks)
    ]


def _matching(world: World, row: Guild, wanted: Wanted, intents: int) -> list[Member]:
    if wanted.user_ids:
        return [row.members[i] for i in wanted.user_ids if i in row.members]
    query = wanted.query.lower()
    if not query and not wanted.limit and not intents & Intent.GUILD_MEMBERS:
        return []
    found = [
        m
        for m in row.members.values()
        if world.users[m.user_id].username.lower().startswith(query) or (m.nick or "").lower().startswith(query)
    ]
    return found[: wanted.limit] if wanted.limit > 0 else found
