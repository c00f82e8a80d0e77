from datetime import UTC, datetime, timedelta

from app.community.invites.rules import Invite, Used, before_held, explain, is_too_young, left_over, new_uses
from app.core.clock import snowflake_at

ANN, BEN, CID = 1, 2, 3
A, B = Used("a", 10), Used("b", 20)


def by_user(explained):
    return {one.user_id: (one.used.code, one.is_certain) for one in explained}


def test_uses_that_were_added_are_found_whoever_made_the_invite():
    listed = [Invite("b", 5, 20), Invite("a", 3, 10), Invite("new", 1, 10)]
    assert new_uses({"a": 1, "b": 5}, listed, {}) == [A, A, Used("new", 10)]


def test_counts_that_fell_explain_nobody():
    assert new_uses({"a": 4}, [Invite("a", 3, 10)], {}) == []


def test_an_invite_that_is_gone_was_used_up_if_it_could_be():
    assert new_uses({"a": 0, "b": 0}, [], {"b": 20}) == [B]
    assert new_uses({"a": 0}, [], {"b": 20}) == []


def test_one_arrival_and_one_use_belong_together():
    assert by_user(explain([ANN], [A])) == {ANN: ("a", True)}


def test_several_at_once_by_one_persons_invites_are_certain():
    assert by_user(explain([ANN, BEN], [A, Used("c", 10)])) == {ANN: ("a", True), BEN: ("c", True)}


def test_several_at_once_by_several_peoples_invites_are_counted_but_not_certain():
    assert by_user(explain([ANN, BEN], [A, B])) == {ANN: ("a", False), BEN: ("b", False)}


def test_whose_use_is_not_listed_yet_waits():
    assert by_user(explain([ANN, BEN], [A])) == {ANN: ("a", False)}


def test_more_uses_than_arrivals_explain_only_what_one_person_did():
    assert by_user(explain([ANN], [A, A])) == {ANN: ("a", False)}
    assert explain([ANN], [A, B]) == []
    assert explain([], [A]) == []


def test_a_use_without_an_arrival_is_held_and_counts_later():
    explained = explain([ANN], [A, A])
    held = left_over([A, A], explained)
    assert held == {"a": 1}
    assert before_held({"a": 7, "b": 2}, held) == {"a": 6, "b": 2}
    assert new_uses(before_held({"a": 7}, held), [Invite("a", 7, 10)], {}) == [A]


def test_the_guilds_own_link_invites_for_nobody():
    assert explain([CID], [Used("mead", None)])[0].used.inviter_id is None


def test_the_age_of_an_account_is_in_its_id():
    joined = datetime(2026, 5, 1, tzinfo=UTC)
    assert is_too_young(snowflake_at(joined - timedelta(days=6)), joined, 7)
    assert not is_too_young(snowflake_at(joined - timedelta(days=7)), joined, 7)
    assert not is_too_young(snowflake_at(joined), joined, 0)
    assert not is_too_young(snowflake_at(joined + timedelta(hours=1)), joined, 0), "another clock runs behind"
