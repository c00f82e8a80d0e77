"""The routes of the REST API."""

from aiohttp import web

from app.sandbox.constants import API
from app.sandbox.rest import account, commands, interactions, messages, reactions

_MESSAGES = "/channels/{channel}/messages"
_MESSAGE = _MESSAGES + "/{message}"
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
