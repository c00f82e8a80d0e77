"""Whatever people do at once, coins and items are neither made nor lost."""

import itertools
import threading
from functools import partial
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.community.economy import queries
from app.community.economy import service as economy
from app.community.games import service as games
from app.community.games.rows import lock_free, store
from app.community.gift import service as gift
from app.community.inventory import service as bags
from app.community.lottery import service as lottery
from app.core import clock
from app.core.clock import now, snowflake_at
from app.core.commands import execute
from app.core.db import unit_of_work
from tests.factories.bags import bags_come_out
from tests.factories.hall import rows
from tests.factories.orders import order

PEOPLE = [1, 2, 3, 4]
_guilds = itertools.count(100)
_numbers = itertools.count(1)

person = st.sampled_from(PEOPLE)
amount = st.integers(-1, 60)
item = st.sampled_from(["jackpot", "multiplier_x2", "multiplier_x3"])
game = st.sampled_from(["roulette", "slots", "blackjack"])
action = st.one_of(
    st.tuples(st.just("transfer"), person, st.fixed_dictionaries({"member": person, "amount": amount})),
    st.tuples(st.just("gift"), person, st.just({})),
    st.tuples(st.just("use"), person, st.fixed_dictionaries({"item": item})),
    st.tuples(
        st.just("put"), person, st.fixed_dictionaries({"member": person, "item": item, "quantity": st.integers(0, 2)})
    ),
    st.tuples(st.just("set"), person, st.fixed_dictionaries({"member": person, "amount": amount})),
    st.tuples(st.just("buy"), person, st.fixed_dictionaries({"count": st.integers(0, 3)})),
    st.tuples(st.just("jackpot"), person, st.fixed_dictionaries({"amount": amount})),
    st.tuples(st.just("draw"), person, st.just({})),
    st.tuples(st.just("settle"), person, st.just({})),
    st.tuples(st.just("bet"), person, st.fixed_dictionaries({"game": game, "bet": amount, "choice": st.just("red")})),
    st.tuples(st.just("join"), person, st.fixed_dictionaries({"game": st.just("group"), "bet": amount})),
    st.tuples(st.just("late"), person, st.just({})),
)
WORKS = {
    "transfer": economy.transfer,
    "gift": gift.give,
    "use": bags.use,
    "put": partial(bags.change, how="give"),
    "set": partial(economy.change, how="set"),
    "buy": lottery.buy,
    "jackpot": lottery.set_jackpot,
    "bet": games.begin,
    "join": games.begin,
}
plans = st.lists(st.lists(action, min_size=3, max_size=12), min_size=2, max_size=4)


def perform(guild: int, name: str, user: int, arguments: dict) -> None:
    if name == "draw":
        draw(guild)
    elif name == "late":
        end_steps(guild)
    elif name == "settle":
        with unit_of_work() as uow:
            bags.multiplier(uow.session, guild, user)
            bags.drop(uow.session, guild, user, Random(user), key=f"game:{next(_numbers)}")
            uow.commit()
    else:
        # A redelivered command must change nothing.
        command = order(snowflake_at(now()) + next(_numbers), f"commands.{name}", guild, user, **arguments)
        first, second = execute(command, WORKS[name]), execute(command, WORKS[name])
        assert (first.state, first.text) == (second.state, second.text)


def draw(guild: int) -> None:
    """The open draw's moment comes."""
    rows(
        "UPDATE lottery_draws SET day = (SELECT min(day) FROM lottery_draws WHERE guild_id = %s) - 7"
        " WHERE guild_id = %s AND drawn_at IS NULL",
        guild,
        guild,
    )
    for (draw_id,) in rows("SELECT id FROM lottery_draws WHERE guild_id = %s AND drawn_at IS NULL", guild):
        with unit_of_work() as uow:
            if lottery.draw_due(uow, draw_id, clock.now()):
                uow.commit()


def end_steps(guild: int) -> None:
    """The time of every open step is over; whoever else looks at a game is not waited for."""
    for (number,) in rows("SELECT id FROM games WHERE guild_id = %s AND deadline IS NOT NULL", guild):
        with unit_of_work() as uow:
            found = lock_free(uow.session, number)
            if found is not None and not found.is_over:
                games.late(uow, found, Random(number))
                store(uow.session, found, show_in=None)
                uow.commit()


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(plans)
def test_any_interleaving_leaves_a_sound_ledger(database, plan):
    guild = next(_guilds)
    failures: list[Exception] = []

    def work(steps: list) -> None:
        try:
            for name, user, arguments in steps:
                perform(guild, name, user, arguments)
        except Exception as failure:  # noqa: BLE001 - the test fails with it, in its own thread.
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(steps,)) for steps in plan]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    # Two threads may have passed over a draw that each thought in the other's hands; the clock comes again.
    draw(guild)
    # A hand of blackjack ends with its first step that is late, and so does a group roulette.
    end_steps(guild)
    found = queries.audit(guild)
    assert found.is_sound
    assert rows("SELECT count(*) FROM coin_accounts WHERE guild_id = %s AND kind = 'game'", guild) == [(0,)]
    assert bags_come_out()
    made, gone = (
        rows(f"SELECT coalesce(sum(amount), 0) FROM coin_entries WHERE guild_id = %s AND {side}", guild)[0][0]
        for side in ("source_kind = 'mint'", "target_kind = 'burn'")
    )
    balances = "SELECT coalesce(sum(balance), 0) FROM coin_accounts WHERE guild_id = %s"
    assert rows(balances, guild)[0][0] == made - gone
    assert rows(TICKETS, guild, guild) == [(0,)]
    assert rows("SELECT count(*) FROM coin_entries WHERE guild_id = %s AND type = 'daily_gift'", guild)[0][0] <= len(
        PEOPLE
    )


# Draws whose tickets are not exactly the numbers from 1 to what was sold.
TICKETS = """
SELECT count(*) FROM lottery_draws d WHERE d.guild_id = %s AND d.sold <> (
    SELECT coalesce(sum(p.last_ticket - p.first_ticket + 1), 0) FROM lottery_purchases p
    WHERE p.guild_id = %s AND p.draw_id = d.id
)
"""
