"""How much a provider may be asked, and when it is to be left alone: known to all processes, through Redis.

Two budgets a minute, of requests and of tokens, and a pause that the provider itself asked for (`Retry-After`). While
Redis is away each process keeps to its own breaker, and the provider's own refusals are what limits the rest.
"""

import logging
from dataclasses import dataclass
from typing import cast

from redis.exceptions import RedisError

from app.core.redis import cache_redis

log = logging.getLogger(__name__)

# A budget may be spent ahead by a tenth of a minute: what a quiet minute saves up is no burst of twice the limit.
_AHEAD_MS = 6_000
_MINUTE_MS = 60_000
# A provider that asks for more is tried again after an hour all the same.
PAUSE_MAX_SECONDS = 3_600.0

# Each budget is one time: when what was taken so far will be used up. Taken is from all of them or from none. The
# answer is how many milliseconds are missing. What is larger than a budget waits until that budget is untouched, and
# what is urgent waits for a pause alone.
_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local missing = math.max(redis.call('PTTL', KEYS[1]), 0)
local is_urgent = ARGV[1] == '1'
local times = {}
for place = 2, #KEYS do
    local cost = tonumber(ARGV[place + 1])
    local used = math.max(tonumber(redis.call('GET', KEYS[place]) or '0'), now)
    times[place] = used + cost
    if used > now and not is_urgent then
        missing = math.max(missing, math.min(used + cost - now - tonumber(ARGV[2]), used - now))
    end
end
missing = math.ceil(missing)
if missing > 0 then return missing end
for place = 2, #KEYS do
    redis.call('SET', KEYS[place], string.format('%.3f', times[place]), 'PX', math.ceil(times[place] - now) + 1)
end
return 0
"""


@dataclass(frozen=True)
class Limits:
    """One provider's budgets; 0 stands for no limit."""

    name: str
    requests_per_minute: int = 0
    tokens_per_minute: int = 0

    def take(self, tokens: int, *, is_urgent: bool = False) -> float:
        """Take one request of so many tokens: 0, or the seconds until there is room, and nothing is taken."""
        keys, arguments = [self._key("pause")], [str(int(is_urgent)), str(_AHEAD_MS)]
        for budget, limit, cost in (
            ("requests", self.requests_per_minute, 1),
            ("tokens", self.tokens_per_minute, tokens),
        ):
            if limit:
                keys.append(self._key(budget))
                arguments.append(f"{cost * _MINUTE_MS / limit:.3f}")
        try:
            missing = cast("int", cache_redis().eval(_TAKE, len(keys), *keys, *arguments))
        except RedisError:
            log.warning("the budget of a provider is out of reach: this process goes on without it")
            return 0.0
        return missing / 1000

    def pause(self, seconds: float) -> None:
        """Have every process leave the provider alone for so long; a longer pause is never shortened."""
        milliseconds = int(min(seconds, PAUSE_MAX_SECONDS) * 1000)
        if milliseconds <= 0:
            return
        key = self._key("pause")
        try:
            if not cache_redis().set(key, b"1", px=milliseconds, nx=True):
                cache_redis().pexpire(key, milliseconds, gt=True)
        except RedisError:
            log.warning("the other processes do not hear that a provider wants a pause")

    def _key(self, what: str) -> str:
        return f"provider:{self.name}:{what}"
