import pytest

from app.community.economy.rules import (
    BURN,
    LOTTERY,
    MINT,
    MOST,
    Account,
    Move,
    NotEnough,
    applied,
    checked,
    member,
    touched,
)
from app.core.errors import BadInput

ANN, BEN = member(1), member(2)


def move(source, target, amount, key="k"):
    return Move(source, target, amount, "transfer", key)


def test_accounts_are_locked_in_one_order_and_the_house_has_none():
    moves = [move(BEN, ANN, 5), move(MINT, LOTTERY, 5), move(ANN, BURN, 1), move(Account("game", 9), BEN, 2)]
    assert touched(moves) == [Account("game", 9), LOTTERY, ANN, BEN]


def test_moves_are_made_one_after_the_other():
    assert applied({ANN: 5, BEN: 0}, [move(ANN, BEN, 5), move(BEN, BURN, 3), move(MINT, ANN, 7)]) == {ANN: 7, BEN: 2}


def test_nobody_falls_below_zero_even_for_a_moment():
    with pytest.raises(NotEnough, match="takes 6 coins, and there are 5") as refusal:
        applied({ANN: 5, BEN: 9}, [move(ANN, BEN, 6), move(BEN, ANN, 9)])
    assert (refusal.value.account, refusal.value.balance, refusal.value.amount) == (ANN, 5, 6)


def test_moves_change_nothing_but_what_they_are_given():
    before = {ANN: 5, BEN: 0}
    applied(before, [move(ANN, BEN, 5)])
    assert before == {ANN: 5, BEN: 0}


@pytest.mark.parametrize("amount", [0, -1, MOST + 1, 2**63, -(2**70)])
def test_amounts_outside_the_bounds_are_refused_with_what_is_allowed(amount):
    with pytest.raises(BadInput, match=f"Allowed: 1 to {MOST}"):
        checked(amount)


@pytest.mark.parametrize("amount", [1, MOST])
def test_the_bounds_are_allowed(amount):
    assert checked(amount) == amount
