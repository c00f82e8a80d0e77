"""Words that are everywhere in a large guild: what a question of them may cost, and that pruning them loses nothing."""

import random

import pytest
from sqlalchemy import event, text

from app.core.db import unit_of_work
from app.knowledge.embeddings import index as indexing
from app.knowledge.search import legs
from app.knowledge.search.frequencies import Term
from tests.factories.knowledge import ANNA, GUILD, PUBLIC, next_id

MESSAGES = 12_000
# The first word is in most messages, the last in one of thousands.
WORDS = [f"w{n}x" for n in range(600)]
SHARES = [1 / (n + 2.7) for n in range(len(WORDS))]
SCOPE = legs.Scope({"guild_id": GUILD, "channel_ids": [PUBLIC]})


@pytest.fixture
def large(index):
    """A guild in which the commonest words are in thousands of messages: each one's words by its id."""
    source, first = random.Random(3), next_id()
    said = [source.choices(WORDS, SHARES, k=source.randint(3, 14)) for _ in range(MESSAGES)]
    with unit_of_work() as uow:
        uow.session.execute(
            text(
                "INSERT INTO messages (id, guild_id, channel_id, author_id, content, seq, embedding_stale_at)"
                " SELECT :first + n.place, :guild, :channel, :author, n.content, 1, now()"
                " FROM unnest(CAST(:contents AS text[])) WITH ORDINALITY AS n(content, place)"
            ),
            {
                "first": first,
                "guild": GUILD,
                "channel": PUBLIC,
                "author": ANNA,
                "contents": [" ".join(words) for words in said],
            },
        )
        below = indexing.ANY_ID
        while below is not None:
            below = indexing.index_terms(uow.session, 4_000, below)
        uow.commit()
    with unit_of_work() as uow:
        uow.session.execute(text("ANALYZE message_terms"))
        uow.commit()
    return {first + place: frozenset(words) for place, words in enumerate(said, start=1)}


def ranked(words):
    with unit_of_work() as uow:
        found, _ = legs.by_words(uow.session, SCOPE, [Term((word,)) for word in words])
    return found


def compared(words):
    """How many messages are scored for these words."""

    def explain(_connection, _cursor, statement, parameters, *_):
        is_ranking = "ORDER BY (" in statement
        return f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}" if is_ranking else statement, parameters

    with unit_of_work() as uow:
        event.listen(uow.session.connection(), "before_cursor_execute", explain, retval=True)
        (plan,), _ = legs.by_words(uow.session, SCOPE, [Term((word,)) for word in words])
    return _scored(plan[0]["Plan"])


def _scored(plan):
    own = plan["Actual Rows"] * plan["Actual Loops"] if plan.get("Relation Name") == "message_terms" else 0
    return own + sum(map(_scored, plan.get("Plans", ())))


@pytest.mark.parametrize(
    "asked", [WORDS[:1], WORDS[:2], WORDS[:6], WORDS[5:17], [WORDS[0], WORDS[300]], [*WORDS[-10:], *WORDS[:2]]]
)
def test_however_many_messages_have_its_words_a_question_compares_few(large, asked):
    assert sum(not words.isdisjoint(asked) for words in large.values()) > 5_000
    assert ranked(asked)
    # A little more than is allowed, because how common words are is estimated.
    assert compared(asked) <= 1.2 * 2 * legs.BUDGET


def test_what_is_found_is_what_comparing_all_of_them_would_find(large, monkeypatch):
    source = random.Random(5)
    shares = []
    for message in source.sample(sorted(large), 60):
        asked = source.sample(sorted(large[message]), min(len(large[message]), source.randint(2, 5)))
        pruned = ranked(asked)
        with monkeypatch.context() as all_of_them:
            all_of_them.setattr(legs, "BUDGET", MESSAGES * len(asked))
            whole = ranked(asked)
        assert pruned[:10] == whole[:10], asked
        shares.append(len(set(pruned) & set(whole)) / len(whole))
    assert sum(shares) / len(shares) >= 0.97


def test_a_word_that_is_everywhere_finds_the_newest_that_have_it(large):
    found = ranked(WORDS[:1])
    assert len(found) == legs.CANDIDATES
    assert all(WORDS[0] in large[message] for message in found)
    # As many of the newest as have the word often enough, about 7,000 of the 12,000.
    assert min(found) >= sorted(large)[-8_000]
