"""Everything is killed while people talk: in the end each message is stored once, with its final text."""

import os
import random
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

import psycopg2
import pytest

from tests.acceptance.ingest.traffic import Traffic
from tests.factories.system import System, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def stored_ids(system: System) -> list[int]:
    try:
        return [row[0] for row in system.rows("SELECT id FROM messages WHERE deleted_at IS NULL ORDER BY id")]
    except psycopg2.OperationalError:
        return []


def has_caught_up(traffic: Traffic) -> bool:
    """Whether every message that is still there is stored."""
    return len(stored_ids(traffic.system)) >= len(traffic.sent) - len(traffic.removed)


def talk(traffic: Traffic, number: int, between: Callable[[int], None]) -> None:
    """Send `number` messages in small groups, each followed by edits, reactions, moves in voice and a deletion."""
    group = 20
    for turn in range(number // group):
        traffic.say(group)
        traffic.disturb([message for message in stored_ids(traffic.system) if message in traffic.sent])
        between(turn)


def assert_everything_is_stored(traffic: Traffic, seconds: float = 150) -> None:
    system = traffic.system
    traffic.hang_up()
    wanted = len(traffic.sent)

    def settled() -> bool:
        try:
            count = system.value(
                "SELECT count(*) FROM messages WHERE guild_id = %s AND author_id IS NOT NULL", traffic.guild
            )
        except psycopg2.OperationalError:
            return False
        health = system.health()
        return count >= wanted and health["ledger"]["entries"] == 0 and not health["spool"] and finished(traffic)

    with suppress(AssertionError):
        system.until(settled, "every message is stored and ledger and spool are empty", seconds, pause=0.5)
    compare(traffic)
    health = system.health()
    assert (health["ledger"]["entries"], health["spool"], health["deadletters"]) == (0, 0, 0)


def rows_by_id(traffic: Traffic) -> dict[int, tuple[str | None, bool]]:
    rows = traffic.system.rows(
        "SELECT id, content, deleted_at IS NOT NULL FROM messages WHERE guild_id = %s AND author_id IS NOT NULL",
        traffic.guild,
    )
    return {message: (content, deleted) for message, content, deleted in rows if message in traffic.sent}


def expected(traffic: Traffic) -> dict[int, tuple[str | None, bool]]:
    texts = traffic.final_texts()
    return {message: (texts[message], False) if message in texts else (None, True) for message in traffic.sent}


def finished(traffic: Traffic) -> bool:
    return rows_by_id(traffic) == expected(traffic) and reactions(traffic) == traffic.reactions()


def reactions(traffic: Traffic) -> dict[tuple[int, str], int]:
    """How many people react to messages that are still there, by message and emoji."""
    rows = traffic.system.rows(
        "SELECT r.message_id, r.emoji, count(*) FROM reactions r JOIN messages m ON m.id = r.message_id"
        " WHERE r.removed_at IS NULL AND m.deleted_at IS NULL AND r.guild_id = %s GROUP BY 1, 2",
        traffic.guild,
    )
    return {(message, emoji): number for message, emoji, number in rows}


def voice_seconds(traffic: Traffic) -> list[dict[int, int]]:
    """Whole seconds in voice by person: of the sessions, of the days, and of the members."""
    # Both ends of a stay are cut to the second.
    sessions = (
        "SELECT user_id, sum(floor(extract(epoch FROM ended_at)) - floor(extract(epoch FROM started_at)))"
        " FROM voice_sessions WHERE channel_id IS NOT NULL AND guild_id = %s GROUP BY 1"
    )
    days = "SELECT user_id, sum(voice_seconds) FROM daily_activity WHERE guild_id = %s GROUP BY 1"
    members = "SELECT user_id, voice_seconds FROM members WHERE guild_id = %s"
    return [
        {user: int(seconds) for user, seconds in traffic.system.rows(statement, traffic.guild) if seconds}
        for statement in (sessions, days, members)
    ]


def compare(traffic: Traffic) -> None:
    found, wanted = rows_by_id(traffic), expected(traffic)
    assert found.keys() == wanted.keys()
    assert {message: row for message, row in found.items() if row != wanted[message]} == {}
    counts = dict(
        traffic.system.rows(
            "SELECT user_id, message_count FROM members WHERE guild_id = %s AND message_count > 0", traffic.guild
        )
    )
    assert counts == dict(traffic.totals())
    daily = traffic.system.value("SELECT sum(messages) FROM daily_activity WHERE guild_id = %s", traffic.guild)
    assert daily == len(traffic.sent)
    open_sessions = traffic.system.value(
        "SELECT count(*) FROM voice_sessions WHERE ended_at IS NULL AND channel_id IS NOT NULL"
    )
    assert open_sessions == 0
    assert reactions(traffic) == traffic.reactions()
    of_sessions, of_days, of_members = voice_seconds(traffic)
    assert of_sessions == of_days == of_members
    assert bool(of_sessions) == bool(traffic.talked), "time in voice is counted"


def test_workers_are_killed_again_and_again(servers_dir):
    with running(servers_dir) as system:
        traffic, dice = Traffic(system), random.Random(1)

        def between(_: int) -> None:
            if dice.random() < 0.12:
                system.restart("worker")

        talk(traffic, 1500, between)
        assert_everything_is_stored(traffic)
        # The bot heard every edit, so each left the version before it.
        revisions = "SELECT message_id, count(*) FROM message_revisions WHERE guild_id = %s GROUP BY 1"
        edits = {message: number for message, number in traffic.edits.items() if message not in traffic.removed}
        assert dict(system.rows(revisions, traffic.guild)) == edits


def faults(traffic: Traffic) -> dict[int, Callable[[], object]]:
    """What is killed, stopped and started, by the turn of a round."""
    system, servers = traffic.system, traffic.system.servers
    valkey, postgres = servers.valkey, servers.postgres
    assert valkey is not None
    assert postgres is not None
    return {
        # Each round meets a system that has recovered from the one before.
        0: lambda: system.until(lambda: has_caught_up(traffic), "every message is stored", 120),
        4: lambda: system.restart("worker"),
        8: lambda: os.killpg(valkey.pid, signal.SIGKILL),
        # For a while both servers are away.
        10: postgres.stop,
        12: lambda: (valkey.stop(), valkey.start()),
        15: postgres.start,
        18: postgres.stop,
        21: lambda: system.restart("worker"),
        24: postgres.start,
        28: lambda: system.kill("bot"),
        32: lambda: system.start("bot"),
        34: lambda: system.restart("bot"),
    }


def test_everything_is_killed_in_turn_during_one_long_stream(servers_dir):
    with running(servers_dir) as system:
        traffic = Traffic(system)
        planned = faults(traffic)
        talk(traffic, 5120, lambda turn: planned.get(turn % 40, lambda: None)())
        assert len(traffic.done) == 5
        assert min(traffic.done.values()) >= 50, f"little happened besides messages: {traffic.done}"
        system.until(system.bot_is_ready, "the bot is connected again", 60)
        assert_everything_is_stored(traffic)


def test_the_bot_is_killed_in_the_middle_of_a_backfill(servers_dir):
    with running(servers_dir) as system:
        traffic = Traffic(system)
        traffic.say(60)
        system.until(lambda: len(rows_by_id(traffic)) == 60, "the first messages are stored")
        system.kill("bot")
        for _ in range(6):
            traffic.say(500)
        # Each page of the backfill takes a while, so that the kill meets it half-way.
        system.call("POST", "/sandbox/faults", {"kind": "delay", "seconds": 0.2, "count": 1000})
        system.start("bot")
        system.until(lambda: len(rows_by_id(traffic)) > 60, "the backfill has begun")
        system.kill("bot")
        assert len(rows_by_id(traffic)) < len(traffic.sent)
        system.call("DELETE", "/sandbox/faults")
        system.start("bot")
        system.until(system.bot_is_ready, "the bot is connected again")
        assert_everything_is_stored(traffic)


class BlackHole:
    """A port that accepts connections and never answers, in the place of a server."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_server(("127.0.0.1", port), reuse_port=False)
        self._held: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                self._held.append(self._socket.accept()[0])

    def close(self) -> None:
        # Closing alone would not wake the thread.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()
        for connection in self._held:
            connection.close()


def wakes(system: System, most: str) -> int:
    """How often the bot's event loop woke with at most that lag, in seconds (`+Inf`: ever)."""
    start = f'heorot_bot_loop_lag_seconds_bucket{{le="{most}"}} '
    return next(int(float(line[len(start) :])) for line in system.metrics().splitlines() if line.startswith(start))


@pytest.mark.alone
def test_a_redis_that_never_answers_does_not_delay_heartbeats(servers_dir):
    with running(servers_dir, "sandbox") as system:
        system.call("POST", "/sandbox/application", {"heartbeat_seconds": 1})
        system.start("bot", "worker", "worker-maintenance", "beat")
        system.until(system.bot_is_ready, "the bot is connected")
        traffic = Traffic(system)
        traffic.say(200)
        valkey = system.servers.valkey
        assert valkey is not None
        valkey.stop()
        hole = BlackHole(valkey.port)
        quick, ever = wakes(system, "0.5"), wakes(system, "+Inf")
        try:
            for _ in range(20):
                traffic.say(20)
            system.until(lambda: system.health()["spool"], "events wait in the spool", 30)
            assert system.health()["discord"]["status"] == "connected"
            system.until(lambda: wakes(system, "+Inf") >= ever + 5, "the loop's lag is measured meanwhile", 30)
            assert wakes(system, "0.5") - quick == wakes(system, "+Inf") - ever
        finally:
            hole.close()
        valkey.start()
        assert_everything_is_stored(traffic)
        (session,) = system.call("GET", "/sandbox/sessions")["sessions"]
        assert session["connected"]
        assert session["longest_silence"] < 3
