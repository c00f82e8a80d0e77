"""The daily gift in a real database, and through the bot."""

import threading
from datetime import timedelta

import pytest

from app.community.economy import queries as economy
from app.community.gift import service
from app.core.clock import now, snowflake_at
from app.core.commands import execute
from app.core.db import unit_of_work
from app.upkeep.privacy import service as privacy
from tests.factories.hall import rows
from tests.factories.orders import order

HERE, THERE, ANN = 7, 8, 1


def gift(after: timedelta = timedelta(0), guild: int = HERE, number: int = 0):
    """How a gift that is asked for so long after now ends."""
    return execute(order(snowflake_at(now() + after) + number, "commands.gift", guild, ANN), service.give)


def test_a_gift_comes_once_in_24_hours_in_each_guild(database):
    assert gift().text == "Here are 25 coins for you. Come back in 24 hours."
    early = gift(timedelta(hours=20))
    assert early.state == "refused"
    assert "The next one comes in 4 h" in early.text
    assert gift(guild=THERE).state == "done"
    assert gift(timedelta(hours=24, minutes=1)).state == "done"
    assert gift(timedelta(hours=25)).state == "refused"
    assert economy.balance(HERE, ANN) == 25 + 50
    assert economy.audit().is_sound


def test_a_gift_asked_for_before_the_last_one_brings_nothing(database):
    assert gift(timedelta(hours=2)).state == "done"
    assert gift(-timedelta(days=3)).state == "refused"


def test_the_guild_says_how_much(database):
    rows("""INSERT INTO guild_settings (guild_id, options) VALUES (7, '{"gift-amount": 100}')""")
    assert "100 coins" in gift().text


def test_many_clicks_at_once_bring_one_gift(database):
    gate, states = threading.Barrier(8), []

    def click(number: int) -> None:
        gate.wait()
        states.append(gift(number=number).state)

    threads = [threading.Thread(target=click, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(states) == ["done"] + ["refused"] * 7
    assert economy.balance(HERE, ANN) == 50


@pytest.mark.parametrize("had_one", [True, False])
def test_erasing_brings_no_gift(database, had_one):
    if had_one:
        gift()
    with unit_of_work() as uow:
        privacy.erase(uow, ANN, HERE)
        uow.commit()
    assert rows("SELECT count(*) FROM gifts") == [(0,)]
    assert gift(timedelta(hours=23)).state == "refused"
    assert gift(timedelta(hours=25)).state == "done"
    assert economy.balance(HERE, ANN) == 25
    assert economy.audit().is_sound


def test_whoever_opted_out_gets_none(database):
    rows("INSERT INTO opt_outs (guild_id, user_id) VALUES (7, 1)")
    assert "opted out" in gift().text
    assert rows("SELECT count(*) FROM gifts") == [(0,)]


async def test_the_command_works_in_every_form(hall, worker, bot):
    assert await hall.text("gift", user="beowulf") == "✅ Here are 25 coins for you. Come back in 24 hours."
    assert "You had your gift already." in await hall.say("!cadeau", user="beowulf")
    assert (await hall.text("cadeau", user="margaux")).startswith("✅ Voici 25 pièces pour vous.")
    assert (await hall.say("!gift", user="wiglaf")).startswith("✅")
