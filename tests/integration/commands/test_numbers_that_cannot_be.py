"""Numbers that cannot be, given to every command that takes one: refused in words, and nothing is changed."""

import asyncio

import pytest

from tests.factories.hall import rows
from tests.factories.visitors import Visitors

pytestmark = pytest.mark.timeout(180)

# Commands that take a number, what is given before and after it, and whether 0 is one of those allowed.
NUMBERS = {
    "transfer": ("{other} ", "", False),
    "economy set": ("{other} ", "", True),
    "economy give": ("{other} ", "", False),
    "economy take": ("{other} ", "", False),
    "inventory give": ("{other} jackpot ", "", False),
    "inventory take": ("{other} jackpot ", "", False),
    "xp add": ("{other} ", "", False),
    "xp remove": ("{other} ", "", False),
    "xp set": ("{other} ", "", True),
    "leveling role add": ("", " {role}", False),
    "lottery buy": ("", "", False),
    "lottery set": ("", "", True),
    "giveaway create": ("1h ", " hat Hat", False),
    "leaderboard": ("coins ", "", False),
    "roulette": ("", " red", False),
    "slots": ("", "", False),
    "blackjack": ("", "", False),
    "pot": ("", "", False),
    "duel": ("{other} ", "", False),
    "rps": ("{other} ", "", False),
    "007": ("{other} ", "", False),
    "c21": ("{other} ", "", False),
    "quicktype": ("{other} ", "", False),
    "quiz": ("{other} ", "", False),
    "games exclude": ("", "", False),
    "games limit": ("", "", True),
}
UNUSABLE = ("0", "-1", "9" * 30, "2.7", "ten")
CHANGED = (
    *("coin_entries", "inventory_changes", "xp_changes", "level_roles", "lottery_purchases"),
    *("giveaways", "games", "game_limits"),
)


async def test_numbers_that_cannot_be_are_refused_everywhere_and_change_nothing(hall, workers, bot):
    workers.start()
    await hall.until(workers.are_ready, "the worker is ready", 60)
    visitors, places = Visitors(hall), asyncio.Semaphore(6)
    await visitors.prepare()

    async def tried(name: str) -> list[str]:
        before, after, has_zero = NUMBERS[name]
        async with places:
            visitor = await visitors.new()
            wrong = []
            for number in UNUSABLE[has_zero:]:
                said = await visitor.write(f"!{name} {before}{number}{after}")
                wrong += [] if "⚠️" in said else [f"{name} {number}: {said[:300]}"]
        return wrong

    found = await asyncio.gather(*(tried(name) for name in NUMBERS))
    assert [line for lines in found for line in lines] == []
    assert [table for table in CHANGED if rows(f"SELECT count(*) FROM {table}") != [(0,)]] == []
