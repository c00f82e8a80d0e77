"""POST /sandbox/interactions and its kin: users running commands, clicking and filling in.

`type` is a word or Discord's number:

- `command` (also `slash`, 2): `name` (subcommands after a space, or nested in `options`), `options`
  as an object of names and values or as Discord's list; with a `target` or `message` the context
  menu of that name;
- `user_command` / `message_command`: context menus; `target` (user id) or `message`;
- `autocomplete` (4): as a command, with the options typed so far; `focused` names the one being
  typed, otherwise the last given one that has autocompletion;
- `button`, `select` (also `component`, 3): `message`, `custom_id`, for selects `values`;
- `modal` (also `modal_submit`, 5): `custom_id` of the modal that is open for the user, `fields` as
  an object of custom ids and values.

`force` skips the check of a command's default permissions that a user's client makes.
"""

from aiohttp import web

from app.sandbox.box import box_of
from app.sandbox.control import params
from app.sandbox.errors import BadInput
from app.sandbox.interactions import answers, catalogue
from app.sandbox.interactions.begin import begin
from app.sandbox.rest.answers import answer
from app.sandbox.rest.forms import origin


async def start(request: web.Request) -> web.Response:
    """Start an interaction; answers `{id}`."""
    box = box_of(request)
    row = begin(box, await params.read(request), origin(request))
    return answer({"id": str(row.id), "state": row.state})


async def get(request: web.Request) -> web.Response:
    """How an interaction stands: `{state, messages, ephemeral, modal, choices}`.

    `state` is pending, deferred, answered, or failed when nobody answered within three seconds.
    """
    box = box_of(request)
    wanted = params.snowflake({"interaction": request.match_info["interaction"]}, "interaction")
    row = box.interactions.get(wanted)
    if row is None:
        raise BadInput(f"{wanted} is no interaction; POST /sandbox/interactions makes one")
    return answer(answers.describe(box, row))


async def list_commands(request: web.Request) -> web.Response:
    """The commands that a user may run in a channel (`?user=&channel=`), in the user's language."""
    box = box_of(request)
    query = dict(request.query)
    user = params.user(box, query)
    channel = params.channel(box, query)
    params.inside(box, channel, user)
    found = catalogue.usable(box, user, channel)
    return answer([catalogue.localized(c, user.locale) for c in found])
