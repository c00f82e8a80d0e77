"""Many searches at the same time."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.core import db, settings
from app.knowledge.search import queries
from tests.factories.knowledge import GUILD, PUBLIC, embed_all, write


@pytest.mark.timeout(60)
def test_searches_that_share_one_connection_wait_for_it_and_never_for_each_other(index, monkeypatch):
    """A search that held one while it waits for what another thread of it finds would stop them all."""
    messages = {n: write(f"the raid of week {n} starts at nine") for n in range(40)}
    embed_all()
    db.dispose()
    monkeypatch.setenv("DB_MAX_CONNECTIONS", "1")
    monkeypatch.setenv("DB_CONNECTION_TIMEOUT", "30000")
    settings.settings.cache_clear()

    def first(n):
        return queries.search(GUILD, (PUBLIC,), f"week {n}").message_ids[0]

    with ThreadPoolExecutor(20) as members:
        assert list(members.map(first, messages)) == list(messages.values())
