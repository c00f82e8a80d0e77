"""Who may speak to the sandbox at all, and how the control API refuses."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from app.sandbox.errors import BadInput, DiscordError
from app.sandbox.rest.answers import answer

_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def is_loopback(host: str) -> bool:
    """Whether the name or address is this machine and nothing else."""
    if host in _LOCAL_NAMES:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _host_of(netloc: str) -> str:
    return urlsplit(f"//{netloc}").hostname or ""


@web.middleware
async def local_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse requests that come from, or through a name of, anywhere else.

    A web page elsewhere could let its own host name resolve to 127.0.0.1 and then talk to the
    sandbox from the visitor's browser; the Host and Origin headers give that away.
    """
    origin = request.headers.get("Origin")
    names = [_host_of(request.host), *([] if origin is None else [urlsplit(origin).hostname or ""])]
    if request.remote is not None:
        names.append(request.remote)
    if not all(is_loopback(name) for name in names):
        return answer({"error": "the sandbox answers this machine only, as 127.0.0.1 or localhost"}, 403)
    return await handler(request)


@web.middleware
async def refuse_clearly(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn refusals of the control API into JSON with one clear sentence."""
    if not request.path.startswith("/sandbox/"):
        return await handler(request)
    try:
        return await handler(request)
    except BadInput as error:
        return answer({"error": str(error)}, 400)
    except DiscordError as error:
        body = {"error": f"Discord refuses: {error}", "code": error.code, "errors": error.errors}
        return answer(body, 400 if error.errors else error.status)
    except web.HTTPException as error:
        return answer({"error": f"{error.status}: {error.reason}; {request.method} {request.path}"}, error.status)
