"""Arrivals, explanations and rewards in a real database."""

from datetime import timedelta

import pytest

from app.activity.members.messages import MemberJoined, MemberLeft
from app.community.economy import queries as economy
from app.community.economy.rules import member
from app.community.invites import queries, rewards, service
from app.community.invites.rules import PATIENCE, Invite
from app.core.clock import now, snowflake_at
from app.core.db import unit_of_work
from app.upkeep.privacy import service as privacy
from tests.factories.coins import balance_of
from tests.factories.hall import rows

HERE, THERE = 7, 8
# Accounts of two years ago.
OLD = snowflake_at(now() - timedelta(days=730))
ANN, BEN, CID, DAN = (OLD + number for number in range(1, 5))
DAY = timedelta(days=1)
_seq = iter(range(1, 10**6))


@pytest.fixture(autouse=True)
def asked_once(database):
    """Discord was asked before anybody came."""
    answer(Invite("a", 0, ANN), Invite("b", 3, BEN))
    answer(Invite("a", 0, ANN), Invite("b", 3, BEN), guild=THERE)


def answer(*listed: Invite, guild=HERE, at=None):
    with unit_of_work() as uow:
        explained = service.explain(uow, guild, listed, at or now())
        uow.commit()
        return {one.user_id: one.used.code for one in explained}


def arrive(user: int, guild=HERE, at=None, seq=None):
    event = MemberJoined(
        seq=seq or next(_seq),
        guild_id=guild,
        at=int((at or now()).timestamp() * 1000),
        user_id=user,
        name="x",
        display_name="x",
    )
    note([event], [])


def leave(user: int, guild=HERE, at=None, seq=None):
    note(
        [], [MemberLeft(seq=seq or next(_seq), guild_id=guild, at=int((at or now()).timestamp() * 1000), user_id=user)]
    )


def note(joined, left):
    with unit_of_work() as uow:
        service.note(uow.session, joined, left)
        uow.commit()


def settle(at=None, guild=HERE):
    with unit_of_work() as uow:
        done = rewards.settle(uow.session, guild, at or now())
        uow.commit()
        return done


def state(user: int, guild=HERE):
    found = rows(
        "SELECT state, inviter_id, is_certain FROM invite_arrivals WHERE user_id = %s AND guild_id = %s", user, guild
    )
    return found[0] if found else None


def test_an_arrival_is_explained_once_and_paid_once_after_the_stay(database):
    arrive(CID, at=now() - DAY)
    assert answer(Invite("a", 1, ANN), Invite("b", 3, BEN)) == {CID: "a"}
    assert answer(Invite("a", 1, ANN), Invite("b", 3, BEN)) == {}
    assert state(CID) == ("pending", ANN, True)
    assert settle() == 1
    assert settle() == 0
    assert (balance_of(HERE, member(ANN)), balance_of(HERE, member(CID))) == (50, 50)
    assert queries.invited(HERE, ANN).valid == 1
    assert queries.invited(HERE, CID).invited_by == ANN
    assert queries.invited(THERE, ANN).valid == 0


def test_nobody_is_paid_before_the_stay_is_over(database):
    arrive(CID)
    answer(Invite("a", 1, ANN), Invite("b", 3, BEN))
    assert settle() == 0
    assert queries.invited(HERE, ANN).pending == 1
    assert settle(now() + DAY) == 1


def test_the_settings_of_the_guild_count(database):
    rows(
        """INSERT INTO guild_settings (guild_id, options) VALUES (7, '{"invite-stay-hours": 0, "invite-reward": 3}')"""
    )
    arrive(CID)
    answer(Invite("a", 1, ANN), Invite("b", 3, BEN))
    settle()
    assert balance_of(HERE, member(ANN)) == 28


def test_a_new_account_counts_for_nobody(database):
    newcomer = snowflake_at(now() - timedelta(days=3))
    arrive(newcomer, at=now() - DAY)
    answer(Invite("a", 1, ANN), Invite("b", 3, BEN))
    settle()
    assert state(newcomer)[0] == "young"
    assert balance_of(HERE, member(ANN)) is None
    assert queries.invited(HERE, ANN).young == 1


def test_whoever_leaves_early_earns_nobody_anything(database):
    arrive(CID, at=now() - DAY)
    answer(Invite("a", 1, ANN), Invite("b", 3, BEN))
    leave(CID)
    assert settle() == 0
    assert state(CID)[0] == "left"
    assert queries.invited(HERE, ANN).gone == 1


def test_leaving_soon_after_the_reward_takes_it_back_as_far_as_it_is_there(database):
    arrive(CID, at=now() - 2 * DAY)
    answer(Invite("a", 1, ANN), Invite("b", 3, BEN))
    settle(now() - timedelta(hours=1))
    rows("UPDATE coin_accounts SET balance = 10 WHERE owner_id = %s", ANN)
    rows(
        "INSERT INTO coin_entries (guild_id, key, type, source_kind, source_id, target_kind, target_id, amount)"
        " VALUES (7, 'spent', 'purchase', 'member', %s, 'burn', 0, 40)",
        ANN,
    )
    leave(CID)
    assert settle() == 1
    assert settle() == 0
    assert (balance_of(HERE, member(ANN)), balance_of(HERE, member(CID))) == (0, 25)
    assert state(CID)[0] == "revoked"
    audit = economy.audit()
    assert (audit.imbalance, audit.negative) == (0, 0)


def test_leaving_much_later_takes_nothing_back(database):
    arrive(CID, at=now() - 30 * DAY)
    answer(Invite("a", 1, ANN), Invite("b", 3, BEN))
    settle(now() - 20 * DAY)
    leave(CID)
    assert settle() == 0
    assert balance_of(HERE, member(ANN)) == 50


def test_coming_back_by_somebody_elses_invite_pays_nobody_again(database):
    arrive(CID, at=now() - DAY)
    answer(Invite("a", 1, ANN), Invite("b", 3, BEN))
    settle(now() - 10 * DAY)
    settle()
    leave(CID)
    arrive(CID)
    answer(Invite("a", 1, ANN), Invite("b", 4, BEN))
    assert settle(now() + 2 * DAY) == 0
    assert balance_of(HERE, member(BEN)) is None
    assert balance_of(HERE, member(ANN)) == 50


def test_coming_back_after_leaving_early_is_a_new_arrival(database):
    arrive(CID, at=now() - 3 * DAY)
    answer(Invite("a", 1, ANN), Invite("b", 3, BEN))
    leave(CID, at=now() - 2 * DAY)
    arrive(CID, at=now() - DAY)
    answer(Invite("a", 1, ANN), Invite("b", 4, BEN))
    settle()
    assert state(CID)[:2] == ("rewarded", BEN)
    assert balance_of(HERE, member(ANN)) is None


def test_two_at_once_by_two_peoples_invites_count_for_both(database):
    arrive(CID, at=now() - DAY)
    arrive(DAN, at=now() - DAY)
    assert answer(Invite("a", 1, ANN), Invite("b", 4, BEN)) == {CID: "a", DAN: "b"}
    assert not state(CID)[2]
    settle()
    assert (balance_of(HERE, member(ANN)), balance_of(HERE, member(BEN))) == (50, 50)


def test_a_use_that_is_listed_before_its_arrival_waits_for_it(database):
    arrive(CID)
    assert answer(Invite("a", 2, ANN), Invite("b", 3, BEN)) == {CID: "a"}
    arrive(DAN)
    assert answer(Invite("a", 2, ANN), Invite("b", 3, BEN)) == {DAN: "a"}


def test_a_use_that_nobody_came_for_is_not_held_for_ever(database):
    answer(Invite("a", 1, ANN), Invite("b", 3, BEN), at=now())
    arrive(DAN)
    assert answer(Invite("a", 1, ANN), Invite("b", 3, BEN), at=now() + PATIENCE * 2) == {}


def test_an_arrival_that_nothing_explains_is_given_up(database):
    arrive(CID, at=now() - PATIENCE * 2)
    answer(Invite("a", 0, ANN), Invite("b", 3, BEN))
    with unit_of_work() as uow:
        assert service.waiting_guilds(uow.session) == [HERE]
        service.give_up(uow.session, HERE, now())
        uow.commit()
    assert state(CID)[0] == "unknown"


def test_an_invite_that_was_used_up_explains_the_arrival(database):
    rows("INSERT INTO invites (guild_id, code, inviter_id, max_uses) VALUES (7, 'once', %s, 1)", BEN)
    answer(Invite("a", 0, ANN), Invite("b", 3, BEN), Invite("once", 0, BEN))
    arrive(CID)
    assert answer(Invite("a", 0, ANN), Invite("b", 3, BEN)) == {CID: "once"}
    assert state(CID)[1] == BEN


def test_the_guilds_own_link_brings_people_for_nobody(database):
    answer(Invite("a", 0, ANN), Invite("b", 3, BEN), Invite("mead", 9))
    arrive(CID)
    assert answer(Invite("a", 0, ANN), Invite("b", 3, BEN), Invite("mead", 10)) == {CID: "mead"}
    assert state(CID)[:2] == ("unknown", None)


def test_nobody_invites_themselves(database):
    arrive(ANN)
    answer(Invite("a", 1, ANN), Invite("b", 3, BEN))
    assert state(ANN)[:2] == ("unknown", None)


def test_an_older_answer_changes_nothing(database):
    arrive(CID)
    answer(Invite("a", 1, ANN), Invite("b", 3, BEN))
    assert answer(Invite("a", 0, ANN), Invite("b", 3, BEN), at=now() - DAY) == {}
    arrive(DAN)
    assert answer(Invite("a", 1, ANN), Invite("b", 3, BEN)) == {}


def test_events_in_any_order_end_the_same(database):
    leave(CID, seq=900_001)
    arrive(CID, seq=900_000)
    arrive(CID, seq=900_003)
    leave(CID, seq=900_002)
    assert state(CID)[0] == "waiting"
    leave(CID, seq=900_004)
    arrive(CID, seq=900_003)
    assert state(CID)[0] == "left"


def test_whoever_opted_out_is_neither_named_nor_paid(database):
    rows("INSERT INTO opt_outs (guild_id, user_id) VALUES (7, %s)", ANN)
    arrive(CID, at=now() - DAY)
    answer(Invite("a", 1, ANN), Invite("b", 3, BEN))
    assert state(CID)[:2] == ("unknown", None)
    rows("DELETE FROM opt_outs")
    arrive(DAN, at=now() - DAY)
    answer(Invite("a", 1, ANN), Invite("b", 4, BEN))
    rows("INSERT INTO opt_outs (guild_id, user_id) VALUES (7, %s)", BEN)
    settle()
    assert balance_of(HERE, member(BEN)) is None
    assert balance_of(HERE, member(DAN)) == 50


def test_without_the_economy_people_are_counted_and_nobody_is_paid(database):
    rows("""INSERT INTO guild_settings (guild_id, features) VALUES (7, '{"economy": false}')""")
    arrive(CID, at=now() - DAY)
    answer(Invite("a", 1, ANN), Invite("b", 3, BEN))
    settle()
    assert state(CID)[0] == "rewarded"
    assert rows("SELECT count(*) FROM coin_entries") == [(0,)]


def test_an_erased_inviter_is_taken_out_and_the_arrival_stays(database):
    arrive(CID, at=now() - DAY)
    answer(Invite("a", 1, ANN), Invite("b", 3, BEN))
    with unit_of_work() as uow:
        privacy.erase(uow, ANN, HERE)
        uow.commit()
    assert state(CID)[1] is None
    with unit_of_work() as uow:
        privacy.erase(uow, CID, HERE)
        uow.commit()
    assert state(CID) is None


def test_an_arrival_here_says_nothing_there(database):
    arrive(CID, at=now() - DAY)
    answer(Invite("a", 1, ANN), Invite("b", 3, BEN), guild=THERE)
    assert state(CID) == ("waiting", None, True)
    assert settle(guild=THERE) == 0
    assert queries.top(THERE) == []
