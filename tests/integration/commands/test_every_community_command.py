"""Every command of coins, levels and games, by slash and by prefix, in English and in French, used by people who may."""

import asyncio
import base64
import json

import pytest
from discord.ext.commands import HybridCommand as Command

from app.core.translations import translated
from tests.factories.coins import give
from tests.factories.hall import rows
from tests.factories.visitors import Visitor, Visitors

pytestmark = pytest.mark.timeout(180)

LEVELS = {
    "filename": "levels.json",
    "data": base64.b64encode(json.dumps([{"id": "5", "level": 3}]).encode()).decode(),
}
# What is given with a command, in the order of its options, and words of its answer; a game's answer is its message.
GAME = "a game"
MEMBER, AMOUNT, BET = ("member", "{other}"), ("amount", 5), ("bet", 20)
CASES = {
    "balance": ([], "has 1"),
    "transfer": ([MEMBER, AMOUNT], "You gave"),
    "history": ([], "You have"),
    "economy audit": ([], "The ledger comes out."),
    "economy set": ([MEMBER, AMOUNT], "has 5 coins now"),
    "economy give": ([MEMBER, AMOUNT], "coins now, and had"),
    "economy take": ([MEMBER, AMOUNT], "coins now, and had"),
    "bag": ([], "Treasure"),
    "treasure": ([], "coins in the treasure!"),
    "inventory show": ([MEMBER], "Treasure"),
    "inventory give": ([MEMBER, ("item", "jackpot"), ("quantity", 2)], "and had"),
    "inventory take": ([MEMBER, ("item", "trésor"), ("quantity", 1)], "and had"),
    "gift": ([], "Here are 25 coins"),
    "level": ([MEMBER], "Level 1"),
    "levelnews": ([("direct", True)], "I will write you"),
    "xp add": ([MEMBER, AMOUNT], "XP, and has"),
    "xp remove": ([MEMBER, AMOUNT], "XP, and has"),
    "xp set": ([MEMBER, AMOUNT], "XP, and has"),
    "xp history": ([MEMBER], "No admin changed anything yet."),
    "leveling show": ([], ""),
    "leveling multiplier channel": ([("channel", "{channel}"), ("factor", "2")], "times as much"),
    "leveling multiplier role": ([("role", "{role}"), ("factor", "2")], "times as much"),
    "leveling role add": ([("level", 9), ("role", "{role}")], "level 9"),
    "leveling role list": ([], ""),
    "leveling role remove": ([("role", "{other_role}")], "belongs to no level"),
    "leveling import": ([("file", LEVELS)], "1"),
    "leveling undo": ([], "import"),
    "leveling export": ([], "experience"),
    "lottery buy": ([("count", 2)], "You bought 2 tickets"),
    "lottery tickets": ([], "ticket"),
    "lottery jackpot": ([], "The jackpot is"),
    "lottery verify": ([], "draw"),
    "lottery set": ([("amount", 20_000)], "20000"),
    "giveaway create": ([("duration", "1h"), ("winners", 1), ("prize", "a hat"), ("title", "Hat")], "has begun"),
    "giveaway list": ([], "Hat"),
    "giveaway verify": ([("giveaway", "1")], "There is no giveaway"),
    "giveaway end": ([("giveaway", "1")], "There is no giveaway"),
    "giveaway cancel": ([("giveaway", "1")], "There is no giveaway"),
    "giveaway reroll": ([("giveaway", "1")], "There is no giveaway"),
    "invites": ([MEMBER], ""),
    "topinvites": ([], ""),
    "leaderboard": ([("board", "coins")], "🥇"),
    "roulette": ([BET, ("colour", "red")], "The ball falls on"),
    "slots": ([BET], "Slots"),
    "blackjack": ([BET], GAME),
    "pot": ([BET], GAME),
    "duel": ([MEMBER, BET], GAME),
    "rps": ([MEMBER, BET], GAME),
    "007": ([MEMBER, BET], GAME),
    "c21": ([MEMBER, BET], GAME),
    "quicktype": ([MEMBER, BET], GAME),
    "quiz": ([MEMBER, BET], GAME),
    "quizduo": ([MEMBER], GAME),
    "odds": ([], "Coins have no value outside this server."),
    "games results": ([], "Nothing was played yet."),
    "games exclude": ([("days", 3)], "games"),
    "games limit": ([("amount", 50)], "50"),
}
# There is nothing (any more) that these could be about.
REFUSED = {
    "lottery verify",
    "leveling role remove",
    "leveling undo",
    *(f"giveaway {what}" for what in ("verify", "end", "cancel", "reroll")),
}
FORMS = ("slash", "prefix", "slash in French", "prefix in French")


def french(name: str) -> str:
    return " ".join((translated(f"/{part}", "fr") or part).removeprefix("/") for part in name.split())


async def answer(visitor: Visitor, name: str, form: str) -> str:
    """What is answered; of a game that has a message of its own, that it began."""
    given, words = CASES[name]
    called = french(name) if "French" in form else name
    if form.startswith("slash"):
        said = await visitor.use(called, dict(given))
    else:
        values = [value for _, value in given]
        plain = [f'"{value}"' if " " in str(value) else str(value) for value in values if not isinstance(value, dict)]
        files = [value for value in values if isinstance(value, dict)]
        said = await visitor.write(" ".join([f"!{called}", *plain]), files, is_answered=words != GAME)
    if words != GAME:
        return said
    seat = "SELECT 1 FROM game_players WHERE user_id = %s"
    await visitor.hall.until(lambda: rows(seat, visitor.user), f"{name} by {form} begins", 60)
    return GAME


async def test_every_command_works_in_every_form(hall, workers, bot):
    workers.start()
    await hall.until(workers.are_ready, "the worker is ready", 60)
    guild = hall.local.guild().id
    rows("""INSERT INTO guild_settings (guild_id, options) VALUES (%s, '{"start-coins": 1000}')""", guild)
    give(guild, 1, 10)
    visitors, places = Visitors(hall), asyncio.Semaphore(6)
    await visitors.prepare()

    async def tried(name: str, form: str) -> str | None:
        async with places:
            visitor = await visitors.new(has_treasure=name in {"treasure", "inventory take"})
            said = await answer(visitor, name, form)
        is_right = CASES[name][1] in said and ("⚠️" in said) == (name in REFUSED)
        return None if is_right else f"{name}, {form}: {said[:400]}"

    assert await tried("giveaway create", "slash") is None
    # What one form begins, another may end, so each form is tried with every command before the next.
    wrong = []
    for form in FORMS:
        wrong += await asyncio.gather(*(tried(name, form) for name in CASES))
    assert "\n".join(one for one in wrong if one) == ""


async def test_no_command_is_left_out(hall, bot):
    community = {
        command.qualified_name
        for command in bot.bot.walk_commands()
        if isinstance(command, Command) and command.cog.__module__.startswith("app.community")
    }
    groups = {name.rpartition(" ")[0] for name in community}
    assert community - groups - {"leveling multiplier", "leveling role"} == set(CASES)
