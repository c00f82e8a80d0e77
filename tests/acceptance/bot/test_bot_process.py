"""The bot as a process: killed while people talk, started twice, stopped in the middle of a stream."""

import json
import signal
import subprocess
import sys

import pytest
import redis

from app.activity.ingest.messages import decode
from app.activity.messages.messages import MessageSeen
from app.core.settings import PROJECT
from tests.factories.system import System, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


class Reader:
    """What the ledger holds; no worker runs that would take it out."""

    def __init__(self, system: System) -> None:
        self._redis = redis.Redis.from_url(system.environment["REDIS_URL"])

    def texts(self) -> list[str]:
        """Every message, in the order of its stamp."""
        found = self._redis.hgetall("ledger:ingest").values()
        events = sorted((event for payload in found for event in decode(payload).events), key=lambda event: event.seq)
        return [event.content for event in events if isinstance(event, MessageSeen)]

    def numbers(self) -> list[int]:
        """The stamp of every event."""
        found = self._redis.hgetall("ledger:ingest").values()
        return [event.seq for payload in found for event in decode(payload).events]

    def close(self) -> None:
        self._redis.close()


@pytest.fixture
def system(servers_dir):
    with running(servers_dir, "sandbox", "bot", "worker") as system:
        yield system


def place(system: System) -> tuple[str, str]:
    guild = system.call("GET", "/sandbox/state")["guilds"][0]
    channel = next(channel for channel in guild["channels"] if channel["name"] == "general")
    member = next(member for member in guild["members"] if not member["user"].get("bot"))
    return channel["id"], member["user"]["id"]


def test_a_killed_bot_finds_everything_that_it_missed(system):
    channel, author = place(system)
    for number in range(400):
        system.call("POST", "/sandbox/messages", {"channel": channel, "author": author, "content": f"{number}"})
        if number in (100, 250):
            system.restart("bot")
    wanted = {str(number) for number in range(400)}
    system.until(
        lambda: {row[0] for row in system.rows("SELECT content FROM messages")} >= wanted, "all are stored", 60
    )
    assert system.value("SELECT count(*) FROM messages") == 400
    assert system.value("SELECT sum(message_count) FROM members") == 400


def test_a_stopped_bot_keeps_what_it_heard_last(system):
    channel, author = place(system)
    system.kill("worker")
    for number in range(20):
        system.call("POST", "/sandbox/messages", {"channel": channel, "author": author, "content": f"{number}"})
    system.until(lambda: system.health()["discord"]["status"] == "connected", "connected")
    system.kill("bot", signal.SIGTERM)
    before = Reader(system)
    heard = before.texts()
    assert heard == [str(number) for number in range(len(heard))]
    stamped = max(before.numbers())
    system.start("bot")
    system.until(system.bot_is_ready, "the bot is back", 60)
    system.call("POST", "/sandbox/messages", {"channel": channel, "author": author, "content": "20"})
    system.until(lambda: set(before.texts()) == {str(number) for number in range(21)}, "all are in the ledger", 60)
    later = [number for number in before.numbers() if number > stamped]
    assert later
    assert len(set(before.numbers())) == len(before.numbers()), "no stamp is given twice"
    before.close()


def test_a_second_bot_says_so_in_one_line_and_ends(system):
    environment = {**system.environment, "HEALTH_CHECK_PORT": str(int(system.environment["HEALTH_CHECK_PORT"]) + 1)}
    second = subprocess.run(
        [sys.executable, "-m", "app", "bot"],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert second.returncode == 78
    said = [line for line in second.stderr.splitlines() if not line.startswith("{")]
    assert said == ["bot: another bot with this identity is running (it holds the lock in PostgreSQL); stop it first."]
    assert system.bot_is_ready()


def test_a_wrong_token_says_so_in_one_line_and_ends(system):
    environment = {**system.environment, "DISCORD_TOKEN": "wrong"}
    refused = subprocess.run(
        [sys.executable, "-m", "app", "bot"],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert refused.returncode == 78
    said = [line for line in refused.stderr.splitlines() if not line.startswith("{")]
    assert len(said) == 1
    assert "Reset Token" in said[0]


def test_its_log_is_json_and_quotes_nobody(system):
    channel, author = place(system)
    secret = "nobody must read this in a log"
    system.call("POST", "/sandbox/messages", {"channel": channel, "author": author, "content": secret})
    system.until(lambda: system.value("SELECT count(*) FROM messages"), "it is stored")
    bot = system.processes["bot"]
    system.kill("bot", signal.SIGTERM)
    assert bot.returncode == 0
    log = system.log("bot")
    assert secret not in log
    for line in log.splitlines():
        json.loads(line)
