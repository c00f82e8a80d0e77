"""What features remember is never older than the last commit, and never of another guild."""

import itertools
import time
from functools import partial

import pytest

from app.activity.guilds.queries import channel_ids, channel_names, role_names
from app.activity.members.queries import MEMBERS, Person, person
from app.activity.profile.queries import PROFILES, profile
from app.core import ledger, queue
from app.core.cache.runtime import Runtime
from app.core.clock import now
from app.core.commands import Command
from app.core.db import unit_of_work
from app.core.redis import broker_redis, cache_redis
from app.upkeep.privacy import service as privacy
from app.upkeep.retention import purge
from app.upkeep.settings import queries, service
from tasks.ingest import apply
from tests.factories.caches import listening
from tests.factories.events import GUILD, USER, Events, payload
from tests.factories.hall import rows

OTHER = GUILD + 1
_numbers = itertools.count(1)


@pytest.fixture
def events(database, monkeypatch):
    """Events, of which `tell` has some applied as a worker does."""
    monkeypatch.setattr(queue, "send", lambda *_: None)
    listening()
    made = Events()

    def tell(*batch):
        entry_id = f"1:{next(_numbers):019d}"
        ledger.put(broker_redis(), "ingest", [(entry_id, payload(entry_id, *batch))])
        apply(entry_id)

    made.tell = tell
    return made


def command(name, guild=GUILD, **arguments):
    return Command(
        task=f"commands.{name}",
        id=next(_numbers),
        guild_id=guild,
        user_id=USER,
        channel_id=1,
        language="en",
        deadline=time.time() + 10,
        arguments=arguments,
    )


def do(work, *arguments):
    with unit_of_work() as uow:
        work(uow, *arguments)
        uow.commit()


def test_a_profile_is_as_new_as_the_last_message(events):
    assert profile(GUILD, USER) is None
    for count in range(1, 4):
        events.tell(events.seen())
        assert profile(GUILD, USER).messages == count
        assert cache_redis().exists(PROFILES.key(GUILD, USER))
    assert profile(OTHER, USER) is None


def test_a_member_is_as_new_as_the_last_event(events):
    assert person(GUILD, USER) is None
    events.tell(events.joined(name="ada", display_name="Ada", roles=(7,)))
    found = person(GUILD, USER)
    assert (found.called, found.roles, found.left_at) == ("Ada", (7,), None)
    events.tell(events.updated(nick="Countess", roles=(7, 8)))
    assert (person(GUILD, USER).called, person(GUILD, USER).roles) == ("Countess", (7, 8))
    events.tell(events.seen(author_name="ada2", author_display="Ada the Second"))
    assert person(GUILD, USER).display_name == "Ada the Second"
    events.tell(events.left())
    assert person(GUILD, USER).left_at is not None
    assert person(OTHER, USER) is None


def test_names_of_channels_and_roles_follow_the_gateway(events):
    assert (channel_names(GUILD), role_names(GUILD)) == ({}, {})
    events.tell(events.channel_seen(id=11, name="General"), events.channel_seen(id=12, name="general"))
    events.tell(events.role_seen(id=21, name="thane"), events.channel_seen(id=13, name="elsewhere", guild_id=OTHER))
    assert channel_names(GUILD) == {11: "General", 12: "general"}
    assert channel_ids(GUILD, "#GENERAL") == [11, 12]
    assert role_names(GUILD) == {21: "thane"}
    assert (channel_names(OTHER), role_names(OTHER)) == ({13: "elsewhere"}, {})
    events.tell(events.channel_deleted(id=12), events.channel_seen(id=11, name="hall"), events.role_deleted(id=21))
    assert channel_names(GUILD) == {11: "hall"}
    assert role_names(GUILD) == {}
    assert channel_ids(GUILD, "general") == []
    assert channel_names(OTHER) == {13: "elsewhere"}


def test_settings_are_as_new_as_the_last_change(events):
    assert (queries.load(GUILD).prefix, queries.load(OTHER).prefix) == ("!", "!")
    do(service.change, command("settings_set", key="prefix", value="?"))
    assert (queries.load(GUILD).prefix, queries.load(OTHER).prefix) == ("?", "!")
    queries.load(GUILD).features["search"] = False
    assert queries.load(GUILD).features == {}, "what is changed here does not reach the next reader"
    do(service.change, command("settings_set", key="feature-search", value="off"))
    assert queries.load(GUILD).features == {"search": False}
    do(service.finish_setup, command("setup_done"))
    assert (queries.load(GUILD).set_up, queries.load(OTHER).set_up) == (True, False)


def test_writers_forget_what_they_changed_only_once_it_is_committed(events, monkeypatch):
    """Forgotten a moment earlier, the old value would be loaded again, and live on."""
    there, forget = [], Runtime.forget

    def noted(self, change):
        there.append((*rows("SELECT message_count FROM members"), *rows("SELECT prefix FROM guild_settings")))
        forget(self, change)

    monkeypatch.setattr(Runtime, "forget", noted)
    for work, expected in (
        (lambda: events.tell(events.seen()), {((1,),)}),
        (lambda: events.tell(events.seen()), {((2,),)}),
        (lambda: do(service.change, command("settings_set", key="prefix", value="?")), {((2,), ("?",))}),
        (lambda: do(partial(privacy.erase), USER, GUILD), {(("?",),)}),
    ):
        there.clear()
        work()
        assert set(there) == expected


def test_what_was_kept_of_a_guild_that_is_purged_goes_with_it(events):
    events.tell(events.seen(), events.channel_seen(name="hall"), events.channel_seen(id=13, guild_id=OTHER, name="far"))
    do(service.change, command("settings_set", key="prefix", value="?"))
    assert (profile(GUILD, USER).messages, channel_names(GUILD), queries.load(GUILD).prefix) == (1, {2000: "hall"}, "?")
    assert channel_names(OTHER) == {13: "far"}
    rows("UPDATE guilds SET left_at = now() - interval '90 days' WHERE id = %s", GUILD)
    purge.run(now(), 1000)
    assert (profile(GUILD, USER), channel_names(GUILD), queries.load(GUILD).prefix) == (None, {}, "!")
    assert channel_names(OTHER) == {13: "far"}


def test_what_an_erasure_took_is_not_remembered(events):
    events.tell(events.seen(), events.seen(guild_id=OTHER))
    assert isinstance(person(GUILD, USER), Person)
    assert profile(OTHER, USER).messages == 1
    do(partial(privacy.erase), USER, GUILD)
    assert (person(GUILD, USER), profile(GUILD, USER)) == (None, None)
    assert profile(OTHER, USER).messages == 1
    do(partial(privacy.erase), USER, None)
    assert (person(OTHER, USER), profile(OTHER, USER)) == (None, None)
    assert cache_redis().exists(MEMBERS.key(OTHER, USER)), "that nothing is there is remembered"
