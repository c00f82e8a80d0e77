"""A worker's way from the ledger to rows, without the broker between."""

import itertools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from app.core import ledger
from app.core.db import engine
from app.core.redis import broker_redis
from tests.factories.events import Events, payload

_numbers = itertools.count(1)


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def sent(monkeypatch) -> list[tuple[str, tuple[Any, ...]]]:
    """The tasks that were enqueued."""
    from app.core import queue

    found: list[tuple[str, tuple[Any, ...]]] = []
    monkeypatch.setattr(queue, "send", lambda task, *args: found.append((task, args)))
    return found


@pytest.fixture
def rows(database) -> Callable[..., list[tuple[Any, ...]]]:
    def query(statement: str, **values: Any) -> list[tuple[Any, ...]]:
        with engine().connect() as connection:
            return [tuple(row) for row in connection.execute(text(statement), values)]

    return query


@pytest.fixture
def execute(database) -> Callable[..., None]:
    def run(statement: str, **values: Any) -> None:
        with engine().begin() as connection:
            connection.execute(text(statement), values)

    return run


@pytest.fixture
def hand_in(database, sent, monkeypatch) -> SimpleNamespace:
    """Put a batch into the ledger and run its task, as a worker would."""
    from app.core.settings import settings
    from tasks.ingest import apply

    monkeypatch.setenv("DISCORD_API_URL", "http://127.0.0.1:1/api/v10")
    settings.cache_clear()

    def put(*batch: Any, entry_id: str | None = None) -> str:
        name = entry_id or f"7:{next(_numbers):019d}"
        content = batch[0] if len(batch) == 1 and isinstance(batch[0], bytes) else payload(name, *batch)
        ledger.put(broker_redis(), "ingest", [(name, content)])
        return name

    def run(entry_id: str) -> None:
        apply(entry_id)

    def both(*batch: Any, entry_id: str | None = None) -> str:
        name = put(*batch, entry_id=entry_id)
        run(name)
        return name

    return SimpleNamespace(put=put, run=run, both=both, left=lambda: sorted(ledger.ids(broker_redis(), "ingest")))
