"""A fresh database with servers of its own, for as long as something is measured in it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.cli import migrate
from app.clients import minilm
from app.core import db, queue, redis
from app.core.cache import runtime as cache
from app.core.settings import settings
from app.knowledge.embeddings import providers
from app.knowledge.search import frequencies, people
from app.stack.servers import start_servers


@contextmanager
def database(folder: Path) -> Iterator[None]:
    """Embedded servers of our own for as long as this lasts; the environment is put back afterwards."""
    before = dict(os.environ)
    servers = start_servers(folder)
    os.environ |= {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url, "DATA_DIR": str(folder)}
    os.environ["EMBEDDINGS_PROVIDER"] = "local"
    os.environ.pop("REDIS_CACHE_URL", None)
    _forget()
    migrate.up()
    try:
        yield
    finally:
        _forget()
        os.environ.clear()
        os.environ.update(before)
        servers.destroy()


def _forget() -> None:
    cache.dispose()
    db.dispose()
    redis.dispose()
    queue.dispose()
    settings.cache_clear()
    providers.provider.cache_clear()
    minilm.forget()
    people.forget()
    frequencies.forget()
