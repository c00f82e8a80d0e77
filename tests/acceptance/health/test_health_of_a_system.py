"""What `/health` says while servers come and go below a running system."""

import json
import urllib.request

import pytest

from tests.factories.system import running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_health_names_what_is_away_and_recovers_by_itself(servers_dir):
    with running(servers_dir) as system:
        until, health = system.until, system.health
        until(lambda: health()["database"]["status"] == "connected", "the database is connected")
        assert health()["discord"]["status"] == "connected"

        system.servers.valkey.stop()
        until(lambda: health()["redis"]["status"] == "degraded", "the queue is named", 20)
        found = health()
        assert found["status"] == "degraded"
        assert found["redis"]["reason"]
        assert found["workers"]["reason"] == "not known while Redis is away"
        assert found["ledger"]["entries"] is None
        system.servers.valkey.start()
        until(lambda: health()["redis"]["status"] == "connected", "the queue is back", 30)
        assert health()["redis"]["since"] > found["redis"]["since"]

        system.servers.postgres.stop()
        until(lambda: health()["database"]["status"] == "degraded", "the database is named", 20)
        found = health()
        assert (found["status"], found["deadletters"], found["jobs"]) == ("degraded", None, None)
        with urllib.request.urlopen(f"{system.health_url}/alive", timeout=5) as answer:
            assert json.loads(answer.read()) == {"status": "alive"}
        system.servers.postgres.start()
        until(lambda: health()["database"]["status"] == "connected", "the database is back", 30)
