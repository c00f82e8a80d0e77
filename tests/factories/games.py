"""Games for tests: as workers run them, without Discord."""

import itertools
import time
from datetime import UTC, datetime
from random import Random

from app.community.games import due, service
from app.core import commands
from app.core.answers import Answer
from app.core.clock import now, snowflake_at
from app.core.commands import Command
from app.core.db import unit_of_work
from tests.factories.hall import rows

HERE, THERE, CHANNEL = 7, 8, 70
ANN, BEN, CAT = 1, 2, 3
CONNECTED = datetime(2026, 1, 1, tzinfo=UTC)
_numbers = itertools.count(1)


class Fixed(Random):
    """Chance that falls as a test says: the next numbers of `randrange`, and cards in their order."""

    def __init__(self, *numbers: int, cards: str = "") -> None:
        super().__init__(1)
        self.numbers, self.cards = list(numbers), cards.split()

    def randrange(self, *arguments: int) -> int:
        return self.numbers.pop(0) if self.numbers else super().randrange(*arguments)

    def sample(self, population, k, **more):
        return [self.cards.pop(0) for _ in range(k)] if self.cards else super().sample(population, k, **more)

    def choice(self, population):
        return self.cards.pop(0) if self.cards else super().choice(population)


def command(
    task: str, user: int, guild: int = HERE, *, channel: int = CHANNEL, number: int | None = None, **arguments
) -> Command:
    return Command(
        task=task,
        id=number or snowflake_at(now()) + next(_numbers),
        guild_id=guild,
        user_id=user,
        channel_id=channel,
        language="en",
        deadline=time.time() + 60,
        arguments=arguments,
    )


def begin(
    game: str, user: int = ANN, *, bet: int = 0, chance: Random | None = None, guild: int = HERE, **more
) -> Answer:
    """Begin a game as a worker does."""
    given = {name: more.pop(name) for name in ("channel", "number") if name in more}
    one = command("commands.game_begin", user, guild, **given, game=game, bet=bet, **more)
    return commands.execute(one, lambda uow, order: service.begin(uow, order, chance))


def click(
    action: str,
    user: int,
    *,
    game: int | None = None,
    step: int | None = None,
    chance: Random | None = None,
    guild: int = HERE,
    number: int | None = None,
) -> Answer:
    """Click a button of the newest game, by default one of its present step."""
    game_id = game or newest()
    ((present,),) = rows("SELECT step FROM games WHERE id = %s", game_id)
    chosen = present if step is None else step
    one = command("commands.game_act", user, guild, number=number, game=game_id, step=chosen, action=action)
    return commands.execute(one, lambda uow, order: service.act(uow, order, chance))


def write_word(user: int, *, game: int | None = None) -> Answer:
    return commands.execute(command("commands.game_typed", user, game=game or newest()), service.typed)


def newest() -> int:
    return rows("SELECT max(id) FROM games")[0][0]


def column(name: str, game: int | None = None):
    return rows(f"SELECT {name} FROM games WHERE id = %s", game or newest())[0][0]


def was_posted(game: int | None = None) -> None:
    """The message of the game appeared when it was owed."""
    rows(
        "UPDATE outbound_posts p SET sent_at = g.created_at, message_id = 1000 + g.id FROM games g"
        " WHERE p.id = g.post_id AND g.id = %s",
        game or newest(),
    )


def let_time_pass(game: int | None = None, *, seconds: float = 1, connected=CONNECTED, chance: Random | None = None):
    """Let the time of the present step be over since so many seconds, and have the clock look at it."""
    game_id = game or newest()
    rows(
        "UPDATE games SET deadline = now() - make_interval(secs => %s), step_started_at = least(step_started_at,"
        " now() - make_interval(secs => %s)) WHERE id = %s AND deadline IS NOT NULL",
        seconds,
        seconds + 10,
        game_id,
    )
    rows(
        "UPDATE outbound_posts SET sent_at = (SELECT step_started_at FROM games WHERE id = %s) WHERE sent_at IS NOT NULL AND id = (SELECT post_id FROM games WHERE id = %s)",
        game_id,
        game_id,
    )
    with unit_of_work() as uow:
        found = due.end_step(uow, game_id, connected, chance)
        uow.commit()
    return found
