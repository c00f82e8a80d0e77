"""Everything is killed in the middle of 2,000 games, transfers and purchases: no coin is lost, made, or paid twice."""

import os
import random
import signal
import time
from contextlib import suppress

import psycopg2
import pytest
import redis.exceptions

from app.core import commands, ledger, queue
from app.core.clock import now, snowflake_at
from app.core.commands import Command
from app.core.errors import QueueUnavailable
from app.core.redis import broker_redis
from tests.conftest import reset_process_state
from tests.factories.system import BASIC, System, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ORDERS, CHUNK = 2000, 25
PLAYERS = tuple(range(5001, 5301))
ACTIONS = {
    "blackjack": ("draw", "stand"),
    "rps": ("rock", "paper", "scissors"),
    "007": ("ready", "reload", "shoot", "shield"),
    "c21": ("1", "2", "3"),
    "quiz": tuple("abcd"),
    "quicktype": ("ready",),
}
LONGER = ("007", "c21", "quiz", "quicktype")


class Crowd:
    """Three hundred people who play, give, buy and open whatever they can, by one seed."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.dice = random.Random(11)
        guild = system.call("GET", "/sandbox/state")["guilds"][0]
        self.guild = int(guild["id"])
        self.channels = [int(channel["id"]) for channel in guild["channels"] if channel["type"] == 0]
        self.number = 0
        self.open: list[tuple] = []

    def order(self, task: str, user: int, **arguments) -> Command:
        self.number += 1
        return Command(
            task=task,
            id=snowflake_at(now()) + self.number,
            guild_id=self.guild,
            user_id=user,
            channel_id=self.dice.choice(self.channels),
            language="en",
            deadline=time.time() + 300,
            arguments=arguments,
        )

    def look(self) -> None:
        """See which games are open; an old picture stays while the database is away."""
        with suppress(psycopg2.Error):
            self.open = self.system.rows(
                "SELECT g.id, g.kind, g.status, g.step, array_agg(p.user_id ORDER BY p.seat)"
                " FROM games g JOIN game_players p ON p.game_id = g.id WHERE g.deadline IS NOT NULL GROUP BY g.id"
            )

    def wish(self) -> Command:
        """What somebody does next."""
        dice, user = self.dice, self.dice.choice(PLAYERS)
        other = dice.choice([one for one in PLAYERS if one != user])
        if self.open and dice.random() < 0.45:
            return self._click()
        bet = dice.randint(10, 60)
        task, arguments = dice.choice(
            [
                ("commands.game_begin", {"game": "roulette", "bet": bet, "choice": "red"}),
                ("commands.game_begin", {"game": "roulette", "bet": bet, "choice": "green"}),
                ("commands.game_begin", {"game": "slots", "bet": bet}),
                ("commands.game_begin", {"game": "blackjack", "bet": bet}),
                ("commands.game_begin", {"game": "group", "bet": bet}),
                ("commands.game_begin", {"game": "duel", "bet": bet, "member": other}),
                ("commands.game_begin", {"game": "rps", "bet": bet, "member": other}),
                ("commands.game_begin", {"game": dice.choice(LONGER), "bet": bet, "member": other}),
                ("commands.transfer", {"member": other, "amount": bet}),
                ("commands.transfer", {"member": other, "amount": bet}),
                ("commands.bag_use", {"item": "jackpot"}),
                ("commands.lottery_buy", {"count": dice.randint(1, 3)}),
            ]
        )
        return self.order(task, user, **arguments)

    def _click(self) -> Command:
        game, kind, status, step, players = self.dice.choice(self.open)
        user = self.dice.choice(players)
        action = self.dice.choice(ACTIONS.get(kind, ("draw",)))
        if status == "waiting":
            action = "join" if kind == "group" else "accept"
            user = self.dice.choice(PLAYERS) if kind == "group" else players[-1]
        return self.order("commands.game_act", user, game=game, step=step, action=action)

    def offer(self, wishes: list[Command]) -> None:
        """Put the commands into the ledger, as the bot does, and send their tasks; some twice."""
        entries = [(str(one.id), commands.encode(one)) for one in wishes]
        ledger.put(broker_redis(), commands.QUEUE, entries)
        for one in wishes:
            # A task that is lost, or sent twice, is what the ledger is there for.
            with suppress(QueueUnavailable):
                for _ in range(self.dice.choices([0, 1, 2], [1, 90, 9])[0]):
                    queue.send(one.task, str(one.id))


def fill_purses(crowd: Crowd) -> None:
    """Let everybody begin with a thousand coins, and a third of them with treasures."""
    execute(
        crowd.system,
        f"INSERT INTO guild_settings (guild_id, options) VALUES ({crowd.guild}, '{{\"start-coins\": 1000}}')"
        " ON CONFLICT (guild_id) DO UPDATE SET options = excluded.options",
    )
    crowd.offer(
        [crowd.order("commands.inventory_give", user, member=user, item="jackpot", quantity=3) for user in PLAYERS[::3]]
    )
    wait_for_commands()


def wait_for_commands(seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while ledger.depth(broker_redis(), commands.QUEUE):
        assert time.monotonic() < deadline, "commands are still waiting"
        time.sleep(0.1)


def hit_the_database(system: System) -> None:
    """Kill the server as the kernel would, then start it as the runner does."""
    postgres = system.servers.postgres
    assert postgres is not None
    os.killpg(postgres.pid, signal.SIGKILL)
    postgres.stop()
    postgres.start()


def end_every_game(system: System) -> None:
    """Let no step wait for its time any more; beat and workers do the rest."""

    def are_over() -> bool:
        with suppress(psycopg2.Error):
            execute(
                system,
                "UPDATE games SET deadline = now() - interval '1 second', step_started_at = now() - interval '2 seconds'"
                " WHERE deadline > now()",
            )
            return system.value("SELECT count(*) FROM games WHERE deadline IS NOT NULL") == 0
        return False

    system.until(are_over, "every open game ends", 120, pause=1)


def execute(system: System, statement: str) -> None:
    connection = psycopg2.connect(system.environment["DATABASE_URL"], connect_timeout=5)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


# What came into each game's account and what went out, and by seat what was staked and how often it was paid.
FLOWS = """
SELECT owner, sum(amount) FROM (
    SELECT target_id AS owner, amount FROM coin_entries WHERE target_kind = 'game'
    UNION ALL SELECT source_id, -amount FROM coin_entries WHERE source_kind = 'game'
) m GROUP BY owner HAVING sum(amount) <> 0
"""
STAKES = """
SELECT g.id, g.kind, g.status, p.user_id, p.stake,
    (SELECT coalesce(sum(amount), 0) FROM coin_entries e WHERE e.type = 'bet' AND e.source_kind = 'member'
        AND e.source_id = p.user_id AND e.target_id = g.id) AS staked,
    (SELECT coalesce(sum(amount), 0) FROM coin_entries e WHERE e.type = 'refund' AND e.target_id = p.user_id
        AND e.source_id = g.id) AS refunded,
    (SELECT count(*) FROM coin_entries e WHERE e.type = 'payout' AND e.target_kind = 'member'
        AND e.target_id = p.user_id AND e.source_id = g.id) AS payouts,
    (SELECT count(*) FROM game_results r WHERE r.game_id = g.id AND r.user_id = p.user_id) AS results
FROM games g JOIN game_players p ON p.game_id = g.id
"""
PAID = """
SELECT g.id FROM games g JOIN game_results r ON r.game_id = g.id WHERE g.kind NOT IN ('roulette', 'slots', 'blackjack')
GROUP BY g.id HAVING sum(r.stake) <> (
    SELECT coalesce(sum(amount), 0) FROM coin_entries e WHERE e.source_kind = 'game' AND e.source_id = g.id
)
"""


def assert_every_stake_is_settled_once(system: System) -> None:
    assert system.rows(FLOWS) == []
    assert system.rows(PAID) == []
    for game, kind, status, user, stake, staked, refunded, payouts, results in system.rows(STAKES):
        where = (game, kind, status, user)
        if status == "settled":
            assert (staked, refunded, results) == (stake, 0, 1), where
            assert payouts <= 1, where
        else:
            assert status == "void", where
            assert staked in {0, stake}, where
            assert (refunded, payouts, results) == (staked, 0, 0), where


# Draws whose tickets are not exactly the numbers from 1 to what was sold.
TICKETS = """
SELECT d.id FROM lottery_draws d LEFT JOIN LATERAL (
    SELECT coalesce(sum(last_ticket - first_ticket + 1), 0) AS held, coalesce(max(last_ticket), 0) AS newest
    FROM lottery_purchases p WHERE p.draw_id = d.id
) t ON true WHERE (d.sold, d.sold) <> (t.held, t.newest)
"""


def assert_every_ticket_is_paid_once(system: System) -> None:
    assert system.rows(TICKETS) == []
    bought = system.value("SELECT count(*) FROM outcomes WHERE command = 'commands.lottery_buy' AND state = 'done'")
    assert bought > 0
    assert system.value("SELECT count(*) FROM lottery_purchases") == bought
    sold, paid = system.rows(
        "SELECT (SELECT sum(sold) FROM lottery_draws),"
        " (SELECT sum(amount) FROM coin_entries WHERE type = 'lottery_purchase')"
    )[0]
    assert paid == 20 * sold


def assert_the_ledger_comes_out(system: System) -> None:
    from app.community.economy import queries

    found = queries.audit()
    assert (found.imbalance, found.negative, found.unsettled) == (0, 0, 0)
    minted = system.value("SELECT sum(amount) FROM coin_entries WHERE source_kind = 'mint'")
    burnt = system.value("SELECT coalesce(sum(amount), 0) FROM coin_entries WHERE target_kind = 'burn'")
    assert system.value("SELECT sum(balance) FROM coin_accounts") == minted - burnt
    assert system.value("SELECT count(*) FROM coin_accounts WHERE kind = 'game'") == 0
    wrong = "SELECT count(*) FROM inventory_items WHERE quantity < 0"
    assert system.value(wrong) == 0


@pytest.fixture
def crowd(tmp_path, monkeypatch):
    with running(tmp_path, *(name for name in BASIC if name != "worker-ai")) as system:
        for name in ("DATABASE_URL", "REDIS_URL", "DATA_DIR"):
            monkeypatch.setenv(name, system.environment[name])
        reset_process_state()
        found = Crowd(system)
        # Somebody waits for every answer, so that workers need not show them late in Discord.
        listener = broker_redis().pubsub()
        listener.psubscribe("answer:*")
        yield found
        with suppress(redis.exceptions.RedisError):
            listener.close()
        reset_process_state()


def test_everything_is_killed_in_turn_in_the_middle_of_2000_games_transfers_and_purchases(crowd):
    system = crowd.system
    fill_purses(crowd)
    first = crowd.number
    turns = ORDERS // CHUNK
    for turn in range(turns):
        crowd.look()
        crowd.offer([crowd.wish() for _ in range(CHUNK)])
        match turn % 40:
            case 6 | 26 | 34:
                system.restart("worker")
            case 12:
                hit_the_database(system)
            case 18:
                system.restart("bot")
            case 22:
                system.restart("worker-maintenance")
            case 30:
                system.restart("beat")
        # Let the workers keep up a little, so that there are open games to click on.
        deadline = time.monotonic() + 1
        while ledger.depth(broker_redis(), commands.QUEUE) > CHUNK and time.monotonic() < deadline:
            time.sleep(0.05)
    wait_for_commands()
    system.until(system.bot_is_ready, "the bot is connected", 60)
    end_every_game(system)
    decided = dict(system.rows("SELECT state, count(*) FROM outcomes GROUP BY state"))
    assert sum(decided.values()) == crowd.number
    assert decided["done"] > ORDERS // 4
    assert crowd.number - first == ORDERS
    played = dict(system.rows("SELECT kind, count(*) FROM games WHERE status = 'settled' GROUP BY kind"))
    assert {"roulette", "slots", "blackjack", "duel"} <= played.keys()
    assert system.value("SELECT count(*) FROM games WHERE status = 'void'") > 0
    assert_every_stake_is_settled_once(system)
    assert_every_ticket_is_paid_once(system)
    assert_the_ledger_comes_out(system)
