"""Whether the bot is connected to Discord, as its pulse in Redis tells everybody."""

from datetime import UTC, datetime

import orjson
import redis

# A pulse comes every few seconds and is kept so long; one that is older than `_FRESH_SECONDS` has stopped.
KEPT_SECONDS = 30
_FRESH_SECONDS = 12
_PATTERN = "status:bot:*"


def status_key(application_id: int) -> str:
    """Where the pulse of a bot is kept."""
    return _PATTERN.replace("*", str(application_id))


def connected_since(client: redis.Redis) -> datetime | None:
    """Since when the bot has been connected without a break; None where it is away.

    Where several processes are a bot, the one that connected last counts. Raises redis-py's errors.
    """
    since = []
    for key in client.scan_iter(_PATTERN, count=1000):
        pulse, left = client.get(key), client.ttl(key)
        # What is left of its time tells its age without comparing two hosts' clocks.
        if isinstance(pulse, bytes) and isinstance(left, int) and left >= KEPT_SECONDS - _FRESH_SECONDS:
            since.append(orjson.loads(pulse)["connected_since"])
    if not since or None in since:
        return None
    return datetime.fromtimestamp(max(since), UTC)
