"""Stores of documents elsewhere: what tests do before and after a sync with them."""

import itertools
import json
from datetime import timedelta

from sqlalchemy import text

from app.clients import openai
from app.core.clock import now, snowflake_at
from app.core.db import unit_of_work
from app.core.settings import settings
from app.knowledge.embeddings import providers
from app.knowledge.vectors import stores
from app.knowledge.vectors.managed import MANAGED
from tests.factories.knowledge import GUILD, PRIVATE, PUBLIC, embed_all, write

FILES = "SELECT state, file_id FROM store_files ORDER BY id"
_numbers = itertools.count(1)


def agree(*guilds, is_on=True):
    with unit_of_work() as uow:
        for guild in guilds:
            uow.session.execute(
                text(
                    "INSERT INTO guild_settings (guild_id, features) VALUES (:guild, CAST(:features AS jsonb))"
                    " ON CONFLICT (guild_id) DO UPDATE SET features = excluded.features"
                ),
                {"guild": guild, "features": json.dumps({"openai": is_on})},
            )
        uow.commit()


def forget_processes():
    settings.cache_clear()
    openai.client.cache_clear()
    providers.provider.cache_clear()


def settle():
    """The days have settled, and claims of workers that are gone have run out."""
    sql(
        "UPDATE documents SET claimed_until = NULL,"
        " stale_at = CASE WHEN stale_at IS NULL THEN NULL ELSE CAST('-infinity' AS timestamptz) END"
    )


def sql(statement, **values):
    with unit_of_work() as uow:
        uow.session.execute(text(statement), values)
        uow.commit()


def sync():
    embed_all()
    settle()
    return MANAGED.sync()


def scope(*channels, guild=GUILD, **more):
    return stores.Scope(guild, channels or (PUBLIC, PRIVATE), **more)


def there(server):
    """What lies there: the names of files, without the mark."""
    return sorted(file["filename"].rsplit("_", 1)[0] for file in server.files.values())


def day_before(days, content, **more):
    """A message of so many days ago."""
    return write(content, message_id=snowflake_at(now() - timedelta(days=days)) + next(_numbers), **more)


def lives(server):
    """For how long each file that was uploaded may be there."""
    return [timedelta(seconds=int(one.sent["expires_after[seconds]"])) for one in server.asked("POST", "/files")]
