"""A guild that the bot left is forgotten after a month, in every table that knows guilds.

The guild's row is locked in each chunk's transaction, so a bot that is invited back stops the purge at once, and the
row itself goes last: until then an interrupted purge is found again.
"""

import logging
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import text

from app.core.cache.namespace import forget_guild
from app.core.db import unit_of_work
from app.upkeep.retention.policies import PURGE_DAYS, of_guilds

log = logging.getLogger(__name__)

_LEFT = "SELECT id FROM guilds WHERE id <> 0 AND left_at < :before ORDER BY id"
_STILL_LEFT = "SELECT 1 FROM guilds WHERE id = :guild_id AND left_at < :before FOR UPDATE"
_LAST = "DELETE FROM guilds WHERE id = :guild_id AND left_at < :before"
# Names of people whom no guild knows any more.
_UNKNOWN_USERS = """
DELETE FROM users WHERE id IN (
    SELECT u.id FROM users u
    WHERE NOT EXISTS (SELECT FROM members m WHERE m.user_id = u.id)
    AND NOT EXISTS (SELECT FROM messages m WHERE m.author_id = u.id)
    ORDER BY u.id FOR UPDATE
)
"""


def run(now: datetime, chunk: int) -> dict[str, int]:
    """Purge every guild that was left long enough ago; how many rows went. Twice is safe: the second finds none."""
    before = now - timedelta(days=PURGE_DAYS)
    with unit_of_work() as uow:
        left = list(uow.session.scalars(text(_LEFT), {"before": before}))
    if not left:
        return {}
    rows = sum(_purge(guild_id, before, chunk) for guild_id in left)
    with unit_of_work() as uow:
        uow.session.execute(text(_UNKNOWN_USERS))
        uow.commit()
    return {"guilds purged": len(left), "rows purged": rows}


def _purge(guild_id: int, before: datetime, chunk: int) -> int:
    log.info("a guild that was left is purged", extra={"guild": guild_id})
    total = 0
    for table in of_guilds():
        keys = ", ".join(column.name for column in table.primary_key)
        statement = f"""
            DELETE FROM {table.name} WHERE ({keys}) IN (
                SELECT {keys} FROM {table.name} WHERE guild_id = :guild_id ORDER BY {keys} LIMIT :chunk FOR UPDATE
            )
        """  # noqa: S608 - names of our own tables.
        total += _repeat(statement, {"guild_id": guild_id, "before": before, "chunk": chunk}, chunk)
    with unit_of_work() as uow:
        uow.session.execute(text(_LAST), {"guild_id": guild_id, "before": before})
        uow.after_commit(partial(forget_guild, guild_id))
        uow.commit()
    return total


def _repeat(statement: str, values: dict[str, object], chunk: int) -> int:
    total, done = 0, chunk
    while done == chunk:
        with unit_of_work() as uow:
            if uow.session.scalar(text(_STILL_LEFT), values) is None:
                return total
            done = uow.session.connection().execute(text(statement), values).rowcount
            uow.commit()
        total += done
    return total
