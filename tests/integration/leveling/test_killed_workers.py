"""Workers killed with -9 among batches: experience is what a recount of the rows gives, and every level is paid once."""

import time

import pytest

from app.activity.messages.rules import created_ms
from app.community.leveling.rules import Last, Written, coins_of, earn, level_of
from app.core import ledger, queue
from app.core.clock import now, snowflake_at
from app.core.redis import broker_redis
from tests.factories.events import Events, payload

BATCHES, PEOPLE, MESSAGES = 30, 4, 30
SECOND = 1000 << 22


def until(condition, what, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"still waiting: {what}"
        time.sleep(0.05)


def batches(events: Events):
    """Each has people of its own who write every 20 seconds; the next one holds reactions to it."""
    first = snowflake_at(now()) - 20 * 3600 * SECOND
    for number in range(BATCHES):
        users = [10_000 + number * PEOPLE + one for one in range(PEOPLE)]
        ids = [first + turn * 20 * SECOND + number * PEOPLE + one for turn in range(MESSAGES) for one in range(PEOPLE)]
        yield [
            events.seen(f"message {message}", id=message, author_id=users[n % PEOPLE]) for n, message in enumerate(ids)
        ]
        yield [events.reacted(message, user_id=20_000 + n) for message in ids[:60] for n in range(7)]


def recounted(rows) -> dict[int, int]:
    """What the stored messages and reactions are worth."""
    written = {}
    for message, author, channel in rows("SELECT id, author_id, channel_id FROM messages"):
        written.setdefault(author, []).append(Written(message, created_ms(message), channel))
    xp = {author: earn(messages, Last(), {}).xp for author, messages in written.items()}
    reactors = "SELECT message_id, count(DISTINCT user_id) AS number FROM reactions GROUP BY message_id"
    for author, number in rows(f"SELECT author_id, number FROM messages JOIN ({reactors}) r ON r.message_id = id"):
        xp[author] += 2 * min(number, 5)
    return xp


@pytest.mark.slow
def test_experience_is_what_a_recount_gives_whoever_was_killed(workers, rows, execute):
    from tasks.ledger import sweep
    from tasks.leveling import sweep as sweep_levels

    client = broker_redis()
    names = []
    for number, batch in enumerate(batches(Events())):
        name = f"7:{number:019d}"
        ledger.put(client, "ingest", [(name, payload(name, *batch))])
        queue.send("ingest.apply", name)
        names.append(name)

    def left() -> int:
        return ledger.depth(client, "ingest")

    for share in (0.8, 0.5):
        running = [workers.start("ingest,maintenance") for _ in range(2)]
        until(lambda share=share: left() < share * len(names), "some batches are applied")
        for process in running:
            workers.kill(process)
        assert left() > 0
        # What was lost with the workers is offered again once its time has come.
        client.zadd(ledger.due_key("ingest"), dict.fromkeys(names, 1.0), xx=True)
    client.delete("ingest", "maintenance")
    workers.start("ingest,maintenance")
    workers.start("ingest,maintenance")

    def is_done() -> bool:
        sweep()
        return left() == 0

    until(is_done, "an empty ledger")
    execute("UPDATE level_rewards SET reached_at = reached_at - interval '1 minute'")

    def is_settled() -> bool:
        sweep_levels()
        open_rewards = "SELECT (SELECT count(*) FROM level_rewards WHERE paid_at IS NULL)"
        return rows(f"{open_rewards}, (SELECT count(*) FROM reaction_xp WHERE author_id IS NULL)") == [(0, 0)]

    until(is_settled, "every level is paid, and every reaction counted")
    found = {user: (xp, level) for user, xp, level in rows("SELECT user_id, xp, level FROM member_levels")}
    assert {user: xp for user, (xp, _) in found.items()} == recounted(rows)
    assert len(found) == BATCHES * PEOPLE
    assert all(level == level_of(xp) for xp, level in found.values())
    paid = dict(rows("SELECT target_id, sum(amount)::int FROM coin_entries WHERE type = 'level_up' GROUP BY 1"))
    due = {user: sum(coins_of(n) for n in range(2, level + 1)) for user, (_, level) in found.items()}
    assert paid == {user: coins for user, coins in due.items() if coins}
    assert paid
