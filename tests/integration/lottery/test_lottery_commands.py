"""The lottery through the real bot, the sandbox and real workers, one of which is killed."""

import pytest

from app.community.economy import queries as economy
from app.core import queue
from tests.factories.coins import give
from tests.factories.hall import rows
from tests.factories.orders import offer, order, states, swept


@pytest.fixture
def here(hall) -> int:
    return hall.local.guild().id


def overdue(guild: int) -> None:
    rows("UPDATE lottery_draws SET day = current_date - 7 WHERE guild_id = %s AND drawn_at IS NULL", guild)


async def test_the_lottery_in_every_form(hall, worker, bot, here):
    assert "The jackpot is **10\u202f000 coins**." in await hall.text("lottery jackpot", user="beowulf")
    assert (await hall.text("lottery buy", user="beowulf", count=1)).startswith(
        "✅ You bought 1 ticket for 20 coins: 1."
    )
    assert (await hall.text("loterie acheter", user="margaux")).startswith(
        "✅ Vous avez acheté 1 ticket pour 20 pièces : 2."
    )
    assert "You bought 1 ticket for 20 coins: 3." in await hall.say("!loterie acheter 1", user="wiglaf")
    assert await hall.text("lottery tickets", user="beowulf") == "🎟️ You have 1 ticket of 3 sold: 1."
    assert "10\u202f060 coins" in await hall.say("!lottery", user="wiglaf")
    assert await hall.text("lottery verify", user="wiglaf") == "⚠️ There was no such draw here."
    assert rows("SELECT DISTINCT guild_id FROM lottery_purchases") == [(here,)]


@pytest.mark.parametrize("count", ["0", "-1", "101", "1.5", "many"])
async def test_an_impossible_number_of_tickets_is_refused(hall, bot, count):
    refusal = await hall.say(f"!lottery buy {count}", user="beowulf")
    assert "Allowed: 1 to 100 at once." in refusal or "is no whole number" in refusal
    assert rows("SELECT count(*) FROM lottery_draws") == [(0,)]


async def test_the_result_is_posted_and_can_be_checked(hall, worker, bot, here):
    await hall.text("settings set", key="lottery-channel", value="general")
    await hall.text("lottery buy", user="beowulf", count=1)
    overdue(here)
    queue.send("lottery.draw")
    winner = hall.local.user("beowulf")

    async def posted():
        found = await hall.local.get(f"channels/{hall.local.channel()}/messages")
        return [m["content"] for m in found if m["content"].startswith("🎉 The lottery of")]

    (said,) = await hall.until_async(posted, "the result is posted")
    assert f"ticket 1 of 1 wins **10\u202f020 coins** for <@{winner}>!" in said
    assert "✅ That gives ticket 1, which won." in await hall.text("lottery verify", user="wiglaf")
    day = rows("SELECT day::text FROM lottery_draws WHERE drawn_at IS NOT NULL")[0][0]
    assert "✅ Cela donne le ticket 1" in await hall.text("loterie vérifier", user="margaux", day=day)
    assert "is no day. Write it like this: 2026-03-29" in await hall.say("!lottery verify sunday", user="wiglaf")


async def test_only_managers_set_the_jackpot(hall, worker, bot, here):
    assert "You need the permission" in await hall.say("!lottery set 5", user="beowulf")
    assert await hall.text("lottery set", amount=500) == "✅ The jackpot is 500 coins now, and was 10000 before."
    assert economy.audit().is_sound


@pytest.mark.timeout(240)
async def test_a_worker_killed_among_purchases_and_draws_loses_and_doubles_nothing(hall, workers, here, listener):
    doomed = workers.start()
    people = [hall.local.user("beowulf") + number for number in range(5)]
    for user in people:
        give(here, user, 10_000)
    wanted = [
        order(7000 + number, "commands.lottery_buy", here, people[number % 5], 200, count=1 + number % 3)
        for number in range(200)
    ]
    offer(*wanted[:100])
    await hall.until(lambda: sum(states().values()) >= 30, "some are decided", 60)
    overdue(here)
    offer(*wanted[100:])
    for _ in range(3):
        queue.send("lottery.draw")
    workers.kill(doomed)
    for _ in range(2):
        workers.start()

    is_empty = swept()

    def is_over() -> bool:
        queue.send("lottery.draw")
        return is_empty() and rows("SELECT count(*) FROM lottery_draws WHERE drawn_at IS NOT NULL") == [(1,)]

    await hall.until(is_over, "everything is decided and drawn", 150)
    assert sum(states().values()) == 200
    bought = rows("SELECT coalesce(sum(last_ticket - first_ticket + 1), 0) FROM lottery_purchases")[0][0]
    paid = rows("SELECT coalesce(sum(amount), 0) FROM coin_entries WHERE type = 'lottery_purchase'")[0][0]
    assert paid == 20 * bought
    assert rows("SELECT sum(sold) FROM lottery_draws") == [(bought,)]
    assert rows("SELECT count(*) FROM coin_entries WHERE type = 'lottery_win'") == [(1,)]
    assert economy.audit().is_sound
