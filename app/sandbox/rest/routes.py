"""The routes of the REST API."""

from aiohttp import web

from app.sandbox.constants import API
from app.sandbox.rest import (
    account,
    bans,
    commands,
    interactions,
    invites,
    members,
    messages,
    places,
    reactions,
    thread_members,
    threads,
)

_MESSAGES = "/channels/{channel}/messages"
_MESSAGE = _MESSAGES + "/{message}"
_MEMBER = "/guilds/{guild}/members/{user}"
_COMMANDS = "/applications/{application}/commands"
_GUILD_COMMANDS = "/applications/{application}/guilds/{guild}/commands"
_WEBHOOK = "/webhooks/{webhook}/{token}"
_EMOJI = _MESSAGE + "/reactions/{emoji}"

ROUTES = (
    ("GET", "/gateway", account.get_gateway),
    ("GET", "/gateway/bot", account.get_gateway_bot),
    ("GET", "/oauth2/applications/@me", account.get_application),
    ("GET", "/applications/@me", account.get_application),
    ("GET", "/users/@me", account.get_me),
    ("GET", "/users/@me/guilds", account.my_guilds),
    ("DELETE", "/users/@me/guilds/{guild}", account.leave_guild),
    ("POST", "/users/@me/channels", account.open_direct),
    ("GET", "/users/{user}", account.get_user),
    ("GET", _MESSAGES, messages.list_messages),
    ("POST", _MESSAGES, messages.create_message),
    ("POST", _MESSAGES + "/bulk-delete", messages.bulk_delete),
    ("GET", _MESSAGES + "/pins", reactions.pins),
    ("PUT", _MESSAGES + "/pins/{message}", reactions.pin),
    ("DELETE", _MESSAGES + "/pins/{message}", reactions.unpin),
    ("GET", "/channels/{channel}/pins", reactions.old_pins),
    ("PUT", "/channels/{channel}/pins/{message}", reactions.pin),
    ("DELETE", "/channels/{channel}/pins/{message}", reactions.unpin),
    ("GET", _MESSAGE, messages.get_message),
    ("PATCH", _MESSAGE, messages.edit_message),
    ("DELETE", _MESSAGE, messages.delete_message),
    ("DELETE", _MESSAGE + "/reactions", reactions.clear),
    ("GET", _EMOJI, reactions.who_reacted),
    ("DELETE", _EMOJI, reactions.clear_emoji),
    ("PUT", _EMOJI + "/@me", reactions.add),
    ("DELETE", _EMOJI + "/@me", reactions.remove_own),
    ("DELETE", _EMOJI + "/{user}", reactions.remove_from),
    ("POST", "/channels/{channel}/typing", reactions.typing),
    *(
        route
        for base in (_COMMANDS, _GUILD_COMMANDS)
        for route in (
            ("GET", base, commands.list_commands),
            ("PUT", base, commands.overwrite),
            ("POST", base, commands.create),
        )
    ),
    ("GET", _GUILD_COMMANDS + "/permissions", commands.permissions),
    *(
        route
        for base in (_COMMANDS, _GUILD_COMMANDS)
        for route in (
            ("GET", base + "/{command}", commands.get_command),
            ("PATCH", base + "/{command}", commands.edit),
            ("DELETE", base + "/{command}", commands.delete),
        )
    ),
    ("GET", "/guilds/{guild}", places.get_guild),
    ("GET", "/guilds/{guild}/channels", places.list_channels),
    ("POST", "/guilds/{guild}/channels", places.create_channel),
    ("GET", "/guilds/{guild}/roles", places.list_roles),
    ("POST", "/guilds/{guild}/roles", places.create_role),
    ("GET", "/guilds/{guild}/roles/{role}", places.get_role),
    ("PATCH", "/guilds/{guild}/roles/{role}", places.edit_role),
    ("DELETE", "/guilds/{guild}/roles/{role}", places.delete_role),
    ("GET", "/guilds/{guild}/members", members.list_members),
    ("GET", "/guilds/{guild}/members/search", members.search_members),
    ("PATCH", "/guilds/{guild}/members/@me", members.edit_self),
    ("GET", _MEMBER, members.get_member),
    ("PATCH", _MEMBER, members.edit_member),
    ("DELETE", _MEMBER, members.kick),
    ("PUT", _MEMBER + "/roles/{role}", members.change_role),
    ("DELETE", _MEMBER + "/roles/{role}", members.change_role),
    ("GET", "/guilds/{guild}/bans", bans.list_bans),
    ("GET", "/guilds/{guild}/bans/{user}", bans.get_ban),
    ("PUT", "/guilds/{guild}/bans/{user}", bans.ban),
    ("DELETE", "/guilds/{guild}/bans/{user}", bans.unban),
    ("GET", "/guilds/{guild}/voice-states/@me", members.get_voice),
    ("GET", "/guilds/{guild}/voice-states/{user}", members.get_voice),
    ("GET", "/guilds/{guild}/threads/active", threads.active),
    ("GET", "/guilds/{guild}/invites", invites.of_guild),
    ("GET", "/guilds/{guild}/vanity-url", invites.vanity),
    ("GET", "/channels/{channel}", places.get_channel),
    ("PATCH", "/channels/{channel}", places.edit_channel),
    ("DELETE", "/channels/{channel}", places.delete_channel),
    ("PUT", "/channels/{channel}/permissions/{target}", places.set_overwrite),
    ("DELETE", "/channels/{channel}/permissions/{target}", places.drop_overwrite),
    ("GET", "/channels/{channel}/invites", invites.of_channel),
    ("POST", "/channels/{channel}/invites", invites.create),
    ("GET", "/invites/{code}", invites.get),
    ("DELETE", "/invites/{code}", invites.delete),
    ("POST", "/channels/{channel}/threads", threads.start),
    ("POST", _MESSAGE + "/threads", threads.start_from_message),
    ("GET", "/channels/{channel}/threads/archived/public", threads.archived),
    ("GET", "/channels/{channel}/threads/archived/private", threads.archived),
    ("GET", "/channels/{channel}/users/@me/threads/archived/private", threads.archived),
    ("GET", "/channels/{channel}/thread-members", thread_members.list_members),
    ("GET", "/channels/{channel}/thread-members/{user}", thread_members.get_member),
    ("PUT", "/channels/{channel}/thread-members/@me", thread_members.add_member),
    ("PUT", "/channels/{channel}/thread-members/{user}", thread_members.add_member),
    ("DELETE", "/channels/{channel}/thread-members/@me", thread_members.remove_member),
    ("DELETE", "/channels/{channel}/thread-members/{user}", thread_members.remove_member),
    ("POST", "/interactions/{interaction}/{token}/callback", interactions.callback),
    ("POST", _WEBHOOK, interactions.follow_up),
    ("GET", _WEBHOOK + "/messages/{message}", interactions.get_answer),
    ("PATCH", _WEBHOOK + "/messages/{message}", interactions.edit_answer),
    ("DELETE", _WEBHOOK + "/messages/{message}", interactions.delete_answer),
)


async def _not_found(_: web.Request) -> web.Response:
    raise web.HTTPNotFound


def add_routes(app: web.Application) -> None:
    """Serve the REST API; what is not listed answers 404 with Discord's body."""
    for method, path, handler in ROUTES:
        app.router.add_route(method, API + path, handler)
    app.router.add_route("*", API + "/{rest:.*}", _not_found)
