"""Games against the house from end to end: the sandbox, the real bot, real workers, and clicks on visible buttons."""

import pytest

from app.bot.replies import SIGN
from app.core import ledger
from app.core.redis import broker_redis
from tests.factories.hall import rows
from tests.factories.tables import Player, board, buttons, messages, overdue, shown, sound, swept, whisper

pytestmark = pytest.mark.timeout(180)


async def gone(hall) -> bool:
    """Whether no refusal, nor the sign before it, stands where everybody sees it."""
    return not any(message["content"].startswith(SIGN) for message in await messages(hall))


async def test_roulette_and_slots_answer_everybody_at_once(hall, workers, bot):
    workers.start()
    ann = Player(hall, "hrothgar")
    embed = (await ann.use("roulette", bet=100, colour="red"))["embeds"][0]
    assert "The ball falls on" in embed["description"]
    assert ann.coins in {900, 1100}
    before = ann.coins
    said = await hall.local.say("!machine 100", author="hrothgar")
    await hall.until(lambda: rows("SELECT count(*) FROM game_results") == [(2,)], "the reels stopped")
    assert said
    assert ann.coins != before
    asked = await hall.begin(name="roulette", options={"bet": 5, "colour": "red"})

    async def told():
        found = await hall.local.get(f"interactions/{asked}")
        return [message for message in found["messages"] if message["content"] != SIGN]

    # What everybody saw coming is gone, and only the player reads the refusal.
    (refused,) = await hall.until_async(told, "the refusal")
    assert refused["flags"] & 64
    await hall.until_async(lambda: gone(hall), "nothing is left in the channel")
    assert refused["content"] == "⚠️ 5 is no bet for Roulette. Allowed: 10 to 500 coins."
    assert (await ann.use("roulette", bet=10, colour="blue"))["content"].startswith("⚠️ “blue” is no colour.")
    assert sound()


async def test_amounts_that_are_none_are_refused_by_name(hall, workers, bot):
    workers.start()
    Player(hall, "hrothgar")
    for amount, words in (
        ("10.5", "“10.5” is no whole number"),
        ("ten", "“ten” is no whole number"),
        ("-10", "-10 is no bet"),
    ):
        assert words in await hall.say(f"!slots {amount}")
    assert "Allowed: 5 to 250" in await hall.say(f"!machine {10**30}")
    assert rows("SELECT count(*) FROM games") == [(0,)]


async def test_a_hand_of_blackjack_survives_restarts_of_bot_and_worker(hall, workers, bot):
    first = workers.start()
    ann = Player(hall, "hrothgar")
    rows("INSERT INTO guild_settings (guild_id, options) VALUES (%s, '{\"blackjack-max\": 100}')", ann.guild)
    answer = await ann.use("blackjack", bet=100)
    assert answer["content"] == "✅ Blackjack: your game is in this channel."
    while rows("SELECT status FROM games ORDER BY id DESC LIMIT 1") == [("settled",)]:
        # A natural was dealt.
        await ann.use("blackjack", bet=100)
    message = await board(hall, "Stand")
    await hall.stop_bot()
    workers.kill(first)
    # No worker takes events here, and a starting bot would wait for those of before.
    broker_redis().delete(ledger.key("ingest"))
    workers.start()
    await hall.start_bot()
    stranger = await hall.begin(
        "button", user="beowulf", custom_id=buttons(message)[1]["custom_id"], message=message["id"]
    )
    assert (await whisper(hall, stranger)).startswith("⚠️ These buttons belong to somebody else.")
    await ann.click("Stand")
    await hall.until(lambda: rows("SELECT count(*) FROM games WHERE deadline IS NOT NULL") == [(0,)], "it is over")

    async def is_without_buttons():
        return not any(buttons(found) for found in await messages(hall))

    await hall.until_async(is_without_buttons, "the message shows the end")
    assert sound()


async def test_a_step_that_nobody_makes_ends_by_the_clock_and_the_message_says_so(hall, workers, bot):
    workers.start()
    ann = Player(hall, "hrothgar")
    await ann.use("blackjack", bet=100)
    while rows("SELECT status FROM games ORDER BY id DESC LIMIT 1") == [("settled",)]:
        await ann.use("blackjack", bet=100)
    await board(hall, "Stand")
    before = ann.coins
    await hall.until(lambda: rows("SELECT count(*) FROM outbound_posts WHERE sent_at IS NULL") == [(0,)], "it is noted")
    overdue()
    async with swept():
        await shown(hall, "Time is up, and the stake is lost.")
    assert ann.coins == before
    assert sound()


async def test_odds_limits_and_results_in_both_languages(hall, workers, bot):
    workers.start()
    ann = Player(hall, "hrothgar")
    fields = {field["name"]: field["value"] for field in (await ann.use("odds"))["embeds"][0]["fields"]}
    assert "returns 97.30 % on average" in fields["🎡 Roulette"]
    assert "Returns 92.02 % on average" in fields["🎰 Slots"]
    assert len(fields) == 11
    assert "94.69 %" in (await ann.use("odds", game="blackjack"))["embeds"][0]["fields"][0]["value"]
    assert (await ann.use("odds", game="poker"))["content"].startswith("⚠️ There is no game “poker”.")
    assert "at most 50 coins" in (await ann.use("games limit", amount=50))["content"]
    assert (await ann.use("games limit", amount=-1))["content"].startswith("⚠️ -1 coins is no limit.")
    await ann.use("language", language="fr")
    assert "is no bet" not in (await ann.use("slots", bet=1))["content"]
    assert "n’est pas une mise pour Machine à sous" in (await ann.use("slots", bet=1))["content"]
    assert (await ann.use("games exclude", days=2))["content"].startswith("✅ Les jeux vous sont interdits")
    assert (await ann.use("roulette", bet=10, colour="rouge"))["content"].startswith("⚠️ Vous m’avez demandé")
    assert (await ann.use("games results"))["embeds"][0]["description"] == "Rien n’a encore été joué."


async def test_when_the_bot_dies_after_a_click_the_worker_shows_the_game(hall, workers, bot):
    first = workers.start()
    ann = Player(hall, "hrothgar")
    await ann.use("blackjack", bet=100)
    while rows("SELECT status FROM games ORDER BY id DESC LIMIT 1") == [("settled",)]:
        await ann.use("blackjack", bet=100)
    await board(hall, "Stand")
    workers.kill(first)
    await ann.click("Stand")
    await hall.until(lambda: ledger.depth(broker_redis(), "commands") == 1, "the click lies in the ledger")
    await hall.stop_bot()
    workers.start()

    async def is_without_buttons():
        return not any(buttons(found) for found in await messages(hall))

    await hall.until_async(is_without_buttons, "the worker shows the end")
    assert sound()
