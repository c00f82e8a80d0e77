"""Real servers for the tests: one PostgreSQL and one Valkey for each process of tests, one fresh database a test."""

import os
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from app.core import db, queue, redis
from app.core.cache import runtime as cache
from app.core.settings import PROJECT, settings
from app.knowledge.search import results
from tests.factories import folders
from tests.factories.turns import Turns

# Many tests wait for other processes, so that one more than there are cores keeps the machine busy. Each process of tests
# has servers of its own, for which memory is wanted too.
_MOST_AT_A_TIME = 8


def pytest_xdist_auto_num_workers() -> int:
    """How many processes `-n auto` starts."""
    return min((os.cpu_count() or 1) + 1, _MOST_AT_A_TIME)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Let tests that are marked `alone` run while those of the other processes wait, and all others beside each other.

    This comes before the clock of pytest-timeout starts.
    """
    turns = Turns(item.config.cache.mkdir("turns"))
    with turns.alone() if item.get_closest_marker("alone") else turns.shared():
        return (yield)


def reset_process_state() -> None:
    """Forget connections and settings, so that the next use reads the environment anew."""
    results.settle()
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
def servers() -> Iterator["object"]:
    """Embedded PostgreSQL and Valkey, started as `make run` starts them."""
    from app.stack.servers import start_servers

    with folders.for_servers() as folder:
        running = start_servers(folder / "data")
        os.environ["REDIS_URL"] = running.redis_url
        yield running
        running.destroy()


@pytest.fixture
def servers_dir() -> Iterator[Path]:
    """A folder for servers of the test's own."""
    with folders.for_servers() as folder:
        yield folder


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
    # Copying the template's files costs a fraction of what writing them to the log does.
    statement = f"CREATE DATABASE {name} TEMPLATE {template_database} STRATEGY FILE_COPY"
    _execute(servers.database_url, statement)
    url = _named(servers.database_url, name)
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("REDIS_URL", servers.redis_url)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    reset_process_state()
    redis.broker_redis().flushall()
    yield url
    reset_process_state()
    _execute(servers.database_url, f"DROP DATABASE {name} WITH (FORCE)")
