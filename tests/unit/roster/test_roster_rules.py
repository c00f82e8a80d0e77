"""What of a list is news."""

from app.activity.roster import rules


def member(user_id, **values):
    profile = {"username": "ada", "global_name": "Ada", "bot": False, **values.pop("user", {})}
    return {"user": {"id": str(user_id), **profile}, "nick": None, "roles": [], **values}


def changed(*page, stored):
    return [int(found["user"]["id"]) for found in rules.changed_members(page, stored)]


def test_only_people_who_are_stored_otherwise_are_news():
    stored = {1: ("ada", "Ada", None, frozenset({7, 8}))}
    assert changed(member(1, roles=["8", "7"]), stored=stored) == []
    for news in ({"roles": ["7"]}, {"nick": "Countess", "roles": ["7", "8"]}, {"user": {"username": "ada2"}}):
        assert changed(member(1, **news), stored=stored) == [1]
    assert changed(member(2), stored=stored) == [2]


def test_bots_are_no_members():
    assert changed(member(1, user={"bot": True}), stored={}) == []


def test_a_name_that_postgresql_cannot_hold_is_compared_as_it_is_stored():
    stored = {1: ("a\ufffdb", "a\ufffdb", None, frozenset())}
    assert changed(member(1, user={"username": "a\x00b", "global_name": None}), stored=stored) == []


def test_a_role_is_news_when_any_of_it_differs():
    role = {"id": "1", "name": "thane", "position": 2, "permissions": "8", "color": 5}
    assert list(rules.changed_roles([role], {1: ("thane", 2, 8, 5)})) == []
    for other in (("thegn", 2, 8, 5), ("thane", 3, 8, 5), ("thane", 2, 0, 5), ("thane", 2, 8, 6)):
        assert list(rules.changed_roles([role], {1: other})) == [role]
    assert list(rules.changed_roles([role], {})) == [role]


def test_the_missing_are_told_in_order_and_no_more_than_allowed():
    assert rules.missing({3, 1, 2, 9}, iter([2]), 2) == [1, 3]
    assert rules.missing({1}, [1, 2], 5) == []
