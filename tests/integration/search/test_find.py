"""Finding messages by words and by meaning."""

import math
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.clients import minilm
from app.core.db import reading, unit_of_work
from app.core.errors import BadInput, Unavailable
from app.knowledge.embeddings import providers
from app.knowledge.search import candidates, legs, people, queries, ranking
from app.knowledge.vectors import graphs
from tests.factories.knowledge import (
    BORIS,
    ELSEWHERE,
    GUILD,
    OTHER_GUILD,
    PRIVATE,
    PUBLIC,
    delete,
    edit,
    embed_all,
    opt_out,
    write,
)


def found(question, *, guild=GUILD, channels=(PUBLIC,), limit=50):
    return list(queries.search(guild, channels, question, limit).message_ids)


def by_words(question, *, guild=GUILD, channels=(PUBLIC,)):
    with reading() as session:
        named = people.named(session, guild, question)
        on = candidates.ground(session, guild, channels)
    return [message for message, _score in ranking.rank(*candidates.gather(replace(on, model=None), question, named))]


@pytest.fixture
def small_talk(index):
    messages = {
        name: write(content)
        for name, content in {
            "raid": "The raid starts on Friday at nine, bring potions",
            "cat": "My cat knocked the vase off the shelf again",
            "deploy": "I deployed the new release to production this morning",
            "soup": "Grandma's soup recipe needs two leeks and a potato",
        }.items()
    }
    embed_all()
    return messages


def test_words_find_their_message_first(small_talk):
    assert found("potions for the raid")[0] == small_talk["raid"]


def test_other_forms_of_a_word_find_it(small_talk):
    assert by_words("deploying releases") == [small_talk["deploy"]]


def test_meaning_finds_what_shares_no_word(small_talk):
    assert by_words("feline mischief") == []
    assert found("feline mischief")[0] == small_talk["cat"]


def test_a_limit_is_kept(small_talk):
    assert len(found("something", limit=2)) == 2


@pytest.mark.parametrize("limit", [0, -1, 101, 10**9])
def test_a_limit_out_of_bounds_is_refused_naming_the_bounds(small_talk, limit):
    with pytest.raises(BadInput, match="between 1 and 100"):
        found("raid", limit=limit)


def test_another_guilds_messages_are_never_found(small_talk):
    write("The raid starts on Friday at nine, bring potions", guild=OTHER_GUILD, channel=ELSEWHERE)
    embed_all()
    # Even with the channel's id: the guild is part of every statement.
    assert set(found("raid on Friday", channels=(PUBLIC, ELSEWHERE))) <= set(small_talk.values())
    assert found("raid on Friday", guild=OTHER_GUILD, channels=(PUBLIC,)) == []
    assert len(found("raid on Friday", guild=OTHER_GUILD, channels=(ELSEWHERE,))) == 1


def test_a_channel_that_the_viewer_may_not_read_is_never_searched(small_talk):
    secret = write("The raid is cancelled, do not tell anybody", channel=PRIVATE)
    embed_all()
    assert secret not in found("is the raid cancelled")
    assert found("is the raid cancelled", channels=(PUBLIC, PRIVATE))[0] == secret
    assert queries.hits(GUILD, [PUBLIC], [secret], "raid") == []
    assert found("raid", channels=()) == []


def test_a_private_message_takes_no_place_among_the_best(index):
    for n in range(120):
        write(f"zebra zebra zebra {n}", channel=PRIVATE)
    public = write("a zebra was mentioned here once among other animals")
    embed_all()
    assert found("zebra") == by_words("zebra") == [public]


@pytest.mark.parametrize(
    ("kind", "parent", "guild", "is_found"),
    [
        (11, PUBLIC, GUILD, True),
        (10, PUBLIC, GUILD, True),
        # A private thread is for its members, whom only the bot knows.
        (12, PUBLIC, GUILD, False),
        (11, PRIVATE, GUILD, False),
        (11, PUBLIC, OTHER_GUILD, False),
        (None, PUBLIC, GUILD, False),
    ],
)
def test_public_threads_are_found_by_who_may_read_their_channel(index, kind, parent, guild, is_found):
    with unit_of_work() as uow:
        uow.session.connection().exec_driver_sql(
            "INSERT INTO channels (id, guild_id, kind, parent_id, is_archived) VALUES (7100, %s, %s, %s, true)",
            (guild, kind, parent),
        )
        uow.commit()
    message = write("the minutes of the council", channel=7100)
    embed_all()
    assert found("minutes of the council") == ([message] if is_found else [])
    assert bool(queries.hits(GUILD, [PUBLIC], [message], "minutes")) == is_found


@pytest.mark.parametrize("seed", range(5))
def test_whatever_the_permissions_only_readable_channels_are_found(index, seed):
    chance = random.Random(seed)
    channels = [(guild, guild + 10 + n) for guild in (GUILD, OTHER_GUILD) for n in range(4)]
    where = {}
    for n in range(40):
        guild, channel = chance.choice(channels)
        where[write(f"the moon rises over hill {n}", guild=guild, channel=channel)] = (guild, channel)
    embed_all()
    for _ in range(20):
        guild = chance.choice((GUILD, OTHER_GUILD))
        readable = chance.sample([channel for _, channel in channels], chance.randint(0, 8))
        allowed = {message for message, place in where.items() if place[0] == guild and place[1] in readable}
        assert set(found("moon over the hill", guild=guild, channels=readable)) == allowed
        shown = queries.hits(guild, readable, list(where), "moon")
        assert {hit.message_id for hit in shown} == allowed


def test_direct_messages_are_found_only_in_their_own_channel(index):
    mine = write("remember the milk", guild=0, channel=11)
    write("remember the milk", guild=0, channel=12)
    embed_all()
    assert found("milk", guild=0, channels=(11,)) == [mine]


def test_a_deleted_message_is_gone_at_once(small_talk):
    delete(small_talk["raid"])
    assert small_talk["raid"] not in found("raid potions")
    assert queries.hits(GUILD, [PUBLIC], [small_talk["raid"]], "raid") == []


def test_an_edited_message_is_no_longer_found_by_its_old_text_and_soon_by_its_new(small_talk):
    edit(small_talk["raid"], "The tournament was moved to Sunday")
    assert small_talk["raid"] not in found("raid potions")
    embed_all()
    assert by_words("potions") == []
    assert found("when is the tournament")[0] == small_talk["raid"]


def test_what_somebody_wrote_before_opting_out_is_no_longer_found(small_talk):
    theirs = write("The raid boss drops a legendary sword", author=BORIS)
    embed_all()
    assert theirs in found("legendary sword")
    opt_out(BORIS)
    assert theirs not in found("legendary sword")
    assert by_words("legendary sword") == []
    assert queries.hits(GUILD, [PUBLIC], [theirs], "sword") == []


@pytest.mark.parametrize(
    "question",
    [
        "",
        "    ",
        "\x00",
        "\ud800",
        "&|!()<->:*'\"\\",
        "'); DROP TABLE messages; --",
        "raid & | ! potions <-> :* 'quoted \\' \"unclosed",
        '-raid OR "',
        "raid:A*",
        "😀😀😀",
        "raid" * 25_000,
        "raid potions " * 8_000,
        "the of and is",
        "http://example.com/raid?x=1&y='z'\\",
        "%s %(x)s {0} $1 :name",
        "дракон 龙 τέρας \u202e\u200b",
        "龙" * 34_000,
        "İ" * 500 + "*",
        '"' * 2_000,
        "<@99999999999999999999999> <@&1> <#2> <:a:3>",
    ],
)
def test_any_question_is_answered(small_talk, question):
    answer = found(question)
    assert len(answer) == len(set(answer))
    assert set(answer) <= set(small_talk.values())


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(question=st.one_of(st.text(max_size=60), st.text(alphabet="raid \"'*\\&|!():<>-@#ßİﬃ", max_size=60)))
def test_whatever_is_asked_is_answered(small_talk, question):
    assert set(found(question)) <= set(small_talk.values())


@pytest.mark.parametrize("question", ["", " \n ", "\u2003"])
def test_an_empty_question_finds_nothing(small_talk, question):
    assert found(question) == []


def test_signs_of_the_query_syntax_do_not_stand_in_the_way(small_talk):
    for question in ("raid & potions", "'raid' | \"potions\"", "raid:* <-> (potions", "!raid\\"):
        assert by_words(question)[0] == small_talk["raid"]


def test_a_question_of_stop_words_finds_them(index):
    who = write("The Who")
    embed_all()
    assert by_words("the who") == [who]


@pytest.mark.parametrize(
    ("content", "question"),
    [
        ("Où est passé le château de la duchesse", "château"),
        ("Встреча переносится на пятницу", "пятницу"),
        ("Das Straßenfest beginnt um acht", "straßenfest"),
        ("η συνάντηση είναι αύριο", "συνάντηση"),
        ("see https://example.org/raids/42 for details", "example.org"),
        ("our clan tag is <[XX]> and C++ is fun", "XX"),
        ("the emote :pog: is overused", "pog"),
    ],
)
def test_other_languages_and_odd_words_are_found_by_the_exact_word(index, content, question):
    message = write(content)
    write("something else entirely")
    embed_all()
    assert by_words(question) == [message]


def test_a_word_stays_findable_when_the_guild_changes_its_language(index):
    message = write("the running horses")
    embed_all()
    with unit_of_work() as uow:
        uow.session.connection().exec_driver_sql(
            f"INSERT INTO guild_settings (guild_id, locale) VALUES ({GUILD}, 'fr')"
        )
        uow.commit()
    assert by_words("running") == [message]


def test_without_a_model_the_words_still_answer_and_say_so(small_talk, monkeypatch):
    def away(texts):
        raise Unavailable("away")

    monkeypatch.setattr(minilm, "embed", away)
    answer = queries.search(GUILD, (PUBLIC,), "potions")
    assert answer.message_ids == (small_talk["raid"],)
    assert not answer.has_meaning


@pytest.mark.parametrize("wrong", [[], [[0.1] * 383], [[math.nan] * 384], [[math.inf] * 384], [[0.0] * 384]])
def test_a_question_that_gets_no_sound_vector_is_answered_by_its_words(small_talk, monkeypatch, wrong):
    with monkeypatch.context() as patched:
        patched.setattr(minilm, "embed", lambda _: np.array(wrong, np.float32))
        answer = queries.search(GUILD, (PUBLIC,), "potions")
        assert (answer.message_ids[0], answer.has_meaning) == (small_talk["raid"], False)
    providers.provider.cache_clear()
    # Nothing of it is kept.
    assert queries.search(GUILD, (PUBLIC,), "potions").has_meaning


def test_a_hit_shows_the_message_as_it_is_now(small_talk):
    edit(small_talk["cat"], "My   dog ate\nthe homework " + "and then some more " * 40 + "of it")
    (hit,) = queries.hits(GUILD, [PUBLIC], [small_talk["cat"]], "homework")
    assert "dog ate the homework and then" in hit.excerpt
    assert len(hit.excerpt) <= 200
    assert hit.message_id == small_talk["cat"]
    assert hit.channel_id == PUBLIC
    assert hit.written_at.year >= 2026


def test_hits_come_in_the_order_that_was_asked_for(small_talk):
    wanted = [small_talk["soup"], small_talk["raid"], small_talk["cat"]]
    assert [hit.message_id for hit in queries.hits(GUILD, [PUBLIC], wanted, "")] == wanted


def test_a_large_guilds_graph_finds_its_messages(index):
    wanted = write("The blue whale is the largest animal")
    for n in range(30):
        write(f"note {n} about invoices and taxes")
        write(f"whale {n} in another ocean", guild=OTHER_GUILD, channel=ELSEWHERE)
    write("The blue whale is the largest animal", channel=PRIVATE)
    embed_all()
    meaning = candidates.meaning_of(GUILD, "giant sea mammals")
    scope = legs.Scope({"guild_id": GUILD, "channel_ids": [PUBLIC]})
    assert graphs.tend(25) == {"built": 2, "dropped": 0}
    with unit_of_work() as uow:
        uow.session.execute(text("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off"))
        found = legs.by_meaning(uow.session, scope, meaning)
    assert found[0] == wanted
    assert len(found) == 31
