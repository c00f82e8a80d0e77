"""What happens around every REST request: token, faults, rate-limit headers, error bodies."""

import asyncio
import time
from hashlib import blake2b

from aiohttp import web
from aiohttp.typedefs import Handler

from app.sandbox.box import BOX, Box, Recorder
from app.sandbox.constants import API
from app.sandbox.errors import DiscordError, unauthorized
from app.sandbox.faults import RestFault
from app.sandbox.rest.answers import answer, refusal
from app.sandbox.rest.forms import RAW_PAYLOAD

_WINDOW = 1.0
_BUCKETS_KEPT = 4096
RECORDER: web.AppKey[Recorder] = web.AppKey("recorder")
# An interaction's answers carry their own token in the path.
_OPEN = (f"{API}/webhooks/", f"{API}/interactions/", f"{API}/gateway")


class Buckets:
    """Counts requests by route and main id, a fixed window at a time."""

    def __init__(self) -> None:
        self._used: dict[tuple[str, str], tuple[float, int]] = {}

    def take(self, key: tuple[str, str], limit: int) -> tuple[int, float]:
        """How many requests are left (-1: refused) and in how many seconds the window ends."""
        now = time.monotonic()
        began, used = self._used.get(key, (now, 0))
        if now - began >= _WINDOW:
            began, used = now, 0
        if len(self._used) > _BUCKETS_KEPT:
            self._used.clear()
        self._used[key] = (began, used + 1)
        return limit - used - 1, began + _WINDOW - now


BUCKETS: web.AppKey[Buckets] = web.AppKey("buckets", Buckets)


def _bucket(request: web.Request) -> tuple[str, str]:
    resource = request.match_info.route.resource
    route = f"{request.method} {resource.canonical if resource else 'none'}"
    info = request.match_info
    major = info.get("channel") or info.get("guild") or info.get("webhook") or ""
    return blake2b(route.encode(), digest_size=16).hexdigest(), major


def _limit_headers(limit: int, remaining: int, reset_after: float, bucket: str) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(max(0, remaining)),
        "X-RateLimit-Reset": f"{time.time() + reset_after:.3f}",
        "X-RateLimit-Reset-After": f"{reset_after:.3f}",
        "X-RateLimit-Bucket": bucket,
        "Via": "1.1 sandbox",
    }


def _too_many(retry_after: float, scope: str) -> web.Response:
    is_global = scope == "global"
    body = {"message": "You are being rate limited.", "retry_after": retry_after, "global": is_global, "code": 0}
    response = answer(body, 429)
    response.headers["Retry-After"] = str(max(1, round(retry_after)))
    response.headers["X-RateLimit-Scope"] = scope
    if is_global:
        response.headers["X-RateLimit-Global"] = "true"
    return response


async def _failing(fault: RestFault) -> web.Response | None:
    if fault.kind == "delay":
        await asyncio.sleep(fault.seconds)
        return None
    if fault.kind == "429":
        return _too_many(fault.seconds, fault.scope)
    return web.Response(status=fault.status, text="upstream connect error", content_type="text/html")


def _authorized(box: Box, request: web.Request) -> bool:
    if request.path.startswith(_OPEN) and not request.path.endswith("/gateway/bot"):
        return True
    return request.headers.get("Authorization") == f"Bot {box.world.application.token}"


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Wrap a REST request; everything else passes."""
    if not request.path.startswith(f"{API}/"):
        return await handler(request)
    response = await _guarded(request, handler)
    recorder = request.app.get(RECORDER)
    if recorder is not None:
        await recorder(request, request.get(RAW_PAYLOAD) or await request.read(), response)
    return response


async def _guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    box = request.app[BOX]
    limit = box.tuning.rate_limit
    bucket, major = _bucket(request)
    remaining, reset_after = request.app[BUCKETS].take((bucket, major), limit)
    response: web.StreamResponse | None = None
    for fault in box.faults.hit(request.path):
        response = await _failing(fault)
    if response is None:
        response = _too_many(round(reset_after, 3), "user") if remaining < 0 else await _handled(box, request, handler)
    response.headers.update(_limit_headers(limit, remaining, reset_after, bucket))
    return response


async def _handled(box: Box, request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        if not _authorized(box, request):
            raise unauthorized()
        return await handler(request)
    except DiscordError as error:
        return refusal(error)
    except web.HTTPException as error:
        return answer({"message": f"{error.status}: {error.reason}", "code": 0}, error.status)
