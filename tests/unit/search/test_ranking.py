"""What makes one message a better answer than another."""

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import pytest

from app.core.clock import snowflake_at
from app.knowledge.embeddings.languages import ASKS, TELLS_TIME
from app.knowledge.search import ranking
from app.knowledge.search.dates import Mention
from app.knowledge.search.ranking import Asked
from app.knowledge.search.rows import Windows, merge

START = datetime(2026, 5, 3, 12, tzinfo=UTC)


class Message(NamedTuple):
    """A message as a leg reads it."""

    id: int
    channel: int
    author: int
    matches: tuple[bool, ...]
    closeness: float | None
    words: int
    traits: int
    may_answer: bool


def at(minutes):
    return snowflake_at(START + timedelta(minutes=minutes))


def row(minutes, *, matches=(False,), closeness=0.2, author=1, words=8, traits=0, channel=1, may_answer=True):
    return Message(at(minutes), channel, author, matches, closeness, words, traits, may_answer)


def windows(*lines):
    """One window for each line of messages, in any order."""
    told = [(line[0].id, step, one) for line in lines for step, one in enumerate(line)]
    told.sort(key=lambda entry: entry[2].words)
    return Windows(
        candidates=[candidate for candidate, _, _ in told],
        steps=[step for _, step, _ in told],
        ids=[one.id for _, _, one in told],
        channels=[one.channel for _, _, one in told],
        authors=[one.author for _, _, one in told],
        words=[one.words for _, _, one in told],
        traits=[one.traits for _, _, one in told],
        matches=[sum(there << n for n, there in enumerate(one.matches)) for _, _, one in told],
        distances=[None if one.closeness is None else 1 - one.closeness for _, _, one in told],
        may_answer=[one.may_answer for _, _, one in told],
    )


def order(rows, asked=None, chained=()):
    """How these are ranked, of which some stand one after the other."""
    asked = asked or Asked(rarity=(3.0,))
    merged = merge([windows(*([one] for one in rows)), windows(*([chained] if chained else []))], len(asked.rarity))
    return [found for found, _ in ranking.rank(merged, asked)]


def test_nothing_is_ranked_to_nothing():
    assert order([]) == []


def test_a_message_with_the_word_comes_before_one_without():
    plain, matching = row(0), row(1, matches=(True,), channel=2)
    assert order([plain, matching]) == [matching.id, plain.id]


def test_a_rare_word_tells_more_than_a_common_one():
    rare, common = row(0, matches=(True, False)), row(500, matches=(False, True))
    assert order([common, rare], Asked(rarity=(6.0, 0.5))) == [rare.id, common.id]


def test_the_nearer_meaning_comes_first():
    near, far = row(0, closeness=0.7), row(500, closeness=0.3)
    assert order([far, near]) == [near.id, far.id]


def test_among_equals_the_newer_comes_first():
    old, new = row(0), row(5000)
    assert order([old, new]) == [new.id, old.id]


def test_the_reply_to_a_question_that_matches_comes_before_one_to_nothing():
    asked = row(0, matches=(True,), traits=ASKS, closeness=0.6)
    reply, other = row(1), row(900)
    assert order([asked, other, reply], chained=(asked, reply)).index(reply.id) < 2


def test_whoever_is_named_comes_first():
    theirs, others = row(0, author=7), row(500, author=8)
    assert order([others, theirs], Asked(rarity=(3.0,), named=frozenset({7}))) == [theirs.id, others.id]


def test_a_message_that_tells_a_time_answers_when():
    telling, other = row(0, traits=TELLS_TIME), row(500)
    assert order([telling, other], Asked(rarity=(3.0,), asks_when=True))[0] == telling.id
    assert order([telling, other], Asked(rarity=(3.0,)))[0] == other.id


def test_a_named_day_raises_what_was_written_then():
    then, later = row(0), row(60 * 24 * 90)
    day = Mention(date(2026, 5, 3), date(2026, 5, 3))
    assert order([then, later], Asked(rarity=(3.0,), dates=(day,)))[0] == then.id


def test_a_conversation_that_answers_raises_its_messages():
    best, near, far = row(0, matches=(True,), closeness=0.7), row(30), row(60 * 24)
    assert order([best, near, far]) == [best.id, near.id, far.id]


def test_what_the_filters_leave_out_is_no_answer_and_still_context():
    asked, reply = row(0, matches=(True,), traits=ASKS, may_answer=False), row(1)
    assert order([asked, reply], chained=(asked, reply)) == [reply.id]


def test_without_the_model_only_messages_with_a_word_answer():
    plain, matching = row(0, closeness=None), row(1, matches=(True,), closeness=None)
    assert order([plain, matching], Asked(rarity=(3.0,), has_meaning=False)) == [matching.id]


def test_a_vector_that_is_still_being_made_counts_as_the_middle():
    rows = [row(0, closeness=0.9), row(500, closeness=None), row(1000, closeness=0.1)]
    assert order(rows) == [one.id for one in sorted(rows, key=lambda one: -(one.closeness or 0.5))]


@pytest.mark.parametrize("terms", [0, 1, 12])
def test_a_question_may_have_any_number_of_terms(terms):
    rows = [row(n, matches=(True,) * terms) for n in range(3)]
    assert len(order(rows, Asked(rarity=(1.0,) * terms))) == 3


def places(rows, column):
    """The minutes of what a column of places points at."""
    known = [*rows.ids.tolist(), None]
    return [known[place] for place in column.tolist()]


def test_a_long_silence_ends_a_conversation():
    line = [row(0), row(61), row(62), row(63)]
    rows = merge([windows(line)], 1)
    assert rows.ids.tolist() == [one.id for one in line]
    assert places(rows, rows.after) == [None, at(62), at(63), None]
    assert places(rows, rows.before) == [None, None, at(61), at(62)]
    assert places(rows, rows.neighbours(2)) == [None, at(63), None, None]
    assert places(rows, rows.neighbours(-2)) == [None, None, None, at(61)]
    assert rows.conversations().tolist() == [0, 1, 1, 1]


def test_what_stands_in_several_windows_of_both_legs_is_one_row():
    one, two, three, four = (row(n, words=9 - n) for n in range(4))
    rows = merge([windows([one, two], [two, three]), windows([three, four], [one])], 1)
    assert rows.ids.tolist() == [one.id, two.id, three.id, four.id]
    assert rows.words.tolist() == [9, 8, 7, 6]
    assert places(rows, rows.after) == [two.id, three.id, four.id, None]


def test_a_leg_that_found_nothing_adds_nothing():
    assert len(merge([Windows(), Windows()], 3)) == 0
    rows = merge([Windows(), windows([row(0, matches=(True, False, True))])], 3)
    assert rows.matches.tolist() == [[True, False, True]]


def test_a_rarer_term_tells_more_and_none_tells_less_than_nothing():
    assert ranking.rarity(1000, 1) > ranking.rarity(1000, 500) > ranking.rarity(1000, 1000) > 0
    assert ranking.rarity(10, 50) > 0
