"""Bags in a real database: items come once, go once, and multipliers count for two games."""

import threading
from random import Random

import pytest

from app.community.inventory import queries, service
from app.community.inventory.rules import GAMES, AlreadyActive, NotThere
from app.core.db import unit_of_work
from app.core.errors import BadInput, Refused
from app.upkeep.privacy import service as privacy
from tests.factories.bags import bags_come_out, put
from tests.factories.hall import rows

HERE, THERE = 7, 8
ANN, BEN = 1, 2


def committed(work, *values, **named):
    with unit_of_work() as uow:
        found = work(uow.session, *values, **named)
        uow.commit()
        return found


def has(user: int, guild: int = HERE) -> dict[str, int]:
    return {item: count for item, count in queries.bag(guild, user).items.items() if count}


def test_an_item_is_given_once_for_each_key(database):
    assert committed(service.give, HERE, ANN, "jackpot", 2, key="level:5")
    assert not committed(service.give, HERE, ANN, "jackpot", 2, key="level:5")
    assert committed(service.give, THERE, ANN, "jackpot", 1, key="level:5")
    assert (has(ANN), has(ANN, THERE), has(BEN)) == ({"jackpot": 2}, {"jackpot": 1}, {})
    assert bags_come_out()


def test_an_item_is_taken_once_for_each_key_and_never_below_nothing(database):
    put(HERE, ANN, "jackpot", 3)
    assert committed(service.take, HERE, ANN, "jackpot", 2, key="t")
    assert not committed(service.take, HERE, ANN, "jackpot", 2, key="t")
    with pytest.raises(NotThere, match=r"There are 1 of \*\*Treasure\*\* in the bag, not 2"):
        committed(service.take, HERE, ANN, "jackpot", 2, key="u")
    with pytest.raises(NotThere, match="There are 0"):
        committed(service.take, THERE, ANN, "jackpot", 1, key="u")
    assert has(ANN) == {"jackpot": 1}
    assert bags_come_out()


@pytest.mark.parametrize("quantity", [0, -1, 1001])
def test_an_impossible_number_changes_nothing(database, quantity):
    for work in (service.give, service.take):
        with pytest.raises(BadInput, match="Allowed: 1 to 1000"):
            committed(work, HERE, ANN, "jackpot", quantity, key="t")
    assert rows("SELECT count(*) FROM inventory_changes") == [(0,)]


def test_a_multiplier_counts_for_two_settled_games(database):
    put(HERE, ANN, "multiplier_x3")
    committed(service.activate, HERE, ANN, "multiplier_x3", key="a")
    assert queries.bag(HERE, ANN).factor == 3
    assert queries.bag(HERE, ANN).games_left == GAMES
    assert [committed(service.multiplier, HERE, ANN) for _ in range(4)] == [3, 3, 1, 1]
    assert committed(service.multiplier, THERE, ANN) == 1
    assert rows("SELECT count(*) FROM active_multipliers") == [(0,)]


def test_a_game_that_is_rolled_back_uses_nothing_up(database):
    put(HERE, ANN, "multiplier_x2")
    committed(service.activate, HERE, ANN, "multiplier_x2", key="a")
    with unit_of_work() as uow:
        assert service.multiplier(uow.session, HERE, ANN) == 2
    assert queries.bag(HERE, ANN).games_left == GAMES


def test_both_players_of_a_game_use_their_own_multiplier(database):
    put(HERE, BEN, "multiplier_x2")
    committed(service.activate, HERE, BEN, "multiplier_x2", key="a")
    assert committed(service.multipliers, HERE, [BEN, ANN]) == {BEN: 2, ANN: 1}


def test_one_multiplier_is_active_at_a_time_and_needs_an_item(database):
    put(HERE, ANN, "multiplier_x2", 2)
    with pytest.raises(NotThere):
        committed(service.activate, HERE, ANN, "multiplier_x3", key="a")
    committed(service.activate, HERE, ANN, "multiplier_x2", key="a")
    with pytest.raises(AlreadyActive, match="active already"):
        committed(service.activate, HERE, ANN, "multiplier_x2", key="b")
    assert has(ANN) == {"multiplier_x2": 1}
    assert queries.bag(HERE, ANN).factor == 2


def test_settling_and_activating_at_once_never_deadlock_and_count_each_game(database):
    put(HERE, ANN, "multiplier_x2", 50)
    counted: list[int] = []
    activated: list[int] = []
    failures: list[Exception] = []

    def settle(number: int) -> None:
        with unit_of_work() as uow:
            factor = service.multiplier(uow.session, HERE, ANN)
            service.drop(uow.session, HERE, ANN, Random(number), key=f"game:{number}")
            uow.commit()
        counted.append(factor)

    def begin(number: int) -> None:
        try:
            committed(service.activate, HERE, ANN, "multiplier_x2", key=f"a{number}")
        except AlreadyActive:
            return
        activated.append(number)

    def work(offset: int) -> None:
        try:
            for number in range(20):
                begin(offset + number)
                settle(offset + number)
        except Exception as failure:  # noqa: BLE001 - the test fails with it, in its own thread.
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(100 * number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    left = queries.bag(HERE, ANN).games_left
    assert counted.count(2) == GAMES * len(activated) - left
    assert bags_come_out()


def test_winners_find_things_once_for_each_game(database):
    rows("""INSERT INTO guild_settings (guild_id, options) VALUES (7, '{"drop-treasure": 300, "drop-x2": 0}')""")
    found = [committed(service.drop, HERE, ANN, Random(number), key=f"game:{number}") for number in range(40)]
    assert found.count("jackpot") > 3
    assert has(ANN).get("jackpot") == found.count("jackpot")
    first = found.index("jackpot")
    assert committed(service.drop, HERE, ANN, Random(first), key=f"game:{first}") is None
    assert has(ANN).get("jackpot") == found.count("jackpot")


def test_whoever_opted_out_is_given_nothing(database):
    rows("INSERT INTO opt_outs (guild_id, user_id) VALUES (7, 1)")
    rows("""INSERT INTO guild_settings (guild_id, options) VALUES (7, '{"drop-treasure": 300}')""")
    with pytest.raises(Refused, match="opted out"):
        committed(service.give, HERE, ANN, "jackpot", 1, key="t")
    assert [committed(service.drop, HERE, ANN, Random(n), key=f"game:{n}") for n in range(20)] == [None] * 20
    assert rows("SELECT count(*) FROM inventory_changes") == [(0,)]


@pytest.mark.parametrize(("scope", "left"), [(HERE, {"jackpot": 1}), (None, {})])
def test_an_erased_person_leaves_no_items(database, scope, left):
    rows("INSERT INTO guilds (id, name, joined_at) VALUES (7, 'Here', now()), (8, 'There', now())")
    for guild in (HERE, THERE):
        put(guild, ANN, "jackpot")
    put(HERE, ANN, "multiplier_x2")
    put(HERE, BEN, "jackpot")
    committed(service.activate, HERE, ANN, "multiplier_x2", key="a")
    committed(service.give, HERE, BEN, "jackpot", 1, key="b", actor_id=ANN)
    with unit_of_work() as uow:
        privacy.erase(uow, ANN, scope)
        uow.commit()
    assert (has(ANN), has(ANN, THERE), has(BEN)) == ({}, left, {"jackpot": 2})
    tables = ("inventory_items", "inventory_changes", "active_multipliers")
    for table in tables:
        assert rows(f"SELECT count(*) FROM {table} WHERE guild_id = 7 AND user_id = 1") == [(0,)]
    assert rows("SELECT count(*) FROM inventory_changes WHERE actor_id IS NOT NULL AND guild_id = 7") == [(0,)]
    assert bags_come_out()
