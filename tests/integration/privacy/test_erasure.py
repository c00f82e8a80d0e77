"""What an erasure takes, and what it leaves to others."""

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from app.core import commands, db, posts
from app.core.clock import now, snowflake_at, snowflake_time
from app.core.commands import Command
from app.core.redis import cache_redis
from app.core.settings import PROJECT
from app.knowledge.embeddings import cache
from app.upkeep.privacy import queries, service
from app.upkeep.privacy.rules import MESSAGES, RULES, WITH_MESSAGES
from tests.factories.hall import rows
from tests.integration.privacy.people import an_id, person

ANNA, BORIS, HERE, THERE = 11, 12, 100, 200
WRITTEN = "SELECT message_count, last_message_at FROM members WHERE user_id = %s AND guild_id = %s"
TABLES = {rule.table for rule in (MESSAGES, *RULES)} | set(WITH_MESSAGES) | {"users"}


def count() -> dict[str, int]:
    return {table: rows(f"SELECT count(*) FROM {table}")[0][0] for table in sorted(TABLES)}


def named(user: int, guild: int | None) -> list[str]:
    """The tables that still name this person."""
    found = []
    for rule in (MESSAGES, *RULES):
        here = "true" if guild is None or rule.guild is None else f"guild_id = {guild}"
        if rule.guild is None and guild is not None:
            continue
        if rows(f"SELECT 1 FROM {rule.table} WHERE {rule.user} = %s AND {here}", user):
            found.append(f"{rule.table}.{rule.user}")
    return found


def erase(user: int, guild: int | None) -> bool:
    with db.unit_of_work() as uow:
        is_done = service.erase(uow, user, guild)
        uow.commit()
    return is_done


@pytest.fixture
def people(database):
    return {(user, guild): person(user, guild) for user in (ANNA, BORIS) for guild in (HERE, THERE)}


def test_an_erasure_here_takes_everything_here_and_nothing_else(people):
    before = count()
    assert erase(ANNA, HERE)
    assert named(ANNA, HERE) == []
    gone = people[ANNA, HERE]
    for table, column in WITH_MESSAGES.items():
        assert rows(f"SELECT count(*) FROM {table} WHERE {column} = ANY(%s)", gone) == [(0,)], table
    assert rows("SELECT count(*) FROM messages WHERE author_id = %s AND guild_id = %s", BORIS, HERE) == [(3,)]
    assert rows("SELECT message_count FROM members WHERE user_id = %s AND guild_id = %s", ANNA, THERE) == [(3,)]
    assert count()["messages"] == before["messages"] - 3
    assert rows("SELECT locale FROM user_preferences WHERE user_id = %s", ANNA) == [("fr",)]
    assert rows("SELECT name FROM users WHERE id = %s", ANNA) == [("n",)], "another guild still knows her"


def test_an_erasure_everywhere_leaves_no_table_that_names_the_person(people):
    assert erase(ANNA, None)
    assert named(ANNA, None) == []
    assert rows("SELECT count(*) FROM users WHERE id = %s", ANNA) == [(0,)]
    assert rows("SELECT guild_id FROM erasures WHERE user_id = %s ORDER BY 1", ANNA) == [(0,), (HERE,), (THERE,)]
    assert rows("SELECT count(*) FROM messages WHERE author_id = %s", BORIS) == [(6,)]
    assert rows("SELECT count(*) FROM invites WHERE guild_id = %s", HERE) == [(2,)], "the invite itself is the guild's"


def test_what_was_written_for_others_names_the_person_no_longer(people):
    def owed(guild: int, key: str) -> int:
        body = {
            "content": f"<@{ANNA}> and <@{BORIS}> won",
            "allowed_mentions": {"parse": [], "users": [str(ANNA), str(BORIS)]},
            "embeds": [{"description": f"<@!{ANNA}>, with 1{ANNA} coins"}],
        }
        with db.unit_of_work() as uow:
            post = posts.enqueue(uow.session, guild_id=guild, channel_id=5, kind="test", dedupe_key=key, body=body)
            uow.commit()
        assert post is not None
        return post

    here, there = owed(HERE, "both"), owed(THERE, "both")
    rows(
        "INSERT INTO outcomes (interaction_id, guild_id, user_id, command, state, answer)"
        " VALUES (777, %s, %s, 'transfer', 'done', %s)",
        HERE,
        BORIS,
        json.dumps({"content": f"<@{ANNA}> has it now."}),
    )
    assert erase(ANNA, HERE)
    assert rows("SELECT body FROM outbound_posts WHERE id = %s", here) == [
        (
            {
                "content": f"@… and <@{BORIS}> won",
                "allowed_mentions": {"parse": [], "users": [str(BORIS)]},
                "embeds": [{"description": f"@…, with 1{ANNA} coins"}],
            },
        )
    ]
    assert rows("SELECT answer->>'content' FROM outcomes WHERE interaction_id = 777") == [("@… has it now.",)]
    assert f"<@{ANNA}>" in rows("SELECT body->>'content' FROM outbound_posts WHERE id = %s", there)[0][0]


def test_cached_vectors_of_erased_texts_go_with_them(people):
    keys = [cache.key("m", (guild, b"\x00")) for guild in (HERE, THERE)]
    for key in keys:
        cache_redis().set(key, b"a vector")
    assert erase(ANNA, HERE)
    assert [cache_redis().exists(key) for key in keys] == [0, 1]


def test_erasing_twice_changes_nothing_more(people):
    erase(ANNA, None)
    after = count()
    assert erase(ANNA, None)
    assert count() == after


def test_what_the_person_does_afterwards_stays(people):
    erase(ANNA, HERE)
    later = an_id(now() + timedelta(seconds=2))
    rows("INSERT INTO members (guild_id, user_id, message_count) VALUES (%s, %s, 1)", HERE, ANNA)
    rows(
        "INSERT INTO messages (id, guild_id, channel_id, author_id, content, seq) VALUES (%s, %s, 5, %s, 'new', 1)",
        later,
        HERE,
        ANNA,
    )
    with db.unit_of_work() as uow:
        service.erase_more(uow.session, HERE, ANNA)
        uow.commit()
    assert rows("SELECT id FROM messages WHERE author_id = %s AND guild_id = %s", ANNA, HERE) == [(later,)]
    assert rows("SELECT message_count FROM members WHERE user_id = %s AND guild_id = %s", ANNA, HERE) == [(1,)]


def test_a_second_pass_takes_what_a_batch_under_way_still_brought(people):
    erase(ANNA, HERE)
    rows("INSERT INTO members (guild_id, user_id, message_count) VALUES (%s, %s, 1)", HERE, ANNA)
    rows(
        "INSERT INTO messages (id, guild_id, channel_id, author_id, content, seq) VALUES (%s, %s, 5, %s, 'late', 1)",
        an_id(),
        HERE,
        ANNA,
    )
    rows("UPDATE erasures SET erased_at = erased_at - interval '2 minutes' WHERE user_id = %s", ANNA)
    rows("UPDATE messages SET id = id - (180000::bigint << 22) WHERE content = 'late'")
    with db.unit_of_work() as uow:
        assert service.unfinished(uow.session) == [(HERE, ANNA)]
        assert service.erase_more(uow.session, HERE, ANNA)
        uow.commit()
    assert rows("SELECT count(*) FROM messages WHERE author_id = %s AND guild_id = %s", ANNA, HERE) == [(0,)]
    assert rows(WRITTEN, ANNA, HERE) == [(0, None)]
    with db.unit_of_work() as uow:
        assert service.unfinished(uow.session) == []


def test_a_large_erasure_goes_on_in_chunks(people, monkeypatch):
    monkeypatch.setattr(service, "CHUNK", 2)
    assert not erase(ANNA, HERE)
    assert rows("SELECT count(*) FROM messages WHERE author_id = %s AND guild_id = %s", ANNA, HERE) == [(1,)]
    with db.unit_of_work() as uow:
        assert service.erase_more(uow.session, HERE, ANNA)
        uow.commit()
    assert named(ANNA, HERE) == []


def test_the_total_is_right_when_the_person_goes_on_writing_during_a_large_erasure(people, monkeypatch):
    monkeypatch.setattr(service, "CHUNK", 2)
    assert not erase(ANNA, HERE)
    later = an_id(now() + timedelta(seconds=2))
    rows("INSERT INTO members (guild_id, user_id, message_count) VALUES (%s, %s, 1)", HERE, ANNA)
    rows(
        "INSERT INTO messages (id, guild_id, channel_id, author_id, content, seq) VALUES (%s, %s, 5, %s, 'new', 1)",
        later,
        HERE,
        ANNA,
    )
    with db.unit_of_work() as uow:
        assert service.erase_more(uow.session, HERE, ANNA)
        uow.commit()
    assert rows(WRITTEN, ANNA, HERE) == [(1, snowflake_time(later))]


# How the wish itself ended, which a redelivery is answered from; it goes with the second pass.
OWN_OUTCOME = ["outcomes.user_id"]


def by_command(user: int, guild: int, asked_at: datetime) -> None:
    """Erase as a command does whose id Discord made at that moment of its own clock."""
    command = Command(
        task="commands.privacy_erase",
        id=snowflake_at(asked_at),
        guild_id=guild,
        user_id=user,
        channel_id=5,
        language="en",
        deadline=time.time() + 10,
        arguments={"scope": "here"},
    )
    assert commands.execute(command, service.erase_by_command).state == "done"


def border(user: int) -> int:
    return rows("SELECT below_id FROM erasures WHERE user_id = %s", user)[0][0]


def wrote(user: int, moment: datetime) -> int:
    number = an_id(moment)
    rows(
        "INSERT INTO messages (id, guild_id, channel_id, author_id, seq) VALUES (%s, %s, 5, %s, 1)", number, HERE, user
    )
    return number


def test_a_clock_that_is_slow_leaves_nothing_behind(people):
    """Discord is ahead of us, so what exists already seems to lie in our future."""
    ahead = now() + timedelta(minutes=5)
    written = wrote(ANNA, ahead - timedelta(seconds=10))
    by_command(ANNA, HERE, ahead)
    assert named(ANNA, HERE) == OWN_OUTCOME
    assert border(ANNA) == snowflake_at(ahead) + 1 > written


def test_a_clock_that_is_fast_forbids_nothing_that_comes_later(people):
    behind = now() - timedelta(minutes=2)
    by_command(ANNA, HERE, behind)
    assert named(ANNA, HERE) == OWN_OUTCOME
    assert border(ANNA) == snowflake_at(behind) + 1


def test_an_operators_erasure_takes_what_is_stored_whatever_the_clocks_say(people):
    written = wrote(ANNA, now() + timedelta(minutes=5))
    assert erase(ANNA, None)
    assert named(ANNA, None) == []
    assert border(ANNA) == written + 1
    assert rows("SELECT count(*) FROM messages WHERE author_id = %s", BORIS) == [(6,)]


def test_nothing_is_erased_without_the_commit(people):
    before = count()
    with db.unit_of_work() as uow:
        service.erase(uow, ANNA, None)
    assert count() == before


def test_what_is_stored_is_counted_in_its_guild_alone(people):
    found = queries.stored(HERE, ANNA)
    assert found.counts["messages"] == 3
    assert found.counts["days of activity"] == 2
    assert not found.opted_out
    assert queries.stored(300, ANNA).counts == {"your own choices": 1}


def run_cli(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app", "user", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=60)


def test_the_command_line_exports_and_erases(people):
    exported = json.loads(run_cli("export", str(ANNA), "--json").stdout)
    assert len(exported["messages"]) == 6
    assert {row["content"] for row in exported["message_revisions"]} == {"old secret"}
    assert [(row["message_count"], row["last_message_at"]) for row in exported["members"]] == [(3, None)] * 2
    assert "message_vectors" not in exported
    done = run_cli("erase", str(ANNA), "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"user": str(ANNA), "erased": True})
    assert named(ANNA, None) == []
    assert json.loads(run_cli("export", str(ANNA), "--json").stdout)["messages"] == []


@pytest.mark.parametrize("given", ["anna", "-1", "0", "12x", str(1 << 63), ""])
def test_the_command_line_refuses_what_is_no_id(database, given):
    done = run_cli("export", "--", given) if given.startswith("-") else run_cli("export", given)
    assert done.returncode == 1
    assert "is no Discord id" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_erasure_waits_for_a_batch_that_passed_the_check_before_it(people):
    insert = "INSERT INTO messages (id, guild_id, channel_id, author_id, content, seq) VALUES (:id, 100, 5, 11, 'x', 1)"
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with ThreadPoolExecutor(1) as pool:
        with db.unit_of_work() as batch:
            batch.session.execute(text("SELECT pg_advisory_xact_lock_shared(hashtextextended('ingest', 0))"))
            batch.session.execute(text(insert), {"id": an_id()})
            erasing = pool.submit(erase, ANNA, HERE)
            deadline = time.monotonic() + 10
            while rows(waiting) != [(1,)]:
                assert time.monotonic() < deadline, "the erasure does not wait"
            batch.commit()
        assert erasing.result(10)
    assert named(ANNA, HERE) == []


def letter(payload: bytes) -> None:
    rows("INSERT INTO dead_letters (queue, entry_id, reason, payload) VALUES ('ingest', 'x', 'odd', %s)", payload)


def test_letters_that_hold_events_of_several_people_lose_those_of_the_person(database):
    mine = {"t": "message_seen", "author_id": 4711, "guild_id": HERE, "content": "secret"}
    there = {**mine, "guild_id": THERE}
    others = {**mine, "author_id": 4712, "content": "about <@4711>"}
    letter(json.dumps({"v": 9, "events": [mine, others, there]}).encode())
    letter(json.dumps({"v": 9, "events": [mine]}).encode())
    letter(b'{"v": 9, "events": [{"author_id": 4711, "content": "sec')
    letter(b'{"v": 9, "events": [{"author_id": 4712, "content": "sec')
    erase(4711, HERE)
    payloads = [bytes(row[0]) for row in rows("SELECT payload FROM dead_letters ORDER BY id")]
    assert json.loads(payloads[0]) == {"v": 9, "events": [others, there]}
    assert payloads[1:] == [b'{"v": 9, "events": [{"author_id": 4712, "content": "sec']
    erase(4711, None)
    assert json.loads(bytes(rows("SELECT payload FROM dead_letters ORDER BY id")[0][0]))["events"] == [others]


def test_a_command_that_no_worker_could_run_is_erased_with_its_person(database):
    commands.bury("7", b'{"v": 9, "user_id": 4711, "guild_id": 100, "task": "commands.x"}', "odd")
    commands.bury("8", b'{"v": 9, "user_id": "x"}', "odd")
    commands.bury("9", b"\xff", "odd")
    erase(4711, HERE)
    assert rows("SELECT entry_id FROM dead_letters ORDER BY id") == [("8",), ("9",)]
