"""Discord's REST API for workers: posts, direct messages and late answers, within the limits that Discord sets.

Every sender of a host group shares one limiter, kept in Redis, so that many workers together stay inside a bucket.
It speaks HTTP itself: importing discord.py would cost every worker tens of megabytes for four requests.
"""

import http.client
import json
import logging
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

import redis

from app.core.errors import HeorotError, RemoteUnavailable
from app.core.redis import broker_redis
from app.core.settings import SANDBOX_TOKEN, settings

log = logging.getLogger(__name__)

_TIMEOUT_SECONDS = 10.0
# A wait that is shorter than this is cheaper than putting the post off.
_PATIENCE_SECONDS = 1.0
# Discord allows 50 requests a second for a bot; the gateway process needs some of them.
_GLOBAL_PER_SECOND = 40
_USER_AGENT = "DiscordBot (https://github.com/heorot, 1)"
_SERVER_FAULT = 500
_TOO_MANY = 429
_EPHEMERAL = 1 << 6

# Take one request from a bucket: the milliseconds to wait, 0 when it was granted.
_TAKE = """
local blocked = redis.call('PTTL', KEYS[2])
if blocked > 0 then return blocked end
if tonumber(redis.call('GET', KEYS[1]) or '1') <= 0 then
  return math.max(redis.call('PTTL', KEYS[1]), 1)
end
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('DECR', KEYS[1]) end
if redis.call('INCR', KEYS[3]) > tonumber(ARGV[1]) then return 1000 end
redis.call('PEXPIRE', KEYS[3], 2000)
return 0
"""
# Remember what is left of a bucket; concurrent answers arrive in any order, so the lowest number is believed.
_LEARN = """
local known = redis.call('GET', KEYS[1])
if not known or tonumber(known) > tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return 1
"""


class DiscordRefused(HeorotError):  # noqa: N818 - it says what Discord did.
    """Discord refused the request, and would refuse it again."""

    def __init__(self, status: int, code: int, reason: str) -> None:
        super().__init__(f"{status} {code} {reason}".strip())
        self.status = status
        self.code = code


class RateLimited(HeorotError):  # noqa: N818 - see DiscordRefused.
    """Discord asks to wait."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"rate limited for {retry_after:.1f} s")
        self.retry_after = retry_after


@dataclass(frozen=True)
class Picture:
    """A PNG to go with a message, whose embeds name it `attachment://NAME`."""

    name: str
    data: bytes
    # What it shows, for those who do not see it.
    description: str


def create_message(channel_id: int, body: dict[str, Any], *, nonce: str) -> int:
    """Post a message; the id of it, or of the one that already has this nonce."""
    payload = {"allowed_mentions": {"parse": []}, **body, "nonce": nonce, "enforce_nonce": True}
    answer = _request("POST", f"/channels/{channel_id}/messages", payload, bucket=f"messages:{channel_id}")
    return int(answer["id"])


def edit_message(
    channel_id: int, message_id: int, body: dict[str, Any], pictures: Sequence[Picture] | None = None
) -> None:
    """Change a message of ours to this; `pictures` replace those it has (None: they stay)."""
    payload: dict[str, Any] = {"allowed_mentions": {"parse": []}, **body}
    if pictures is not None:
        payload["attachments"] = [
            {"id": number, "filename": picture.name, "description": picture.description}
            for number, picture in enumerate(pictures)
        ]
    path = f"/channels/{channel_id}/messages/{message_id}"
    _request("PATCH", path, payload, bucket=f"edits:{channel_id}", pictures=pictures or ())


def recent_messages(channel_id: int, *, after: int) -> list[dict[str, Any]]:
    """Up to a hundred messages of a channel that are newer than this id."""
    path = f"/channels/{channel_id}/messages?limit=100&after={after}"
    return cast("list[dict[str, Any]]", _request("GET", path, bucket=f"history:{channel_id}"))


def guild_invites(guild_id: int) -> list[dict[str, Any]]:
    """The invites of a guild with their use counts, as Discord writes them; its own link is the one without a maker.

    Discord refuses it to bots that may not manage the guild.
    """
    listed = cast("list[dict[str, Any]]", _request("GET", f"/guilds/{guild_id}/invites", bucket=f"invites:{guild_id}"))
    try:
        vanity = _request("GET", f"/guilds/{guild_id}/vanity-url", bucket=f"vanity:{guild_id}")
    except DiscordRefused:
        # A guild without a link of its own.
        return listed
    return [*listed, {"code": vanity["code"], "uses": vanity["uses"]}] if vanity.get("code") else listed


def open_direct_messages(user_id: int) -> int:
    """The channel of direct messages with a person."""
    answer = _request("POST", "/users/@me/channels", {"recipient_id": str(user_id)}, bucket="direct")
    return int(answer["id"])


def change_role(guild_id: int, user_id: int, role_id: int, *, is_given: bool) -> None:
    """Give a member a role, or take it; doing what is done already changes nothing."""
    path = f"/guilds/{guild_id}/members/{user_id}/roles/{role_id}"
    _request("PUT" if is_given else "DELETE", path, bucket=f"roles:{guild_id}")


def edit_original(application_id: int, token: str, body: dict[str, Any]) -> None:
    """Change an interaction's first reply (a click's is its message). The token is good for a quarter of an hour."""
    payload = {"allowed_mentions": {"parse": []}, **body}
    _request("PATCH", f"/webhooks/{application_id}/{token}/messages/@original", payload, bucket=f"hook:{token[-16:]}")


def whisper(application_id: int, token: str, content: str) -> None:
    """Say something more to the person of an interaction, and to nobody else."""
    payload = {"content": content, "flags": _EPHEMERAL, "allowed_mentions": {"parse": []}}
    _request("POST", f"/webhooks/{application_id}/{token}", payload, bucket=f"hook:{token[-16:]}")


def _request(
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    *,
    bucket: str,
    pictures: Sequence[Picture] = (),
) -> Any:
    """Send one request inside its bucket and return the JSON of the answer.

    Raises RateLimited, DiscordRefused (4xx) or RemoteUnavailable (no answer, or 5xx).
    """
    _take(bucket)
    status, headers, answer = _send(method, path, *_encoded(body, pictures))
    _learn(bucket, headers)
    if status == _TOO_MANY:
        wait = float(answer.get("retry_after", headers.get("Retry-After", 1)))
        scope = "global" if answer.get("global") else bucket
        broker_redis().set(f"limit:{scope}:blocked", 1, px=max(int(wait * 1000), 1))
        raise RateLimited(wait)
    if status >= _SERVER_FAULT:
        raise RemoteUnavailable(f"Discord answered {status}")
    if status >= http.client.BAD_REQUEST:
        raise DiscordRefused(status, int(answer.get("code", 0)), str(answer.get("message", ""))[:200])
    return answer


def _encoded(body: dict[str, Any] | None, pictures: Sequence[Picture]) -> tuple[bytes | None, str]:
    """A body and its type: JSON, or a form of the JSON and the files."""
    encoded = json.dumps(body).encode() if body else None
    if not pictures:
        return encoded, "application/json"
    boundary = secrets.token_hex(16)
    parts = [('name="payload_json"', "application/json", encoded or b"{}")]
    parts += [
        (f'name="files[{number}]"; filename="{picture.name}"', "image/png", picture.data)
        for number, picture in enumerate(pictures)
    ]
    lines = [
        f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\nContent-Type: {kind}\r\n\r\n".encode()
        + data
        + b"\r\n"
        for head, kind, data in parts
    ]
    return b"".join([*lines, f"--{boundary}--\r\n".encode()]), f"multipart/form-data; boundary={boundary}"


def _send(method: str, path: str, body: bytes | None, kind_of_body: str) -> tuple[int, http.client.HTTPMessage, Any]:
    base = urlsplit(settings().discord_api_url)
    kind = http.client.HTTPSConnection if base.scheme == "https" else http.client.HTTPConnection
    connection = kind(base.hostname or "", base.port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request(method, base.path.rstrip("/") + path, body, _headers(path, kind_of_body))
        response = connection.getresponse()
        raw = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise RemoteUnavailable(f"Discord cannot be reached: {type(error).__name__}") from error
    finally:
        connection.close()
    try:
        return response.status, response.headers, json.loads(raw) if raw else {}
    except ValueError:
        # A proxy in between answers with a page of its own; its status is what counts.
        return response.status, response.headers, {}


def _headers(path: str, kind_of_body: str) -> dict[str, str]:
    headers = {"User-Agent": _USER_AGENT, "Content-Type": kind_of_body}
    if not path.startswith("/webhooks/"):
        headers["Authorization"] = f"Bot {settings().discord_token or SANDBOX_TOKEN}"
    return headers


def _take(bucket: str) -> None:
    """Wait for a place in the bucket if it comes soon; raises RateLimited when it does not."""
    client = broker_redis()
    global_blocked = int(client.pttl("limit:global:blocked"))
    wait = max(global_blocked, _try_take(client, bucket)) / 1000
    if 0 < wait <= _PATIENCE_SECONDS:
        time.sleep(wait)
        wait = _try_take(client, bucket) / 1000
    if wait > 0:
        raise RateLimited(wait)


def _try_take(client: redis.Redis, bucket: str) -> int:
    keys = (f"limit:{bucket}", f"limit:{bucket}:blocked", f"limit:global:{int(time.time())}")
    return int(cast("int", client.eval(_TAKE, len(keys), *keys, _GLOBAL_PER_SECOND)))


def _learn(bucket: str, headers: http.client.HTTPMessage) -> None:
    remaining, reset_after = headers.get("X-RateLimit-Remaining"), headers.get("X-RateLimit-Reset-After")
    if remaining is None or reset_after is None:
        return
    lifetime = max(int(float(reset_after) * 1000), 1)
    broker_redis().eval(_LEARN, 1, f"limit:{bucket}", int(remaining), lifetime)
