"""Coins through the real bot, the sandbox and real workers: slash, prefix, French names, buttons."""

import pytest

from app.community.economy import queries
from app.community.economy.rules import member
from app.core import ledger
from app.core.redis import broker_redis
from tests.factories.coins import balance_of, entries, give
from tests.factories.hall import rows
from tests.factories.orders import offer, order, states, swept
from tests.integration.profile.test_profile_help_ping import helped


def other_guild(hall):
    return next(guild for guild in hall.local.box.world.guilds.values() if guild.name != "Mead Hall")


@pytest.fixture
def here(hall) -> int:
    return hall.local.guild().id


@pytest.fixture
def ann(hall) -> int:
    return hall.local.user("beowulf")


@pytest.fixture
def ben(hall) -> int:
    return hall.local.user("wiglaf")


def sound() -> bool:
    return queries.audit().is_sound


async def test_a_balance_is_shown_in_every_form(hall, bot, here, ann, ben):
    assert await hall.text("balance", user="beowulf") == "🪙 **Beowulf** has 25 coins."
    give(here, ben, 1)
    assert await hall.text("balance", user="beowulf", member=str(ben)) == "🪙 **Wiglaf** has 26 coins."
    assert await hall.say("!balance", user="wiglaf") == "🪙 **Wiglaf** has 26 coins."
    assert await hall.say(f"!lc <@{ben}>", user="beowulf") == "🪙 **Wiglaf** has 26 coins."
    assert await hall.text("lc", user="margaux") == "🪙 **Margaux** a 25 pièces."
    assert rows("SELECT count(*) FROM coin_accounts WHERE guild_id = %s", other_guild(hall).id) == [(0,)]


@pytest.mark.usefixtures("worker", "bot")
async def test_coins_are_given_by_slash_and_by_prefix(hall, here, ann, ben):
    options = {"member": str(ben), "amount": 10}
    interaction = await hall.begin(user="beowulf", name="transfer", options=options)
    assert (await hall.answered(interaction))["ephemeral"]

    async def said() -> list[str]:
        return [message["content"] for message in (await hall.local.get(f"interactions/{interaction}"))["messages"]]

    async def told() -> bool:
        return len(await said()) > 1

    await hall.until_async(told, "the channel is told too")
    assert await said() == [
        f"✅ You gave <@{ben}> 10 coins. You have 15 coins.",
        f"🪙 <@{ann}> gave <@{ben}> 10 coins.",
    ]
    assert await hall.say(f"!transfer <@{ann}> 35", user="wiglaf") == (
        f"✅ You gave <@{ann}> 35 coins. You have 0 coins."
    )
    assert "You have 49 coins" in await hall.say(f"!don {ben} 1", user="beowulf")
    assert (balance_of(here, member(ann)), balance_of(here, member(ben))) == (49, 1)
    assert rows("SELECT DISTINCT guild_id FROM coin_entries") == [(here,)]
    assert sound()


async def test_the_french_name_works_in_discords_menu(hall, worker, bot, here, ben):
    used = await hall.use("don", user="margaux", member=str(ben), amount=5)
    assert used["messages"][0]["content"] == f"✅ Vous avez donné 5 pièces à <@{ben}>. Il vous reste 20 pièces."


@pytest.mark.parametrize(
    ("amount", "refusal"),
    [
        ("0", "⚠️ 0 coins is no usable amount. Allowed: 1 to 1000000000000."),
        ("-5", "⚠️ -5 coins is no usable amount. Allowed: 1 to 1000000000000."),
        ("9" * 40, "⚠️ That many coins is no usable amount. Allowed: 1 to 1000000000000."),
        ("1.5", "⚠️ “1.5” is no whole number. Write digits alone, such as 25."),
        ("50abc", "⚠️ “50abc” is no whole number. Write digits alone, such as 25."),
        ("٣", "⚠️ “٣” is no whole number. Write digits alone, such as 25."),
        ("", "⚠️ “amount” is missing."),
    ],
)
async def test_amounts_that_cannot_be_are_refused(hall, bot, ben, amount, refusal):
    assert await hall.say(f"!transfer <@{ben}> {amount}", user="beowulf") == refusal
    assert rows("SELECT count(*) FROM coin_accounts") == [(0,)]


@pytest.mark.parametrize("amount", [0, -5, 10**12 + 1, 2**53])
async def test_amounts_that_cannot_be_are_refused_in_discords_menu(hall, bot, ben, amount):
    text = await hall.text("transfer", user="beowulf", member=str(ben), amount=amount)
    assert text.startswith("⚠️")
    assert text.endswith("Allowed: 1 to 1000000000000.")
    assert rows("SELECT count(*) FROM coin_accounts") == [(0,)]


@pytest.mark.usefixtures("worker", "bot")
async def test_who_cannot_get_coins_is_named(hall, here, ann, ben):
    robot = next(user.id for user in hall.local.box.world.users.values() if user.bot)
    rows("INSERT INTO users (id, name, display_name, is_bot) VALUES (%s, 'b', 'B', true)", robot)
    too_much = await hall.text("transfer", user="beowulf", member=str(ben), amount=26)
    assert too_much == "⚠️ That takes 26 coins, and there are 25."
    assert await hall.text("transfer", user="beowulf", member=str(ann), amount=1) == (
        "⚠️ You cannot give coins to yourself."
    )
    assert await hall.text("transfer", user="wiglaf", member=str(robot), amount=1) == (
        f"⚠️ <@{robot}> is a bot, and bots have no coins."
    )
    rows("INSERT INTO members (guild_id, user_id, left_at) VALUES (%s, %s, now())", here, ben)
    assert "is not in this server any more" in await hall.text("transfer", user="beowulf", member=str(ben), amount=1)
    rows("INSERT INTO opt_outs (guild_id, user_id) VALUES (%s, %s)", here, ann)
    for giver, taker in (("hrothgar", ann), ("beowulf", hall.local.user("hrothgar"))):
        assert f"<@{ann}> opted out" in await hall.text("transfer", user=giver, member=str(taker), amount=1)
    assert rows("SELECT count(*) FROM coin_entries") == [(0,)]


async def test_somebody_who_left_is_not_in_this_server(hall, bot, here, ben):
    await hall.local.post("members", {"guild": str(here), "user": str(ben), "action": "leave"})
    refusal = await hall.text("transfer", user="beowulf", member=str(ben), amount=1)
    assert refusal.endswith("is not in this server.")
    assert "I found nobody called" in await hall.say(f"!transfer {ben} 1", user="beowulf")


@pytest.mark.usefixtures("listener")
async def test_fifty_clients_spend_the_same_coins_once(hall, workers, here, ann):
    for _ in range(2):
        workers.start()
    give(here, ann, 75)
    targets = [ann + 1000 + number % 7 for number in range(50)]
    offer(
        *(
            order(1000 + number, "commands.transfer", here, ann, member=target, amount=10)
            for number, target in enumerate(targets)
        )
    )
    await hall.until(lambda: sum(states().values()) == 50, "all are decided", 60)
    assert states() == {"done": 10, "refused": 40}
    assert balance_of(here, member(ann)) == 0
    assert sound()


@pytest.mark.usefixtures("listener")
async def test_a_worker_that_is_killed_neither_loses_nor_doubles_a_transfer(hall, workers, here, ann):
    doomed = workers.start()
    give(here, ann, 10_000)
    offer(
        *(
            order(5000 + number, "commands.transfer", here, ann, 120, member=ann + 1 + number % 3, amount=1)
            for number in range(300)
        )
    )
    await hall.until(lambda: sum(states().values()) >= 20, "some are decided")
    workers.kill(doomed)
    workers.start()
    await hall.until(swept(), "nothing waits any more", 100)
    assert states() == {"done": 300}
    assert rows("SELECT count(*) FROM coin_entries WHERE type = 'transfer'") == [(300,)]
    assert balance_of(here, member(ann)) == 10_025 - 300
    assert sound()


async def test_history_pages_belong_to_their_owner_and_survive_a_restart(hall, worker, bot, here, ann):
    for number in range(23):
        give(here, ann, number + 1)
    used = await hall.use("history", user="beowulf")
    assert used["ephemeral"]
    page = used["messages"][0]
    assert page["content"].splitlines()[0] == f"🪙 You have {25 + sum(range(24))} coins."
    assert page["content"].count("\n") == 10
    assert "**+23** by an admin" in page["content"]
    newest, older = page["components"][0]["components"]
    assert newest["disabled"]
    await hall.stop_bot()
    broker_redis().delete(ledger.key("ingest"))
    await hall.start_bot()

    async def shows(words: str):
        async def look():
            found = (await hall.local.get(f"interactions/{used['id']}"))["messages"][0]
            return found if words in found["content"] else None

        return await hall.until_async(look, f"the page shows {words}")

    await hall.begin("button", user="beowulf", custom_id=older["custom_id"], message=page["id"])
    second = await shows("**+4** by an admin")
    await hall.begin(
        "button", user="beowulf", custom_id=second["components"][0]["components"][1]["custom_id"], message=page["id"]
    )
    last = await shows("**+25** to begin with")
    assert last["components"][0]["components"][1]["disabled"]
    assert "Il ne s’est encore rien passé." in await hall.text("historique", user="margaux")


async def test_another_persons_pages_stay_theirs(hall, bot, here, ann):
    for number in range(12):
        give(here, ann, number + 1)
    assert (await hall.say("!history", user="beowulf")).startswith("🪙 You have 103 coins.")
    found = await hall.local.get(f"channels/{hall.local.channel()}/messages")
    page = next(message for message in found if message.get("components"))
    older = page["components"][0]["components"][1]
    stranger = await hall.click(older["custom_id"], page["id"], user="wiglaf")
    assert stranger["ephemeral"]
    assert stranger["messages"][-1]["content"] == ("⚠️ These buttons belong to somebody else. Use the command yourself.")


async def test_admins_set_give_and_take_and_the_log_channel_hears_the_value_before(hall, worker, bot, here, ann):
    admin = hall.local.user("hrothgar")
    await hall.text("settings set", key="log-channel", value="general")
    assert await hall.text("economy set", member=str(ann), amount=100) == (
        f"✅ <@{ann}> has 100 coins now, and had 25 before."
    )
    assert "has 130 coins now" in await hall.text("economy give", member=str(ann), amount=30)
    assert "takes 131 coins, and there are 130" in await hall.text("economy take", member=str(ann), amount=131)
    assert "has 0 coins now, and had 130 before" in await hall.say(f"!économie retirer <@{ann}> 130", channel="tavern")
    assert entries(here) == [("start", 25), ("admin_set", 75), ("admin_set", 30), ("admin_set", 130)]
    kept = rows("SELECT actor_id, reference FROM coin_entries WHERE type = 'admin_set' ORDER BY id")
    assert kept == [(admin, "set from 25"), (admin, "give from 100"), (admin, "take from 130")]

    async def posted():
        found = await hall.local.get(f"channels/{hall.local.channel()}/messages")
        mine = {m["content"] for m in found if m["content"].startswith("🪙")}
        return mine if len(mine) == 3 else None

    said = await hall.until_async(posted, "three changes are posted")
    assert f"🪙 <@{admin}> changed the coins of <@{ann}>: 25 before, 100 now." in said
    assert sound()


async def test_only_managers_look_after_coins(hall, bot, ann):
    refused = await hall.answered(
        await hall.begin(
            user="beowulf", name="economy set", options={"member": str(ann), "amount": 1_000_000}, force=True
        )
    )
    assert refused["messages"][0]["content"] == "⚠️ You need the permission: Manage Server."
    assert "You need the permission" in await hall.say(f"!economy give <@{ann}> 5", user="beowulf")
    assert rows("SELECT count(*) FROM coin_accounts") == [(0,)]


async def test_setting_what_a_member_has_already_leaves_no_entry(hall, worker, bot, here, ann):
    assert "has 25 coins now, and had 25 before" in await hall.text("economy set", member=str(ann), amount=25)
    assert entries(here) == [("start", 25)]
    assert "has 0 coins now" in await hall.text("economy set", member=str(ann), amount=0)
    refused = await hall.text("economy set", member=str(ann), amount=-1)
    assert refused == "⚠️ -1 coins is no usable amount. Allowed: 0 to 1000000000000."
    assert "Allowed: 1 to" in await hall.text("economy give", member=str(ann), amount=0)


async def test_an_audit_tells_admins_whether_the_ledger_of_their_server_comes_out(hall, bot, here, ann, ben):
    give(here, ann, 5)
    sound_one = await hall.text("economy audit")
    assert sound_one.startswith("✅ The ledger comes out.")
    assert "**entries**: 2" in sound_one
    rows("UPDATE coin_accounts SET balance = balance + 7")
    unsound = await hall.say("!economy audit")
    assert unsound.startswith("⚠️ The ledger does not come out.")
    assert "**imbalance**: 7" in unsound


async def test_help_says_that_coins_have_no_value_and_shows_every_command(hall, bot):
    shown = await helped(hall, user="beowulf")
    assert "Coins have no value outside this server" in shown
    for name in ("/balance", "/transfer", "/history"):
        assert f"`{name}`" in shown
    assert "/economy" not in shown


async def test_a_switched_off_economy_refuses_commands_and_buttons(hall, worker, bot, here, ann):
    for number in range(12):
        give(here, ann, number + 1)
    page = (await hall.use("history", user="beowulf"))["messages"][0]
    await hall.text("settings set", key="feature-economy", value="off")
    await hall.until(lambda: bot.policy.data.switched_off, "the bot knows the switch", 3)
    refusal = "⚠️ This server has switched “economy” off."
    assert await hall.text("balance", user="beowulf") == refusal
    older = page["components"][0]["components"][1]["custom_id"]
    assert (await hall.click(older, page["id"], user="beowulf"))["messages"][-1]["content"] == refusal
    assert "Coins have no value" not in await helped(hall, user="beowulf")
