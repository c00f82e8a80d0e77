"""Real servers for the tests: one PostgreSQL and one Valkey a session, one fresh database a test module."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from app.core import db, queue, redis
from app.core.cache import runtime as cache
from app.core.settings import PROJECT, settings

_TOUCHED = ("DATABASE_URL", "REDIS_URL", "DATA_DIR", "DISCORD_API_URL", "DISCORD_TOKEN", "CELERY_BROKER_URL")


def reset_process_state() -> None:
    """Forget connections and settings, so that the next use reads the environment anew."""
    db.dispose()
    cache.dispose()
    redis.dispose()
    queue.dispose()
    settings.cache_clear()


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of official specifications, where there is one."""
    folder = PROJECT.parent / "shared"
    if not (folder / "specs").is_dir():
        pytest.skip("the official specifications are not on this machine (../shared)")
    return folder


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator["object"]:
    """Embedded PostgreSQL and Valkey, started as `make run` starts them."""
    from app.stack.servers import start_servers

    running = start_servers(tmp_path_factory.mktemp("servers"))
    os.environ["REDIS_URL"] = running.redis_url
    yield running
    running.destroy()


def _execute(url: str, statement: str) -> None:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


def _named(url: str, name: str) -> str:
    return f"{url.rsplit('/', 1)[0]}/{name}"


@pytest.fixture(scope="session")
def template_database(servers) -> str:
    """The name of a migrated database that tests clone."""
    from app.cli import migrate

    _execute(servers.database_url, "CREATE DATABASE heorot_template")
    os.environ["DATABASE_URL"] = _named(servers.database_url, "heorot_template")
    reset_process_state()
    migrate.up()
    reset_process_state()
    return "heorot_template"


@pytest.fixture
def database(servers, template_database, tmp_path, monkeypatch) -> Iterator[str]:
    """The URL of a fresh, migrated database, and an empty Valkey; this process and its children use them."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    _execute(servers.database_url, f"CREATE DATABASE {name} TEMPLATE {template_database}")
    url = _named(servers.database_url, name)
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("REDIS_URL", servers.redis_url)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    reset_process_state()
    redis.broker_redis().flushall()
    yield url
    reset_process_state()
    _execute(servers.database_url, f"DROP DATABASE {name} WITH (FORCE)")
