"""Erasing somebody who is at a game while another worker moves coins of theirs: both get done, in one order or the other.

The other worker stops between its own rows and the coins until the erasure waits for it. If the erasure held the coins
by then, the two would wait for each other, and PostgreSQL would end one of them.
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.community.economy import queries as purses
from app.community.economy import service as economy
from app.community.gift import service as gift
from app.community.giveaways import service as giveaways
from app.community.inventory import service as bags
from app.community.invites import rewards
from app.community.leveling import service as leveling
from app.community.lottery import service as lottery
from app.core import commands
from app.core.clock import now
from app.core.db import unit_of_work
from app.upkeep.privacy import service as privacy
from tests.factories.bags import put
from tests.factories.coins import balance_of, give
from tests.factories.games import ANN, BEN, CAT, HERE, begin, click, command
from tests.factories.hall import rows

pytestmark = pytest.mark.usefixtures("database")
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def run(task: str, work, **arguments):
    return lambda: commands.execute(command(f"commands.{task}", ANN, **arguments), work)


def treasure():
    put(HERE, ANN, "jackpot")
    return run("use", bags.use, item="jackpot")


def tickets():
    assert run("lottery", lottery.buy, count=1)().state == "done"
    return run("lottery", lottery.buy, count=2)


def daily_gift():
    rows("INSERT INTO gifts (guild_id, user_id, given_at) VALUES (%s, %s, '-infinity')", HERE, ANN)
    return run("gift", gift.give)


def new_level():
    rows("INSERT INTO member_levels (guild_id, user_id, xp, level) VALUES (%s, %s, 100, 2)", HERE, ANN)
    rows("INSERT INTO level_rewards (guild_id, user_id, level) VALUES (%s, %s, 2)", HERE, ANN)
    return in_unit(lambda uow: leveling.settle(uow, HERE, ANN))


def invite():
    rows(
        "INSERT INTO invite_arrivals (guild_id, user_id, seq, joined_at, state, inviter_id)"
        " VALUES (%s, %s, 1, now() - interval '90 days', 'pending', %s)",
        HERE,
        ANN,
        CAT,
    )
    return in_unit(lambda uow: rewards.settle(uow.session, HERE, now()))


def giveaway():
    made = run("giveaway_create", giveaways.create, prize="10 coins", winners=1, duration="1h", title="Mead")
    assert made().state == "done"
    ((number,),) = rows("SELECT id FROM giveaways")
    run("giveaway_join", giveaways.join, giveaway=str(number))()
    return run("giveaway_end", giveaways.end, giveaway=str(number))


def in_unit(work):
    def done():
        with unit_of_work() as uow:
            work(uow)
            uow.commit()

    return done


def erase() -> None:
    with unit_of_work() as uow:
        privacy.erase(uow, ANN, HERE)
        uow.commit()


@pytest.mark.parametrize("prepare", [treasure, tickets, daily_gift, new_level, invite, giveaway])
def test_an_erasure_and_another_worker_never_wait_for_each_other(monkeypatch, prepare):
    for user in (ANN, BEN):
        give(HERE, user, 1000)
    begin("rps", ANN, bet=100, member=BEN)
    assert click("accept", BEN).state == "done"
    work = prepare()
    reached, go_on = threading.Event(), threading.Event()
    post, others = economy.post, {threading.get_ident()}

    def post_late(*arguments):
        if threading.get_ident() not in others:
            reached.set()
            assert go_on.wait(20), "nobody let the other worker go on"
        return post(*arguments)

    def erase_here():
        others.add(threading.get_ident())
        erase()

    monkeypatch.setattr(economy, "post", post_late)
    with ThreadPoolExecutor(2) as pool:
        other = pool.submit(work)
        assert reached.wait(20), "the other worker has no coins to move"
        erasing = pool.submit(erase_here)
        deadline = time.monotonic() + 20
        while rows(WAITING) != [(1,)]:
            assert time.monotonic() < deadline, "the erasure does not wait"
        go_on.set()
        other.result(20)
        erasing.result(20)
    assert rows("SELECT status FROM games") == [("void",)]
    assert balance_of(HERE, economy.member(BEN)) == 1025
    assert balance_of(HERE, economy.member(ANN)) is None
    assert purses.audit(HERE).is_sound
