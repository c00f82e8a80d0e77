"""The routes of the control API, the page and the files."""

from aiohttp import web

from app.sandbox.control import events, flood, interactions, messages, page, people, places, raw, trouble

ROUTES = (
    ("GET", "/sandbox/state", places.state),
    ("POST", "/sandbox/guilds", places.new_guild),
    ("POST", "/sandbox/channels", places.new_channel),
    ("POST", "/sandbox/channels/tags", places.set_tags),
    ("POST", "/sandbox/users", people.new_user),
    ("POST", "/sandbox/members", people.membership),
    ("POST", "/sandbox/invites", people.new_invite),
    ("POST", "/sandbox/voice", people.move_voice),
    ("GET", "/sandbox/permissions", places.permissions),
    ("POST", "/sandbox/messages", messages.post),
    ("POST", "/sandbox/messages/edit", messages.edit),
    ("POST", "/sandbox/messages/delete", messages.delete),
    ("GET", "/sandbox/channels/{channel}/messages", messages.list_messages),
    ("POST", "/sandbox/reactions", messages.react),
    ("POST", "/sandbox/dispatch", raw.dispatch),
    ("POST", "/sandbox/flood", flood.flood),
    ("POST", "/sandbox/typing", messages.typing),
    ("POST", "/sandbox/interactions", interactions.start),
    ("GET", "/sandbox/interactions/{interaction}", interactions.get),
    ("GET", "/sandbox/commands", interactions.list_commands),
    ("GET", "/sandbox/events", events.events),
    ("GET", "/sandbox/faults", trouble.list_faults),
    ("POST", "/sandbox/faults", trouble.add_fault),
    ("DELETE", "/sandbox/faults", trouble.clear_faults),
    ("GET", "/sandbox/sessions", trouble.sessions),
    ("POST", "/sandbox/application", trouble.application),
    ("GET", "/", page.index),
    ("GET", "/page/{name}", page.asset),
    ("GET", "/attachments/{channel}/{file}/{name}", page.attachment),
    ("GET", "/embed/avatars/{index}.png", page.default_avatar),
)


def add_routes(app: web.Application) -> None:
    """Serve the control API and the page."""
    for method, path, handler in ROUTES:
        app.router.add_route(method, path, handler)
