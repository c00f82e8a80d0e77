"""Awaited commands as the bot hands them to workers, without a person who waits."""

import time
from collections.abc import Callable, Iterator

import pytest

from app.core import commands, ledger, queue
from app.core.commands import Command
from app.core.redis import broker_redis
from tests.factories.hall import rows


def order(number: int, task: str, guild: int, user: int, seconds: float = 60, **arguments) -> Command:
    return Command(
        task=task,
        id=number,
        guild_id=guild,
        user_id=user,
        channel_id=1,
        language="en",
        deadline=time.time() + seconds,
        arguments=arguments,
    )


def offer(*orders: Command) -> None:
    """Put the commands into the ledger and send their tasks."""
    for one in orders:
        ledger.put(broker_redis(), commands.QUEUE, [(str(one.id), commands.encode(one))])
        queue.send(one.task, str(one.id))


@pytest.fixture
def listener(database) -> Iterator[None]:
    """Somebody who waits for every answer, so that workers need not show them late in Discord."""
    subscription = broker_redis().pubsub()
    subscription.psubscribe("answer:*")
    yield
    subscription.close()


def states() -> dict[str, int]:
    """How many commands ended how."""
    return dict(rows("SELECT state, count(*) FROM outcomes GROUP BY state"))


def swept() -> Callable[[], bool]:
    """A condition: nothing waits any more; asked again and again, it does beat's part, offering what was lost."""
    last = 0.0

    def is_over() -> bool:
        nonlocal last
        if time.monotonic() - last > 2:
            last = time.monotonic()
            queue.send("commands.sweep")
        return ledger.depth(broker_redis(), commands.QUEUE) == 0

    return is_over
