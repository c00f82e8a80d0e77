import hashlib
import hmac
from collections import Counter
from datetime import timedelta

import pytest

from app.community.giveaways.rules import Prize, commitment, draw, prize_of, span_of, title_of, winners_of
from app.core.errors import BadInput


@pytest.mark.parametrize(
    ("text", "prize"),
    [
        ("500 coins", Prize("coins", "coins", 500)),
        ("500", Prize("coins", "coins", 500)),
        ("1 pièce", Prize("coins", "coins", 1)),
        ("20LC", Prize("coins", "coins", 20)),
        ("treasure", Prize("item", "jackpot", 1)),
        ("3 trésor", Prize("item", "jackpot", 3)),
        ("2 multiplier_x2", Prize("item", "multiplier_x2", 2)),
        ("a  ring of   gold", Prize("other", "a ring of gold")),
        ("2 horses", Prize("other", "2 horses")),
    ],
)
def test_a_prize_is_read(text, prize):
    assert prize_of(text) == prize


@pytest.mark.parametrize("text", ["0 coins", "9999999999999 coins", "0 treasure", "1001 treasure", "", "x" * 101])
def test_a_prize_that_cannot_be_given_is_refused(text):
    with pytest.raises(BadInput):
        prize_of(text)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("90", timedelta(minutes=90)),
        ("90m", timedelta(minutes=90)),
        ("2h", timedelta(hours=2)),
        ("1d 12h", timedelta(hours=36)),
        ("1j12h30min", timedelta(hours=36, minutes=30)),
        ("30 d", timedelta(days=30)),
    ],
)
def test_a_time_span_is_read(text, span):
    assert span_of(text) == span


@pytest.mark.parametrize("text", ["", "0", "soon", "-5m", "1.5h", "31d", "10 weeks", "5m!", "999999d", "1h x"])
def test_a_time_that_cannot_be_used_is_refused_with_what_is_allowed(text):
    with pytest.raises(BadInput, match="1 minute to 30 days"):
        span_of(text)


def test_titles_stand_in_one_line():
    assert title_of(" Mead\nfor all ") == "Mead for all"
    with pytest.raises(BadInput, match="1 to 100"):
        title_of(" ")


def test_how_many_may_win():
    assert winners_of(50, Prize("other", "x")) == 50
    for count in (0, -1, 51):
        with pytest.raises(BadInput, match="Allowed: 1 to 50"):
            winners_of(count, Prize("other", "x"))
    with pytest.raises(BadInput, match="coins is no usable amount"):
        winners_of(50, Prize("coins", "coins", 10**12))


def test_a_draw_can_be_repeated_by_anybody_with_the_seed():
    people = [*range(1000, 1030)]
    expected = sorted(people, key=lambda user: hmac.new(b"seed", str(user).encode(), hashlib.sha256).digest())
    assert draw(b"seed", reversed(people), 3) == expected[:3]
    assert draw(b"seed", [*people, *people], 40) == expected
    assert draw(b"other", people, 3) != expected[:3]
    assert draw(b"seed", [], 3) == []
    assert commitment(b"seed") == hashlib.sha256(b"seed").hexdigest()


def test_everybody_wins_as_often():
    people = range(10)
    wins = Counter(draw(seed.to_bytes(4), people, 1)[0] for seed in range(5000))
    # The standard deviation is 21; a fair draw leaves this span less than once in a million runs, and seeds are fixed.
    assert all(390 < wins[user] < 610 for user in people)
