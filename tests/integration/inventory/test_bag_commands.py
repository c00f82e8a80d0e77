"""Bags through the real bot, the sandbox and a real worker: their buttons, and what admins do to them."""

import pytest

from app.community.economy import queries as economy
from app.community.inventory import queries
from app.core import ledger
from app.core.redis import broker_redis
from tests.factories.bags import bags_come_out, put
from tests.factories.hall import rows
from tests.factories.orders import offer, order, states

OPEN, X2 = 0, 1


@pytest.fixture
def here(hall) -> int:
    return hall.local.guild().id


@pytest.fixture
def ann(hall) -> int:
    return hall.local.user("beowulf")


def buttons(message) -> list[dict]:
    return message["components"][0]["components"]


def paid(guild: int) -> list[int]:
    found = rows("SELECT amount FROM coin_entries WHERE guild_id = %s AND type = 'jackpot_reward' ORDER BY id", guild)
    return [amount for (amount,) in found]


async def shows(hall, used, words: str):
    async def look():
        found = (await hall.local.get(f"interactions/{used['id']}"))["messages"][0]
        return found if words in found["content"] else None

    return await hall.until_async(look, f"the bag shows {words}")


async def test_an_empty_bag_has_no_button_to_press(hall, bot, ann):
    message = (await hall.use("bag", user="beowulf"))["messages"][0]
    assert message["content"].splitlines() == [
        f"🎒 The bag of <@{ann}>",
        "**Treasure**: 0",
        "**Multiplier x2**: 0",
        "**Multiplier x3**: 0",
    ]
    assert all(button["disabled"] for button in buttons(message))
    assert "**Trésor**: 0" in await hall.text("sac", user="margaux")
    assert "**Treasure**: 0" in await hall.say("!sac", user="wiglaf")


async def test_a_treasure_pays_once_and_its_button_outlives_a_restart(hall, worker, bot, here, ann):
    put(here, ann, "jackpot")
    used = await hall.use("bag", user="beowulf")
    message = used["messages"][0]
    await hall.stop_bot()
    broker_redis().delete(ledger.key("ingest"))
    await hall.start_bot()
    await hall.begin("button", user="beowulf", custom_id=buttons(message)[OPEN]["custom_id"], message=message["id"])
    opened = await shows(hall, used, "in the treasure!")
    assert "**Treasure**: 0" in opened["content"]
    assert buttons(opened)[OPEN]["disabled"]
    (amount,) = paid(here)
    assert amount in {25, 50, 100}
    assert economy.balance(here, ann) == 25 + amount
    assert economy.audit().is_sound
    assert bags_come_out()


async def test_two_clicks_on_one_treasure_pay_once(hall, workers, here, ann, listener):
    for _ in range(2):
        workers.start()
    put(here, ann, "jackpot")
    put(here + 1, ann, "jackpot")
    offer(*(order(900 + number, "commands.bag_use", here, ann, item="jackpot") for number in range(10)))
    await hall.until(lambda: sum(states().values()) == 10, "all are decided", 60)
    assert states() == {"done": 1, "refused": 9}
    assert len(paid(here)) == 1
    assert queries.bag(here + 1, ann).items["jackpot"] == 1
    assert bags_come_out()


async def test_another_persons_bag_stays_closed(hall, worker, bot, here, ann):
    put(here, ann, "jackpot")
    put(here, hall.local.user("wiglaf"), "jackpot")
    await hall.say("!bag", user="beowulf")
    found = await hall.local.get(f"channels/{hall.local.channel()}/messages")
    message = next(one for one in found if one.get("components"))
    clicked = await hall.click(buttons(message)[OPEN]["custom_id"], message["id"], user="wiglaf")
    assert clicked["messages"][-1]["content"] == "⚠️ These buttons belong to somebody else. Use the command yourself."
    assert paid(here) == []


async def test_a_multiplier_counts_for_two_games_and_a_second_one_waits(hall, worker, bot, here, ann):
    put(here, ann, "multiplier_x2", 2)
    used = await hall.use("bag", user="beowulf")
    message = used["messages"][0]
    custom_id = buttons(message)[X2]["custom_id"]
    await hall.begin("button", user="beowulf", custom_id=custom_id, message=message["id"])
    active = await shows(hall, used, "A multiplier x2 counts for 2 more games.")
    assert "**Multiplier x2**: 1" in active["content"]
    assert buttons(active)[X2]["disabled"]
    offer(order(77, "commands.bag_use", here, ann, item="multiplier_x2"))
    await hall.until(lambda: rows("SELECT 1 FROM outcomes WHERE interaction_id = 77"), "the stale click is decided")
    assert "active already" in rows("SELECT answer ->> 'text' FROM outcomes WHERE interaction_id = 77")[0][0]
    assert queries.bag(here, ann).items["multiplier_x2"] == 1


async def test_admins_give_and_take_items_and_the_log_channel_hears(hall, worker, bot, here, ann):
    await hall.text("settings set", key="log-channel", value="general")
    assert await hall.text("inventory give", member=str(ann), item="trésor", quantity=3) == (
        f"✅ <@{ann}> has 3 of **Treasure** now, and had 0 before."
    )
    assert "has 1 of **Treasure** now, and had 3 before" in await hall.text(
        "inventory take", member=str(ann), item="jackpot", quantity=2
    )
    assert "There are 1 of **Treasure** in the bag, not 2." in await hall.text(
        "inventory take", member=str(ann), item="jackpot", quantity=2
    )
    admin = hall.local.user("hrothgar")
    assert rows("SELECT quantity, actor_id FROM inventory_changes ORDER BY created_at") == [(3, admin), (-2, admin)]

    async def posted():
        found = await hall.local.get(f"channels/{hall.local.channel()}/messages")
        return any(f"changed Treasure of <@{ann}>: 0 before, 3 now." in m["content"] for m in found)

    await hall.until_async(posted, "the log channel hears")


@pytest.mark.parametrize("quantity", ["0", "-1", "1001", "1.5", "x"])
async def test_an_impossible_number_of_items_is_refused(hall, bot, ann, quantity):
    refusal = await hall.say(f"!inventory give <@{ann}> jackpot {quantity}")
    assert refusal.startswith("⚠️")
    assert "Allowed: 1 to 1000" in refusal or "is no whole number" in refusal
    assert "Allowed: jackpot, multiplier_x2" in await hall.say(f"!inventaire donner <@{ann}> sword")
    assert "You need the permission" in await hall.say(f"!inventory give <@{ann}> jackpot 1", user="beowulf")
    assert rows("SELECT count(*) FROM inventory_changes") == [(0,)]
