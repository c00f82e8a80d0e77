"""Coins in a real database: movements, races, and the sum that always comes out."""

import random
import threading

import pytest

from app.community.economy import queries, service
from app.community.economy.rules import BURN, LOTTERY, MINT, Account, Move, NotEnough, member
from app.core.db import unit_of_work
from app.core.errors import BadInput, Refused
from app.upkeep.privacy import service as privacy
from tests.factories.coins import balance_of, entries, give
from tests.factories.hall import rows

HERE, THERE = 7, 8
ANN, BEN = member(1), member(2)


def post(*moves: Move, guild: int = HERE) -> set[str]:
    with unit_of_work() as uow:
        fresh = service.post(uow.session, guild, moves)
        uow.commit()
        return fresh


def transfer(amount: int, key: str, source=ANN, target=BEN) -> Move:
    return Move(source, target, amount, "transfer", key, actor_id=source.owner_id)


def sound(guild: int | None = None) -> bool:
    found = queries.audit(guild)
    return (found.imbalance, found.negative, found.unsettled) == (0, 0, 0)


def test_a_first_movement_opens_purses_with_what_members_begin_with(database):
    assert post(transfer(10, "t")) == {"start:1", "start:2", "t"}
    assert (balance_of(HERE, ANN), balance_of(HERE, BEN)) == (15, 35)
    assert entries(HERE) == [("start", 25), ("start", 25), ("transfer", 10)]
    assert sound()


def test_what_a_guild_lets_members_begin_with_counts(database):
    rows("""INSERT INTO guild_settings (guild_id, options) VALUES (7, '{"start-coins": 0}')""")
    give(HERE, 1, 5)
    assert balance_of(HERE, ANN) == 5
    assert entries(HERE) == [("admin_set", 5)]
    assert queries.balance(HERE, 9) == 0
    assert queries.balance(THERE, 9) == 25


def test_the_same_key_moves_coins_once(database):
    assert "t" in post(transfer(10, "t"))
    assert post(transfer(10, "t")) == set()
    assert post(transfer(25, "t"), transfer(1, "u")) == {"u"}
    assert balance_of(HERE, ANN) == 14
    assert sound()


def test_a_movement_that_is_too_large_takes_everything_of_its_transaction_back(database):
    post(transfer(5, "first"))
    with pytest.raises(NotEnough, match="takes 26 coins, and there are 25"):
        post(transfer(5, "second", BEN, ANN), transfer(25, "third", BEN, LOTTERY), transfer(26, "fourth"))
    with pytest.raises(NotEnough):
        post(transfer(21, "fifth"))
    assert (balance_of(HERE, ANN), balance_of(HERE, BEN)) == (20, 30)
    assert sound()


@pytest.mark.parametrize("amount", [0, -5, 10**12 + 1, 2**63])
def test_an_impossible_amount_changes_nothing(database, amount):
    with pytest.raises(BadInput, match="Allowed: 1 to"):
        post(transfer(amount, "t"))
    assert rows("SELECT count(*) FROM coin_accounts") == [(0,)]


def test_guilds_have_purses_of_their_own(database):
    post(transfer(10, "t"))
    post(transfer(20, "t"), guild=THERE)
    assert (balance_of(HERE, ANN), balance_of(THERE, ANN)) == (15, 5)
    assert queries.audit(HERE).entries == 3
    assert [entry.amount for entry in queries.history(HERE, 1)] == [-10, 25]
    assert [entry.amount for entry in queries.history(THERE, 1)] == [-20, 25]


def test_the_mint_and_what_is_burnt_have_no_end(database):
    post(Move(MINT, LOTTERY, 10_000, "lottery_base", "base"), Move(LOTTERY, BURN, 9_000, "refund", "gone"))
    assert balance_of(HERE, LOTTERY) == 1_000
    assert sound()


def test_history_tells_both_sides_and_pages_downwards(database):
    for number in range(5):
        post(transfer(number + 1, f"t{number}"))
    newest, next_one = queries.history(HERE, 2, limit=2)
    assert (newest.amount, newest.other_id, newest.type) == (5, 1, "transfer")
    assert [entry.amount for entry in queries.history(HERE, 2, below=next_one.id, limit=9)] == [3, 2, 1, 25]
    assert queries.history(HERE, 1)[0].amount == -5


def test_fifty_who_spend_the_same_coins_at_once_spend_them_once(database):
    give(HERE, 1, 75)
    refused: list[NotEnough] = []
    gate = threading.Barrier(50)

    def spend(number: int) -> None:
        gate.wait()
        try:
            post(transfer(10, f"t{number}", target=member(100 + number % 7)))
        except NotEnough as refusal:
            refused.append(refusal)

    in_threads([lambda number=number: spend(number) for number in range(50)])
    assert len(refused) == 40
    assert balance_of(HERE, ANN) == 0
    assert sound()


def test_random_movements_of_concurrent_workers_neither_make_nor_lose_coins(database):
    """Any interleaving, with repeated keys and refusals; deadlocks would fail the test."""
    people = [member(user) for user in range(1, 7)]
    places = [*people, LOTTERY, Account("game", 5), MINT, BURN]

    def work(seed: int) -> None:
        chance = random.Random(seed)
        for number in range(60):
            moves = []
            for leg in range(chance.randint(1, 3)):
                source, target = [*chance.sample([p for p in places if p is not BURN], 1), chance.choice(places)]
                if source != target and target is not MINT:
                    key = f"{chance.randint(0, 3)}:{number}:{leg}"
                    moves.append(Move(source, target, chance.randint(1, 40), "transfer", key))
            try:
                post(*moves)
            except NotEnough:
                continue

    in_threads([lambda seed=seed: work(seed) for seed in range(4)])
    found = queries.audit()
    assert found.entries > 100
    # What lies in the account of a game that never was is unsettled, and rightly so.
    assert (found.imbalance, found.negative) == (0, 0)
    minted = rows("SELECT coalesce(sum(amount), 0) FROM coin_entries WHERE source_kind = 'mint'")[0][0]
    burnt = rows("SELECT coalesce(sum(amount), 0) FROM coin_entries WHERE target_kind = 'burn'")[0][0]
    assert rows("SELECT sum(balance) FROM coin_accounts")[0][0] == minted - burnt


def test_an_audit_finds_a_balance_that_somebody_changed_by_hand(database):
    post(transfer(10, "t"))
    rows("UPDATE coin_accounts SET balance = balance + 3 WHERE owner_id = 1")
    rows("DELETE FROM coin_entries WHERE type = 'start' AND target_id = 2")
    assert queries.audit().imbalance == 3 + 25
    assert queries.audit(THERE).imbalance == 0
    with unit_of_work() as uow:
        assert {row.owner_id for row in queries.differences(uow.session)} == {1, 2}


def test_whoever_opted_out_gets_no_purse(database):
    rows("INSERT INTO opt_outs (guild_id, user_id) VALUES (7, 2)")
    with pytest.raises(Refused, match="opted out"):
        post(transfer(10, "t"))
    assert rows("SELECT count(*) FROM coin_accounts") == [(0,)]
    post(transfer(10, "t"), guild=THERE)


def erase(user: int, guild: int | None) -> None:
    with unit_of_work() as uow:
        privacy.erase(uow, user, guild)
        uow.commit()


def test_an_erased_person_leaves_a_ledger_that_still_comes_out(database):
    post(transfer(10, "t1"), transfer(4, "t2", BEN, ANN), transfer(3, "t3", ANN, member(3)))
    post(transfer(1, "t1"), guild=THERE)
    erase(1, HERE)
    assert balance_of(HERE, ANN) is None
    mentioned = "SELECT count(*) FROM coin_entries WHERE guild_id = %s AND 1 IN (source_id, target_id, actor_id)"
    assert rows(mentioned, HERE) == [(0,)]
    assert rows("SELECT count(*) FROM coin_entries WHERE guild_id = 7 AND key LIKE '%%:1'") == [(0,)]
    assert rows(mentioned, THERE)[0][0] > 0
    assert (balance_of(HERE, BEN), balance_of(HERE, member(3))) == (31, 28)
    assert sound()
    erase(2, None)
    erase(3, None)
    assert sound()
    assert queries.history(HERE, 2) == []


def test_erasing_makes_no_coins(database):
    post(transfer(25, "t"))
    erase(1, HERE)
    give(HERE, 1, 2)
    assert balance_of(HERE, ANN) == 2


def in_threads(works) -> None:
    failures: list[Exception] = []

    def run(work) -> None:
        try:
            work()
        except Exception as failure:  # noqa: BLE001 - the test fails with it, in its own thread.
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
