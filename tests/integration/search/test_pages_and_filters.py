"""Pages of one search, its filters, and rankings that are kept for a moment."""

import random
from datetime import UTC, date, datetime

import pytest

from app.core.clock import snowflake_at
from app.core.db import unit_of_work
from app.core.errors import BadInput
from app.core.redis import cache_redis
from app.knowledge.search import queries, results
from app.knowledge.search.filters import Filters
from app.knowledge.search.queries import Viewer
from tests.factories.knowledge import (
    ANNA,
    BORIS,
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

VIEWER = Viewer(900, (PUBLIC,))


def find(question, filters=None, **more):
    return queries.find(GUILD, more.pop("viewer", VIEWER), question, filters or Filters(), **more)


def ids(*arguments, **more):
    return list(find(*arguments, **more).message_ids)


@pytest.fixture
def song(index):
    written = [write(f"a song about the sea, verse {n}") for n in range(25)]
    embed_all()
    return written


def test_pages_lose_and_double_nothing(song):
    seen, after = [], None
    while True:
        page = find("song about the sea", limit=7, after=after)
        seen += page.message_ids
        after = page.next
        if after is None:
            break
    assert sorted(seen) == song
    assert seen == ids("song about the sea")


def test_a_deletion_between_two_pages_costs_no_other_message_its_place(song):
    first = find("song about the sea", limit=10)
    delete(first.message_ids[-1])
    rest = ids("song about the sea", limit=100, after=first.next)
    assert sorted([*first.message_ids, *rest]) == song


def test_a_token_that_was_changed_or_is_of_another_search_is_refused(song):
    token = find("song about the sea", limit=5).next
    with pytest.raises(BadInput, match="not made by me"):
        find("song about the sea", limit=5, after=token[:-1] + ("A" if token[-1] != "A" else "B"))
    with pytest.raises(BadInput, match="not made by me"):
        find("song about the sea", after="")
    with pytest.raises(BadInput, match="another search"):
        find("verse", after=token)
    with pytest.raises(BadInput, match="another search"):
        find("song about the sea", after=token, viewer=Viewer(901, (PUBLIC,)))


def test_only_a_persons_messages(index):
    mine, theirs = write("the dragon sleeps", author=ANNA), write("the dragon wakes", author=BORIS)
    embed_all()
    assert ids("dragon", Filters(authors=frozenset({ANNA}))) == [mine]
    assert ids("dragon", Filters(authors=frozenset({BORIS}))) == [theirs]
    assert ids("dragon", Filters(authors=frozenset({1}))) == []


def test_only_a_channels_messages_and_never_an_unreadable_ones(index):
    here, there = write("the dragon sleeps"), write("the dragon wakes", channel=7_005)
    write("the dragon is secret", channel=PRIVATE)
    embed_all()
    both = Viewer(900, (PUBLIC, 7_005))
    assert ids("dragon", Filters(channels=frozenset({7_005})), viewer=both) == [there]
    assert ids("dragon", Filters(channels=frozenset({PRIVATE})), viewer=both) == []
    assert set(ids("dragon", viewer=both)) == {here, there}


def test_only_some_days_by_the_clock_of_a_zone(index):
    def on(*moment):
        return write("the dragon sleeps", message_id=snowflake_at(datetime(*moment, tzinfo=UTC)) + 1)

    with unit_of_work() as uow:
        uow.session.connection().exec_driver_sql("SELECT ensure_partitions('2023-05-01', '2023-05-20')")
        uow.commit()
    on(2023, 5, 2, 23, 59)
    inside = [on(2023, 5, 3, 0, 0), on(2023, 5, 3, 23, 59)]
    on(2023, 5, 4, 0, 0)
    embed_all()
    day = date(2023, 5, 3)
    assert sorted(ids("dragon", Filters(first=day, last=day))) == inside


def test_only_messages_with_a_file(index):
    plain, with_file = write("the dragon sleeps"), write("the dragon wakes")
    with unit_of_work() as uow:
        uow.session.connection().exec_driver_sql("UPDATE messages SET attachments = 2 WHERE id = %s", (with_file,))
        uow.commit()
    embed_all()
    assert ids("dragon", Filters(has_attachment=True)) == [with_file]
    assert ids("dragon", Filters(has_attachment=False)) == [plain]


def test_a_source_that_does_not_exist_is_refused_naming_those_that_do():
    with pytest.raises(BadInput, match="there are: messages"):
        Filters(source="dreams")


def test_a_phrase_must_be_there_word_for_word(index):
    exact = write("bring potions of healing to the raid")
    write("bring healing potions to the raid")
    embed_all()
    assert ids('"potions of healing"') == [exact]
    assert ids('"healing of potions"') == []


def test_the_beginning_of_a_word_finds_it(index):
    message = write("potions are on sale")
    write("nothing else is")
    embed_all()
    assert ids("pot*")[0] == message


def test_a_write_is_found_at_once_though_the_question_was_asked_before(index):
    first = write("the dragon sleeps")
    embed_all()
    assert ids("dragon") == [first]
    second = write("a second dragon was seen")
    embed_all()
    assert set(ids("dragon")) == {first, second}
    edit(first, "nobody here")
    assert ids("dragon") == [second]


def test_what_is_kept_holds_ids_alone_and_is_used(index):
    message = write("the dragon sleeps under the mountain")
    embed_all()
    assert ids("dragon") == [message]
    results.settle()
    kept = [cache_redis().get(key) for key in cache_redis().scan_iter("search:ranking:*")]
    assert len(kept) == 1
    assert b"dragon" not in kept[0]
    # Past the writers, so that only a kept ranking can still show it: it is read anew all the same.
    with unit_of_work() as uow:
        uow.session.connection().exec_driver_sql("DELETE FROM message_terms")
        uow.session.connection().exec_driver_sql("DELETE FROM message_vectors")
        uow.commit()
    assert ids("dragon") == [message]
    opt_out(ANNA)
    assert ids("dragon") == []


def test_a_broken_kept_ranking_is_a_miss(index):
    message = write("the dragon sleeps")
    embed_all()
    ids("dragon")
    results.settle()
    for key in cache_redis().scan_iter("search:ranking:*"):
        cache_redis().set(key, b"\xc1 broken")
    assert ids("dragon") == [message]


@pytest.mark.parametrize("seed", range(4))
def test_whatever_the_permissions_and_filters_a_kept_ranking_shows_nobody_what_they_may_not_read(index, seed):
    chance = random.Random(seed)
    channels = [(guild, guild + 10 + n) for guild in (GUILD, OTHER_GUILD) for n in range(3)]
    # Ids of tags are of one server each; here they are not, so that the server must be part of the condition.
    borne = {channel: chance.sample((11, 12, 13), chance.randint(0, 2)) for _, channel in channels}
    with unit_of_work() as uow:
        for guild, channel in channels:
            statement = "INSERT INTO channels (id, guild_id, kind, applied_tags) VALUES (%s, %s, 0, %s)"
            uow.session.connection().exec_driver_sql(statement, (channel, guild, borne[channel]))
        uow.commit()
    where = {}
    for n in range(24):
        place, author = chance.choice(channels), chance.choice((ANNA, BORIS))
        where[write(f"the moon rises over hill {n}", guild=place[0], channel=place[1], author=author)] = (
            *place,
            author,
        )
    embed_all()
    for _ in range(40):
        guild = chance.choice((GUILD, OTHER_GUILD))
        readable = chance.sample([channel for _, channel in channels], chance.randint(0, 6))
        filters = Filters(
            authors=frozenset(chance.sample((ANNA, BORIS), chance.randint(0, 1))),
            channels=frozenset(chance.sample([channel for _, channel in channels], chance.choice((0, 0, 3)))),
            tags=frozenset(chance.sample((11, 12, 13), chance.choice((0, 0, 1, 2)))),
        )
        allowed = {
            message
            for message, (of, channel, author) in where.items()
            if of == guild
            and channel in readable
            and (not filters.authors or author in filters.authors)
            and (not filters.channels or channel in filters.channels)
            and (not filters.tags or filters.tags & {*borne[channel]})
        }
        viewer = Viewer(chance.choice((1, 2)), tuple(readable))
        page = queries.find(guild, viewer, "moon over the hill", filters, limit=5)
        rest, has_more = queries.more(guild, viewer, "moon over the hill", filters, besides=page.message_ids, limit=100)
        assert {*page.message_ids, *rest} == allowed
        assert (page.total, len(rest), has_more) == (len(allowed), max(0, len(allowed) - 5), False)


@pytest.mark.parametrize("seed", range(3))
def test_however_wrong_a_kept_ranking_is_it_shows_nobody_what_they_may_not_read(index, monkeypatch, seed):
    """Everybody's rankings under one key, as if it told neither servers, readers nor channels apart."""
    chance = random.Random(seed)
    channels = [(guild, guild + 10 + n) for guild in (GUILD, OTHER_GUILD) for n in range(3)]
    where = {
        write(f"the moon rises over hill {n}", guild=guild, channel=channel): (guild, channel)
        for n, (guild, channel) in enumerate(channels * 4)
    }
    embed_all()
    monkeypatch.setattr(results, "key", lambda *_: f"search:ranking:{seed}")
    everything = find("moon over the hill", viewer=Viewer(1, tuple(channel for _, channel in channels)))
    assert len(everything.message_ids) == 12
    results.settle()
    shown = 0
    for _ in range(40):
        guild = chance.choice((GUILD, OTHER_GUILD))
        readable = chance.sample([channel for _, channel in channels], chance.randint(0, 6))
        viewer = Viewer(chance.choice((1, 2)), tuple(readable))
        allowed = {message for message, (of, channel) in where.items() if of == guild and channel in readable}
        page = queries.find(guild, viewer, "moon over the hill", limit=5)
        rest, _ = queries.more(guild, viewer, "moon over the hill", Filters(), besides=page.message_ids, limit=100)
        found = {*page.message_ids, *rest}
        assert found <= allowed
        assert {hit.message_id for hit in queries.hits(guild, readable, list(where), "moon")} == allowed
        shown += len(found)
    # It was the kept ranking that was shown, and not nothing.
    assert shown


def test_a_viewer_without_a_channel_finds_nothing(song):
    assert find("song", viewer=Viewer(1, ())) == queries.Page((), has_meaning=False)
