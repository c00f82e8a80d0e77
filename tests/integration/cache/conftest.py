import pytest

from app.core import metrics, redis
from app.core.cache.namespace import member
from tests.conftest import reset_process_state
from tests.factories.caches import Source, listening, namespace


@pytest.fixture
def source():
    return Source()


@pytest.fixture
def valkey(servers, monkeypatch):
    """An empty Valkey, which costs less than a database beside it."""
    monkeypatch.setenv("REDIS_URL", servers.redis_url)
    reset_process_state()
    redis.broker_redis().flushall()
    yield
    reset_process_state()


@pytest.fixture
def names(valkey, source):
    """Names of members, kept in all tiers."""
    metrics.take()
    listening()
    with namespace(str, source, tags=lambda *key: (member(key[-1]),)) as found:
        yield found
