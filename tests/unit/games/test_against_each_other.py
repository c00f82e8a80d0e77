"""Games between members: who wins when, what is refused, and that the pot goes to one of them, whole."""

from collections import Counter
from random import Random

import pytest

from app.community.games.kinds.agent import MOST_ROUNDS, Agent
from app.community.games.kinds.base import Play, Table
from app.community.games.kinds.c21 import Count, CountTo21
from app.community.games.kinds.duel import Duel
from app.community.games.kinds.facts import FACTS
from app.community.games.kinds.group import Group
from app.community.games.kinds.quicktype import TYPED, WORDS, QuickType, is_word, uncopyable
from app.community.games.kinds.quiz import LETTERS, Quiz, QuizDuo
from app.community.games.kinds.rps import BEATS, RockPaperScissors
from app.community.games.rules import KINDS
from app.core.errors import Refused
from app.core.translations import speaking

TABLE = Table((1, 2), (50, 50))


def play(kind, state, seat, action, at=0):
    return kind.play(state, TABLE, Play(seat, action, at), Random(1))


def test_a_duel_is_a_fair_coin():
    chance = Random(1)
    wins = Counter(Duel().begin(TABLE, {}, chance).winner for _ in range(4000))
    assert wins[0] == pytest.approx(2000, abs=160)
    assert Duel().end(Duel().begin(TABLE, {}, chance), TABLE).payouts in {(100, 0), (0, 100)}


def test_a_group_roulette_weighs_by_stake_and_pays_exactly_the_pot():
    table, chance = Table((1, 2, 3), (10, 30, 60)), Random(2)
    rounds, wins = 6000, Counter()
    for _ in range(rounds):
        state = Group().begin(table, {}, chance)
        assert sum(Group().end(state, table).payouts) == 100
        wins[state.winner] += 1
    for seat, stake in enumerate(table.stakes):
        share = stake / 100
        assert wins[seat] / rounds == pytest.approx(share, abs=5 * (share * (1 - share) / rounds) ** 0.5)


@pytest.mark.parametrize("first", BEATS)
@pytest.mark.parametrize("second", BEATS)
def test_rock_paper_scissors(first, second):
    kind = RockPaperScissors()
    state = play(kind, kind.begin(TABLE, {}, Random(1)), 1, second)
    assert kind.end(state, TABLE) is None
    assert second not in " ".join(kind.scene(state, TABLE).lines), "nobody sees a choice before both have chosen"
    with pytest.raises(Refused, match="chosen already"):
        play(kind, state, 1, first)
    end = kind.end(play(kind, state, 0, first), TABLE)
    if first == second:
        assert end.is_void
        assert end.payouts == (50, 50)
    else:
        assert end.payouts == ((100, 0) if BEATS[first] == second else (0, 100))


def test_a_missing_choice_gives_the_stakes_back():
    kind = RockPaperScissors()
    late = kind.late(play(kind, kind.begin(TABLE, {}, Random(1)), 0, "rock"), TABLE, Random(1))
    assert kind.end(late, TABLE).is_void


def agents():
    kind = Agent()
    state = play(kind, play(kind, kind.begin(TABLE, {}, Random(1)), 0, "ready"), 1, "ready")
    assert (state.round, state.bullets) == (1, (1, 1))
    return kind, state


def rounds(kind, state, *choices):
    for first, second in choices:
        state = play(kind, play(kind, state, 0, first), 1, second)
    return state


@pytest.mark.parametrize(
    ("choices", "payouts"),
    [
        ([("shoot", "reload")], (100, 0)),
        ([("reload", "shoot")], (0, 100)),
        ([("shoot", "shield")], None),
        ([("shoot", "shoot")], None),
        ([("reload", "reload"), ("shoot", "shoot"), ("shield", "shield"), ("shoot", "reload")], (100, 0)),
    ],
)
def test_a_shot_wins_only_against_who_reloads(choices, payouts):
    kind, state = agents()
    end = kind.end(rounds(kind, state, *choices), TABLE)
    assert (end.payouts if end else None) == payouts


def test_bullets_are_counted_and_nobody_shoots_without_one():
    kind, state = agents()
    state = rounds(kind, state, ("shoot", "shield"))
    assert state.bullets == (0, 1)
    with pytest.raises(Refused, match="no bullet"):
        play(kind, state, 0, "shoot")
    assert rounds(kind, state, ("reload", "reload")).bullets == (1, 2)


def test_two_who_only_shield_come_to_an_end():
    kind, state = agents()
    for _ in range(MOST_ROUNDS - 1):
        state = rounds(kind, state, ("shield", "shield"))
        assert kind.end(state, TABLE) is None
    assert kind.end(rounds(kind, state, ("shield", "shield")), TABLE).is_void


def test_whoever_is_silent_loses_the_round_and_two_silent_ones_lose_nothing():
    kind, state = agents()
    assert kind.end(kind.late(play(kind, state, 1, "shield"), TABLE, Random(1)), TABLE).payouts == (0, 100)
    assert kind.end(kind.late(state, TABLE, Random(1)), TABLE).is_void
    begun = kind.begin(TABLE, {}, Random(1))
    assert kind.end(kind.late(play(kind, begun, 0, "ready"), TABLE, Random(1)), TABLE).is_void
    with pytest.raises(Refused):
        play(kind, begun, 0, "shoot")


def test_whoever_says_21_loses_and_turns_change():
    kind = CountTo21()
    state = Count(number=17, turn=0)
    with pytest.raises(Refused, match="not your turn"):
        play(kind, state, 1, "1")
    with pytest.raises(Refused):
        play(kind, state, 0, "4")
    state = play(kind, state, 0, "3")
    assert (state.number, state.turn, kind.end(state, TABLE)) == (20, 1, None)
    assert kind.end(play(kind, state, 1, "1"), TABLE).payouts == (100, 0)
    assert kind.end(kind.late(state, TABLE, Random(1)), TABLE).payouts == (100, 0)


def test_both_begin_c21_equally_often_since_the_second_wins_with_perfect_play():
    kind, chance, wins = CountTo21(), Random(4), Counter()
    for _ in range(1000):
        state = kind.begin(TABLE, {}, chance)
        second = 1 - state.turn
        while kind.end(state, TABLE) is None:
            best = str(4 - state.number % 4) if state.turn == second and state.number % 4 else "1"
            state = play(kind, state, state.turn, best)
        assert kind.end(state, TABLE).payouts[second] == 100
        wins[second] += 1
    assert wins[0] == pytest.approx(500, abs=80)


def test_the_first_who_writes_the_word_wins():
    kind = QuickType()
    state = play(kind, kind.begin(TABLE, {}, Random(1)), 0, "ready")
    with pytest.raises(Refused, match="ready already"):
        play(kind, state, 0, "ready")
    state = play(kind, state, 1, "ready")
    assert state.phase == "waiting"
    with pytest.raises(Refused):
        play(kind, state, 0, TYPED)
    assert 3 <= kind.seconds(state) <= 7
    state = kind.late(state, TABLE, Random(1))
    assert state.phase == "typing"
    shown = " ".join(kind.scene(state, TABLE).lines)
    assert state.word not in shown, "what is shown cannot be copied"
    assert state.word in shown.replace("\N{ZERO WIDTH SPACE}", "")
    assert kind.end(play(kind, state, 1, TYPED), TABLE).payouts == (0, 100)
    assert kind.end(kind.late(state, TABLE, Random(1)), TABLE).is_void


@pytest.mark.parametrize(
    ("written", "is_right"),
    [("Lantern", True), ("  LANTERN ", True), ("lanterns", False), ("lan tern", False), (uncopyable("lantern"), False)],
)
def test_a_word_counts_in_any_case_and_only_as_a_whole(written, is_right):
    assert is_word(written, "lantern") is is_right


def test_words_are_there_in_each_language_and_fit_into_a_message():
    for language, words in WORDS.items():
        assert len(set(words)) == len(words) >= 35
        assert all(word.isascii() and word.islower() and word.isalpha() for word in words)
        with speaking(language):
            assert QuickType().begin(TABLE, {}, Random(1)).word in words


def right(state) -> str:
    return LETTERS[state.orders[state.number].index(0)]


def wrong(state) -> str:
    return LETTERS[state.orders[state.number].index(1)]


def answered(kind, first, second, times=(0, 0)):
    """A quiz in which both answer by these rules."""
    state = kind.begin(TABLE, {"at": 0}, Random(6))
    while kind.end(state, TABLE) is None:
        begun = state.asked_at
        state, other = play(kind, state, 0, first(state), begun + times[0]), state
        state = play(kind, state, 1, second(other), begun + times[1])
    return state


def test_more_right_answers_win_the_quiz_and_equal_ones_give_the_stakes_back():
    kind = Quiz()
    assert kind.end(answered(kind, right, wrong), TABLE).payouts == (100, 0)
    assert kind.end(answered(kind, wrong, right), TABLE).payouts == (0, 100)
    assert kind.end(answered(kind, right, right), TABLE).is_void
    assert answered(kind, right, wrong).points == (5, 0)


def test_a_question_is_answered_once_and_the_next_comes_when_both_have():
    kind = Quiz()
    state = kind.begin(TABLE, {"at": 0}, Random(6))
    assert len(set(state.questions)) == 5
    after = play(kind, state, 0, right(state))
    assert (after.number, after.step) == (0, 1)
    with pytest.raises(Refused, match="answered already"):
        play(kind, after, 0, "a")
    assert (play(kind, after, 1, "a").number, kind.late(after, TABLE, Random(1)).number) == (1, 1)
    with pytest.raises(Refused):
        play(kind, state, 0, "e")


def test_equal_points_in_a_quiz_duo_are_decided_by_time():
    kind, free = QuizDuo(), Table((1, 2), (0, 0))
    end = kind.end(answered(kind, right, right, (900, 800)), free)
    assert (end.results, end.payouts) == (("loss", "win"), (0, 0))
    assert kind.end(answered(kind, right, right, (800, 800)), free).is_void
    assert answered(kind, right, right, (900, 800)).took == (6300, 5600)


def test_every_fact_has_four_different_answers_and_there_are_enough():
    assert len({fact.question for fact in FACTS}) == len(FACTS) >= 40
    assert all(len(set(fact.answers)) == 4 for fact in FACTS)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_game_tells_its_odds_in_every_language(language):
    with speaking(language):
        for kind in KINDS.values():
            lines = kind.odds({})
            assert lines
            assert len("\n".join(lines)) <= 1024
