"""Waiting until what was published is stored, for those who compare Discord with the database."""

import asyncio
import logging
from typing import Any

import redis.exceptions

from app.bot.publisher import Publisher
from app.core import ledger
from app.core.errors import QueueUnavailable
from app.core.quiet import describe

log = logging.getLogger(__name__)

_LEDGER_SECONDS = 60.0
_PAUSE = 0.25


async def until_committed(publisher: Publisher) -> bool:
    """Wait until what was published so far is stored; False when that takes too long or cannot be known."""
    try:
        async with asyncio.timeout(_LEDGER_SECONDS):
            while publisher.spool.entries:  # noqa: ASYNC110 - the publisher's thread tells nobody of it.
                await asyncio.sleep(_PAUSE)
            waiting = await _entries(publisher)
            while waiting:
                await asyncio.sleep(_PAUSE)
                waiting &= await _entries(publisher)
    except TimeoutError:
        return False
    except (QueueUnavailable, redis.exceptions.RedisError, OSError) as error:
        log.info("the ledger cannot be asked: %s", describe(error))
        return False
    return True


async def _entries(publisher: Publisher) -> set[str]:
    """The ledger's entries by the batch that they come from: one that was split keeps its id before the dot."""
    keys: Any = await publisher.submit(lambda: publisher.redis().hkeys(ledger.key("ingest")), after_batches=True)
    return {key.decode().partition(".")[0] for key in keys}
