"""Roulette, slots and blackjack: every rule, and simulations that come out at the computed return."""

from collections import defaultdict
from fractions import Fraction
from math import perm
from random import Random

import numpy as np
import pytest

from app.community.games.kinds import roulette, slots
from app.community.games.kinds.base import Play, Table
from app.community.games.kinds.blackjack import DECK, DRAWING_TO_17, Blackjack, Hand, is_natural, total, value
from app.community.games.kinds.roulette import GREEN, Roulette, Spin, colour_at
from app.community.games.kinds.slots import SIGNS, Pull, Slots
from app.core.errors import BadInput, Refused

ANN = Table((1,), (100,))
ROUNDS = 20_000


def returned(kind, wishes, rounds=ROUNDS, seed=1) -> float:
    """What comes back of a coin on average, over many games that are over at once."""
    chance = Random(seed)
    paid = 0
    for _ in range(rounds):
        paid += kind.end(kind.begin(ANN, wishes, chance), ANN).payouts[0]
    return paid / (rounds * ANN.pot)


def bound(worst: float, rounds=ROUNDS) -> float:
    """Five standard errors of a mean of values between 0 and about `worst` times the bet."""
    return 5 * worst / rounds**0.5


@pytest.mark.parametrize(("colour", "deviation"), [("red", 1.0), ("black", 1.0), ("green", 5.7)])
def test_roulette_returns_what_its_odds_say(colour, deviation):
    expected = roulette.expected(colour, {})
    assert returned(Roulette(), {"choice": colour}) == pytest.approx(expected, abs=bound(deviation))


def test_roulette_has_37_pockets_of_which_18_are_red_and_18_black():
    colours = [colour_at(pocket) for pocket in range(37)]
    assert [colours.count(colour) for colour in ("red", "black", "green")] == [18, 18, 1]
    assert roulette.expected("red", {}) == pytest.approx(36 / 37)
    assert roulette.expected("green", {}) == pytest.approx(35 / 37)


def test_a_guild_sets_what_green_pays_but_never_more_than_is_fair():
    assert GREEN.high == 37
    assert roulette.expected("green", {GREEN.key: 14}) == pytest.approx(14 / 37)
    zero = Roulette().begin(ANN, {"choice": "vert", GREEN.key: 14}, Random(1))
    assert zero.pays == 14
    assert Roulette().end(Spin(colour="green", pocket=0, pays=14), ANN).payouts == (1400,)


@pytest.mark.parametrize("word", ["", "blue", "rot", "red green", "0"])
def test_a_colour_that_is_none_is_named_with_those_there_are(word):
    with pytest.raises(BadInput, match=r"is no colour\. Allowed: red, black, green"):
        roulette.colour_of(word)


def test_slots_return_what_is_computed_from_their_reels():
    assert sum(chance for _, chance in slots.outcomes()) == 1
    assert sum(chance for reels, chance in slots.outcomes() if len(set(reels)) == 1) == Fraction(54160, 10**6)
    assert sum(chance for reels, chance in slots.outcomes() if len(set(reels)) == 2) == Fraction(493920, 10**6)
    assert float(slots.expected()) == pytest.approx(0.9202, abs=0.0001)
    assert returned(Slots(), {}) == pytest.approx(float(slots.expected()), abs=bound(3.0))


def test_slots_pay_triples_by_their_sign_and_pairs_rounded_down():
    for sign, (_, factor) in SIGNS.items():
        assert Slots().end(Pull(reels=(sign, sign, sign)), ANN).payouts == (100 * factor,)
    for reels in (("🍒", "🍒", "🍋"), ("🍒", "🍋", "🍒"), ("🍋", "🍒", "🍒")):
        assert Slots().end(Pull(reels=reels), Table((1,), (5,))).payouts == (7,)
    assert Slots().end(Pull(reels=("🍒", "🍋", "⭐")), ANN).results == ("loss",)


@pytest.mark.parametrize(
    ("cards", "points"),
    [
        (("A♠", "K♥"), 21),
        (("A♠", "A♥"), 12),
        (("A♠", "A♥", "9♣"), 21),
        (("A♠", "9♥", "5♣"), 15),
        (("K♠", "Q♥", "2♣"), 22),
        (("7♠", "7♥", "7♣"), 21),
        (("10♠", "A♥"), 21),
    ],
)
def test_an_ace_counts_eleven_unless_that_is_too_much(cards, points):
    assert total(cards) == points
    assert is_natural(cards) == (points == 21 and len(cards) == 2)


def dealt(player: str, dealer: str, **more) -> Hand:
    return Hand(player=tuple(player.split()), dealer=tuple(dealer.split()), is_over=True, **more)


@pytest.mark.parametrize(
    ("hand", "payout", "result"),
    [
        (dealt("K♠ Q♠", "K♥ 7♥"), 200, "win"),
        (dealt("K♠ 7♠", "K♥ 7♥"), 100, "push"),
        (dealt("K♠ 6♠", "K♥ 7♥"), 0, "loss"),
        (dealt("K♠ 6♠", "K♥ 6♥ 9♥"), 200, "win"),
        (dealt("K♠ 6♠ 9♠", "K♥ 6♥"), 0, "loss"),
        (dealt("A♠ K♠", "K♥ 7♥"), 250, "win"),
        (dealt("A♠ K♠", "A♥ K♥"), 100, "push"),
        (dealt("7♠ 7♥ 7♣", "A♥ K♥"), 100, "push"),
        (dealt("K♠ Q♠", "K♥ 6♥", is_late=True), 0, "loss"),
    ],
)
def test_blackjack_pays_the_better_hand(hand, payout, result):
    end = Blackjack().end(hand, ANN)
    assert (end.payouts, end.results) == ((payout,), (result,))


def test_a_natural_on_an_odd_bet_is_rounded_down():
    assert Blackjack().end(dealt("A♠ K♠", "K♥ 7♥"), Table((1,), (11,))).payouts == (27,)


def test_a_hand_of_blackjack_uses_one_deck_and_ends_by_itself_at_21():
    kind, chance = Blackjack(), Random(3)
    for _ in range(500):
        hand = kind.begin(ANN, {}, chance)
        while kind.end(hand, ANN) is None:
            assert total(hand.player) < 21
            hand = kind.play(hand, ANN, Play(0, "draw" if total(hand.player) < 17 else "stand"), chance)
        cards = (*hand.player, *hand.dealer)
        assert len(set(cards)) == len(cards)
        assert set(cards) <= set(DECK)
        if total(hand.player) <= 21 and not is_natural(hand.player):
            assert 17 <= total(hand.dealer) <= 26


def test_moves_that_blackjack_does_not_know_are_refused():
    hand = Hand(player=("2♠", "3♠"), dealer=("4♠",))
    with pytest.raises(Refused, match="not possible"):
        Blackjack().play(hand, ANN, Play(0, "split"), Random(1))


def test_blackjack_returns_what_its_odds_say():
    kind, chance, paid, rounds = Blackjack(), Random(5), 0, 12_000
    for _ in range(rounds):
        hand = kind.begin(ANN, {}, chance)
        while kind.end(hand, ANN) is None:
            hand = kind.play(hand, ANN, Play(0, "draw" if total(hand.player) < 17 else "stand"), chance)
        paid += kind.end(hand, ANN).payouts[0]
    assert paid / (rounds * 100) == pytest.approx(DRAWING_TO_17, abs=bound(1.0, rounds))


def test_the_return_of_drawing_to_17_is_computed_from_the_deck():
    """Exactly: over all pairs of final hands, each weighed by its orders of drawing and the cards that are left."""
    deck = [sum(value(card) == points for card in DECK) for points in range(1, 11)]
    hands, orders = final_hands()
    totals = np.array([points_of(hand) for hand in hands])
    sizes = hands.sum(axis=1)
    naturals = (sizes == 2) & (totals == 21)
    falling = np.array([[float(perm(count, taken)) for taken in range(24)] for count in deck])
    ways = np.array([float(perm(52, taken)) for taken in range(30)])
    back = 0.0
    for mine in range(len(hands)):
        if totals[mine] > 21:
            continue
        together = hands + hands[mine]
        left = np.prod(falling[np.arange(10), together], axis=1) * orders * orders[mine] / ways[sizes + sizes[mine]]
        if naturals[mine]:
            pays = np.where(naturals, 1.0, 2.5)
        else:
            pays = np.where((totals > 21) | (totals < totals[mine]), 2.0, np.where(totals == totals[mine], 1.0, 0.0))
        back += float((left * pays).sum())
    assert back == pytest.approx(DRAWING_TO_17, abs=0.00001)


def points_of(counts) -> int:
    points = int(sum(value * count for value, count in enumerate(counts, 1)))
    return points + 10 if counts[0] and points + 10 <= 21 else points


def final_hands():
    """Every hand at which drawing to 17 stops, as counts of points, and in how many orders of points it is drawn."""
    layer, done = {(0,) * 10: 1}, {}
    while layer:
        following = defaultdict(int)
        for hand, number in layer.items():
            if sum(hand) >= 2 and points_of(hand) >= 17:
                done[hand] = number
                continue
            for place in range(10):
                if hand[place] < (16 if place == 9 else 4):
                    following[(*hand[:place], hand[place] + 1, *hand[place + 1 :])] += number
        layer = following
    return np.array(list(done)), np.array(list(done.values()), dtype=float)
