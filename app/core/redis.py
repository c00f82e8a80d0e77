"""Connections to Redis or Valkey, with time limits that keep a hung server from hanging us."""

from functools import cache

import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.core.settings import settings

# A server that accepts and never answers must cost a second, not a minute.
SOCKET_TIMEOUT = 1.0
CONNECT_TIMEOUT = 0.5
# Whoever asks a cache has another place to ask, and should be there soon.
QUICK_TIMEOUT = 0.25


@cache
def broker_redis() -> redis.Redis:
    """The durable server: ledger, broker, answers."""
    return redis.Redis.from_url(
        settings().redis_url, socket_timeout=SOCKET_TIMEOUT, socket_connect_timeout=CONNECT_TIMEOUT
    )


@cache
def cache_redis() -> redis.Redis:
    """The server whose content may be lost."""
    return redis.Redis.from_url(
        settings().cache_url, socket_timeout=SOCKET_TIMEOUT, socket_connect_timeout=CONNECT_TIMEOUT
    )


def quick_cache_redis() -> redis.Redis:
    """A new client of the cache's server that tries once and gives up soon; the caller closes it."""
    return redis.Redis.from_url(
        settings().cache_url,
        socket_timeout=QUICK_TIMEOUT,
        socket_connect_timeout=QUICK_TIMEOUT,
        retry=Retry(NoBackoff(), 0),
    )


def async_broker_redis() -> redis.asyncio.Redis:
    """A new asynchronous connection pool to the durable server; the caller closes it."""
    return redis.asyncio.Redis.from_url(
        settings().redis_url, socket_timeout=SOCKET_TIMEOUT, socket_connect_timeout=CONNECT_TIMEOUT
    )


def async_cache_redis() -> redis.asyncio.Redis:
    """A new asynchronous connection pool to the server whose content may be lost; the caller closes it."""
    return redis.asyncio.Redis.from_url(
        settings().cache_url, socket_timeout=SOCKET_TIMEOUT, socket_connect_timeout=CONNECT_TIMEOUT
    )


def dispose() -> None:
    """Close this process's connections (tests and forks)."""
    for client in (broker_redis, cache_redis):
        if client.cache_info().currsize:
            client().close()
        client.cache_clear()
