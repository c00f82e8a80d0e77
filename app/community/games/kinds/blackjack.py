"""Blackjack: one fresh deck of 52 cards, draw or stand. No I/O."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, ClassVar, Literal

from app.community.games.kinds.base import Button, End, Kind, Play, Scene, State, Table, impossible, percent
from app.core.translations import _, marked

_RANKS = ("A", "2", "3", "4", "5", "6", "7", "8", "9", "10", "J", "Q", "K")
_SUITS = ("♠", "♥", "♦", "♣")
DECK = tuple(f"{rank}{suit}" for rank in _RANKS for suit in _SUITS)
BEST, DEALER_STANDS = 21, 17
_NATURAL_CARDS = 2
# What comes back of a coin to a player who draws below 17 and stands else, as the dealer does; a test computes it.
DRAWING_TO_17 = 0.94685


class Hand(State, frozen=True, kw_only=True):
    """Both hands. The dealer's second card is drawn only when it is turned, which changes no probability."""

    player: tuple[str, ...]
    dealer: tuple[str, ...]
    is_over: bool = False
    # Nobody decided in time, and the stake is lost.
    is_late: bool = False


class Blackjack(Kind[Hand]):
    """One player against the dealer; no doubling, no splitting, no insurance."""

    name: ClassVar[str] = "blackjack"
    title: ClassVar[str] = marked("Blackjack")
    emoji: ClassVar[str] = "🃏"
    bets: ClassVar[tuple[int, int] | None] = (10, 1000)
    state = Hand
    seats: ClassVar[Literal["house", "duel", "open"]] = "house"
    uses_multiplier: ClassVar[bool] = True
    brings_xp: ClassVar[bool] = True

    def begin(self, table: Table, wishes: Mapping[str, Any], chance: Random) -> Hand:
        """Deal two cards to the player and one to the dealer."""
        del table, wishes
        first, second, shown = chance.sample(DECK, 3)
        hand = Hand(player=(first, second), dealer=(shown,))
        return _dealt(hand, chance) if is_natural(hand.player) else hand

    def play(self, state: Hand, table: Table, play: Play, chance: Random) -> Hand:
        """Draw, or stand; 21 stands by itself."""
        del table
        if play.action == "stand":
            return _dealt(state, chance)
        if play.action != "draw":
            raise impossible()
        player = (*state.player, _draw(state, chance))
        hand = Hand(step=state.step + 1, player=player, dealer=state.dealer, is_over=total(player) > BEST)
        return _dealt(hand, chance) if total(player) == BEST else hand

    def late(self, state: Hand, table: Table, chance: Random) -> Hand:
        """Whoever does not decide loses the stake."""
        del table, chance
        return Hand(step=state.step + 1, player=state.player, dealer=state.dealer, is_over=True, is_late=True)

    def seconds(self, state: Hand) -> float:
        """A minute for each card."""
        del state
        return 60

    def end(self, state: Hand, table: Table) -> End | None:
        """Twice the stake for the better hand, 2.5 times for a natural, the stake back when they are equal."""
        if not state.is_over:
            return None
        stake = table.stakes[0]
        if state.is_late or total(state.player) > BEST:
            return End((0,), ("loss",))
        if is_natural(state.player):
            return End((stake,), ("push",)) if is_natural(state.dealer) else End((stake * 5 // 2,), ("win",))
        mine, theirs = total(state.player), total(state.dealer)
        if theirs > BEST or mine > theirs:
            return End((2 * stake,), ("win",))
        return End((stake,), ("push",)) if mine == theirs else End((0,), ("loss",))

    def scene(self, state: Hand, table: Table) -> Scene:
        """Both hands, as far as they are turned."""
        lines = (
            _("{user} plays for **{stake}**.").format(user=table.name(0), stake=table.stakes[0]),
            _("Your cards: {cards} (**{total}**)").format(cards=" ".join(state.player), total=total(state.player)),
            _("The dealer: {cards} (**{total}**)").format(cards=" ".join(state.dealer), total=total(state.dealer)),
        )
        if state.is_late:
            return Scene((*lines, _("Time is up, and the stake is lost.")))
        if state.is_over:
            return Scene(lines)
        return Scene(lines, (Button("draw", _("Draw")), Button("stand", _("Stand"), "secondary")))

    def odds(self, wishes: Mapping[str, Any]) -> list[str]:
        """What pays how much, and what comes back to a simple player."""
        del wishes
        return [
            _("A win pays 2 times the bet, a natural 2.5 times; equal hands bring the bet back."),
            _("Whoever draws below 17 and stands else, as the dealer does, gets {back} back on average.").format(
                back=percent(DRAWING_TO_17)
            ),
        ]


def total(cards: Sequence[str]) -> int:
    """What a hand counts: an ace is 11 unless that is too much, and faces are 10."""
    points = sum(value(card) for card in cards)
    aces = sum(card[0] == "A" for card in cards)
    return points + 10 if aces and points + 10 <= BEST else points


def value(card: str) -> int:
    """A card's points, an ace as 1."""
    return min(_RANKS.index(card[:-1]) + 1, 10)


def is_natural(cards: Sequence[str]) -> bool:
    """Whether these are 21 with two cards."""
    return len(cards) == _NATURAL_CARDS and total(cards) == BEST


def _draw(state: Hand, chance: Random) -> str:
    """A card that nobody has."""
    return chance.choice([card for card in DECK if card not in state.player and card not in state.dealer])


def _dealt(state: Hand, chance: Random) -> Hand:
    """The hand with the dealer's cards drawn: below 17 another one; a natural of the player needs no more than two."""
    while total(state.dealer) < DEALER_STANDS or len(state.dealer) < _NATURAL_CARDS:
        if is_natural(state.player) and len(state.dealer) == _NATURAL_CARDS:
            break
        dealer = (*state.dealer, _draw(state, chance))
        state = Hand(step=state.step, player=state.player, dealer=dealer)
    return Hand(step=state.step + 1, player=state.player, dealer=state.dealer, is_over=True)
