"""What was done lately is not done again."""

from app.upkeep.cache.rules import Lately


def test_the_same_is_done_again_only_after_a_while():
    lately = Lately(60)
    assert lately.is_new((1, 7), 0)
    assert not lately.is_new((1, 7), 59.9)
    assert lately.is_new((1, 7), 60)
    assert not lately.is_new((1, 7), 119)


def test_guilds_and_people_are_told_apart():
    lately = Lately()
    assert all(lately.is_new(key, 0) for key in ((1, 7), (2, 7), (1, 8)))


def test_it_remembers_so_many_at_most():
    lately = Lately(60, most=2)
    assert all(lately.is_new((1, user), 0) for user in range(3))
    assert not lately.is_new((1, 2), 1)
    assert lately.is_new((1, 0), 1)
