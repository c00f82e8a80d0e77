"""The bot's own account: /users, /applications/@me, /gateway and direct messages."""

from aiohttp import web

from app.sandbox.actions import members
from app.sandbox.box import Box, box_of
from app.sandbox.constants import Intent, Json
from app.sandbox.errors import DiscordError, unknown
from app.sandbox.gateway.payloads import gateway_url
from app.sandbox.permissions import guild_permissions
from app.sandbox.render import guilds, users
from app.sandbox.rest.answers import answer, body_of, guild_in, limit_of, nothing, number, path_number, query_number

# What the application's flags say about its privileged intents: the "limited" form, which
# unverified applications have.
_FLAGS = {Intent.GUILD_PRESENCES: 1 << 13, Intent.GUILD_MEMBERS: 1 << 15, Intent.MESSAGE_CONTENT: 1 << 19}


def application(box: Box) -> Json:
    """The application with what only its owner may read."""
    world = box.world
    flags = sum(bit for intent, bit in _FLAGS.items() if world.application.intents & intent)
    return {
        "id": str(world.application.id),
        "name": world.application.name,
        "icon": None,
        "description": "",
        "type": None,
        "bot": users.user(world.bot),
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": flags,
        "flags_new": str(flags),
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": users.user(world.users[world.application.owner_id]),
        "approximate_guild_count": sum(1 for g in world.guilds.values() if world.application.id in g.members),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": [],
    }


async def get_application(request: web.Request) -> web.Response:
    """The application of the token."""
    return answer(application(box_of(request)))


async def get_gateway(request: web.Request) -> web.Response:
    """Where the gateway is."""
    return answer({"url": gateway_url(request.host)})


async def get_gateway_bot(request: web.Request) -> web.Response:
    """Where the gateway is, and how often a bot may log in."""
    limit = {"total": 1000, "remaining": 1000, "reset_after": 86_400_000, "max_concurrency": 1}
    return answer({"url": gateway_url(request.host), "shards": 1, "session_start_limit": limit})


async def get_me(request: web.Request) -> web.Response:
    """The bot's user."""
    return answer(users.own_user(box_of(request).world.bot))


async def get_user(request: web.Request) -> web.Response:
    """Any user."""
    box = box_of(request)
    return answer(users.user(box.world.user(path_number(request, "user"))))


async def my_guilds(request: web.Request) -> web.Response:
    """The guilds that the bot is in, in the order of their ids."""
    box = box_of(request)
    bot_id = box.world.application.id
    after = query_number(request, "after") or 0
    before = query_number(request, "before") or 1 << 63
    found = [g for g in box.world.guilds.values() if bot_id in g.members and after < g.id < before]
    return answer(
        [
            {
                "id": str(g.id),
                "name": g.name,
                "icon": None,
                "banner": None,
                "owner": g.owner_id == bot_id,
                "permissions": str(guild_permissions(g, bot_id)),
                "features": guilds.guild(g)["features"],
                "approximate_member_count": len(g.members),
                "approximate_presence_count": len(g.members),
            }
            for g in sorted(found, key=lambda g: g.id)[: limit_of(request, 200, 200)]
        ],
    )


async def leave_guild(request: web.Request) -> web.Response:
    """Take the bot out of a guild."""
    box, guild = guild_in(request)
    if box.world.application.id not in guild.members:
        raise unknown("Guild")
    members.leave(box, guild, box.world.application.id)
    return nothing()


async def open_direct(request: web.Request) -> web.Response:
    """The direct-message channel with a user, made on first use."""
    box = box_of(request)
    wanted = await body_of(request)
    user = box.world.user(number(wanted.get("recipient_id"), "recipient_id"))
    if user.bot:
        raise DiscordError(403, 50007, "Cannot send messages to this user")
    channel = box.world.direct_channel(box.world.application.id, user.id)
    return answer(guilds.channel(box.world, channel))
