"""Pruning vectors to the newest of each guild."""

import json
import threading
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.cli.main import main
from app.core.clock import now, snowflake_at
from app.core.db import unit_of_work
from app.core.errors import BadInput
from app.core.redis import cache_redis
from app.core.settings import settings
from app.knowledge.search import queries as search
from app.knowledge.vectors import service
from app.upkeep.jobs.queries import last_runs
from tests.factories.knowledge import GUILD, OTHER_GUILD, PUBLIC, embed_all, rows, write

KEPT = "SELECT message_id FROM message_vectors WHERE guild_id = :guild AND model = :model ORDER BY 1"


def store(guild, model, *message_ids):
    """Vectors without messages: pruning looks at nothing else."""
    with unit_of_work() as uow:
        uow.session.execute(
            text(
                "INSERT INTO message_vectors (message_id, model, guild_id, channel_id, author_id, dims, content_hash, embedding)"
                " SELECT id, :model, :guild, 1, 2, 3, '\\x00', '[1,0,0]' FROM unnest(CAST(:ids AS bigint[])) AS id"
            ),
            {"guild": guild, "model": model, "ids": list(message_ids)},
        )
        uow.commit()


def kept(guild, model="m"):
    return [row[0] for row in rows(KEPT, guild=guild, model=model)]


def test_the_newest_of_each_guild_and_model_stay(database):
    store(GUILD, "m", *range(1, 31))
    store(GUILD, "n", *range(1, 6))
    store(OTHER_GUILD, "m", *range(101, 113))
    pruned = service.prune(10, chunk=7)
    assert kept(GUILD) == list(range(21, 31))
    assert kept(GUILD, "n") == list(range(1, 6))
    assert kept(OTHER_GUILD) == list(range(103, 113))
    assert [(one.guild_id, one.model, one.vectors) for one in pruned] == [(GUILD, "m", 20), (OTHER_GUILD, "m", 2)]
    assert service.prune(10) == []


def test_one_guild_alone(database):
    store(GUILD, "m", 1, 2, 3)
    store(OTHER_GUILD, "m", 11, 12, 13)
    service.prune(1, GUILD)
    assert kept(GUILD) == [3]
    assert kept(OTHER_GUILD) == [11, 12, 13]


def test_zero_keeps_all(database):
    store(GUILD, "m", 1, 2, 3)
    assert service.prune(0) == []
    assert kept(GUILD) == [1, 2, 3]


def test_a_negative_number_is_refused_naming_what_is_allowed(database):
    store(GUILD, "m", 1, 2)
    with pytest.raises(BadInput, match=r"-1; it must be 0 \(all\) or more"):
        service.prune(-1)
    assert kept(GUILD) == [1, 2]


def test_two_at_once_delete_no_more_than_one(database):
    store(GUILD, "m", *range(1, 201))
    both = [threading.Thread(target=service.prune, args=(50,), kwargs={"chunk": 10}) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert kept(GUILD) == list(range(151, 201))


def test_an_interrupted_run_is_made_up_for_by_the_next(database, monkeypatch):
    store(GUILD, "m", *range(1, 31))
    surplus = service.Surplus(GUILD, "m", 20, bound=20)
    next(service.deleted(surplus, 5))
    assert len(kept(GUILD)) == 25
    service.prune(10, chunk=5)
    assert kept(GUILD) == list(range(21, 31))


def test_a_pruned_message_is_still_found_by_its_words(index):
    first = write("an early message about walruses")
    write("a later message about walruses")
    embed_all()
    assert len(cache_redis().keys("vector:*")) == 2
    service.prune(1)
    assert len(cache_redis().keys("vector:*")) == 1, "no deletion of its text would find it any more"
    assert first in search.search(GUILD, [PUBLIC], "walruses").message_ids


def test_the_job_prunes_to_the_setting_and_says_what_it_did(database, monkeypatch):
    from tasks.vectors import prune

    monkeypatch.setenv("CHAT_VECTOR_MAX", "2")
    settings.cache_clear()
    store(GUILD, "m", 1, 2, 3, 4)
    prune()
    prune()
    assert kept(GUILD) == [3, 4]
    with unit_of_work() as uow:
        (run,) = last_runs(uow.session)
    assert (run.name, run.outcome, run.counts) == ("vectors.prune", "done", {"guilds": 1, "vectors": 2})


def test_the_command_lists_and_prunes(database, capsys):
    store(GUILD, "m", 5, 6, 7)
    assert main(["vectors", "list", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert listed == {
        "guild_id": GUILD,
        "model": "m",
        "dims": 3,
        "vectors": 3,
        "oldest_message_id": 5,
        "newest_message_id": 7,
        "is_searched": True,
    }
    assert main(["vectors", "prune", "--keep", "1", "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["vectors"] == 2
    assert kept(GUILD) == [5, 6, 7]
    assert main(["vectors", "prune", "--keep", "1"]) == 0
    assert "deleted 2 vectors" in capsys.readouterr().out
    assert kept(GUILD) == [7]
    assert main(["vectors", "list"]) == 0
    assert "1 vectors in all" in capsys.readouterr().out


HUGE = "9" * 30


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (("--keep", "-3"), "--keep is -3; it must be 0 (keep all) or more, and at most 1000000000."),
        (("--keep", HUGE), f"--keep is {HUGE}; it must be 0 (keep all) or more, and at most 1000000000."),
        (("--older-than", "0"), "--older-than is 0; it must be a number of days from 1 to 36500."),
        (("--older-than", "-5"), "--older-than is -5; it must be a number of days from 1 to 36500."),
        (("--older-than", HUGE), f"--older-than is {HUGE}; it must be a number of days from 1 to 36500."),
        (("--keep", "1", "--guild", HUGE), f"--guild is {HUGE}, and no server's id; "),
        (("--keep", "1", "--guild", "-1"), "--guild is -1, and no server's id; "),
    ],
)
@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_the_command_refuses_numbers_that_cannot_be(database, capsys, arguments, refusal, dry):
    store(GUILD, "m", 5, 6)
    assert main(["vectors", "prune", *arguments, *dry]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"python -m app vectors: {refusal}")
    assert len(told.splitlines()) == 1
    assert kept(GUILD) == [5, 6]


@pytest.mark.parametrize(
    "arguments", [("--keep", "1000000000"), ("--older-than", "36500"), ("--keep", "1", "--guild", "0")]
)
def test_the_greatest_numbers_that_can_be_take_nothing(database, arguments):
    store(GUILD, "m", 5, 6)
    assert main(["vectors", "prune", *arguments]) == 0
    assert kept(GUILD) == [5, 6]


@pytest.mark.parametrize("guild", ["-1", HUGE])
def test_no_command_takes_a_guild_that_cannot_be(database, capsys, tmp_path, guild):
    for arguments in (("export", str(tmp_path / "file")), ("rebuild",)):
        assert main(["vectors", *arguments, "--guild", guild]) == 1
        assert f"--guild is {guild}, and no server's id" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_without_a_limit_the_command_says_so(database, capsys):
    store(GUILD, "m", 5)
    assert main(["vectors", "prune"]) == 0
    assert "kept all (no limit is set)" in capsys.readouterr().out


def test_vectors_go_by_age_too(database):
    old, young = snowflake_at(now() - timedelta(days=31)), snowflake_at(now() - timedelta(days=29))
    store(GUILD, "m", old, young)
    store(OTHER_GUILD, "m", old + 1)
    assert [one.vectors for one in service.prune(0, older_than=timedelta(days=30))] == [1, 1]
    assert kept(GUILD) == [young]
    assert kept(OTHER_GUILD) == []


def test_number_and_age_are_both_kept_to(database):
    days = [snowflake_at(now() - timedelta(days=age)) for age in (50, 40, 30, 20, 10)]
    store(GUILD, "m", *days)
    service.prune(3, older_than=timedelta(days=45))
    assert kept(GUILD) == days[2:]
    service.prune(3, older_than=timedelta(days=15))
    assert kept(GUILD) == days[4:]


@pytest.mark.parametrize("age", [timedelta(0), timedelta(days=-3)])
def test_no_age_is_refused(database, age):
    store(GUILD, "m", 1)
    with pytest.raises(BadInput, match="more than nothing"):
        service.prune(0, older_than=age)
    assert kept(GUILD) == [1]


def test_parts_of_a_message_go_together_even_across_chunks(database):
    store(GUILD, "m", 1, 2, 3)
    with unit_of_work() as uow:
        uow.session.execute(
            text(
                "INSERT INTO message_vectors (message_id, model, part, guild_id, channel_id, author_id, dims,"
                " content_hash, embedding) SELECT message_id, model, p, guild_id, 1, 2, dims, '\\x00', embedding"
                " FROM message_vectors, generate_series(1, 4) AS p"
            )
        )
        uow.commit()
    assert [one.vectors for one in service.prune(5, chunk=3)] == [10]
    assert kept(GUILD) == [3] * 5


def test_pruning_while_searching_never_breaks_a_search(index):
    written = [write(f"a tale of {n} walruses") for n in range(60)]
    embed_all()
    found, errors, begun, stop = [], [], threading.Event(), threading.Event()

    def look():
        try:
            while not stop.is_set():
                # Another question each time: an answer that is kept would look at nothing.
                found.append(search.search(GUILD, [PUBLIC], f"walruses, question {len(found)}"))
                begun.set()
        except Exception as error:  # noqa: BLE001 - it is shown by the test's own thread.
            errors.append(error)

    looking = threading.Thread(target=look)
    looking.start()
    assert begun.wait(30)
    asked = len(found)
    for keep in range(55, 0, -5):
        service.prune(keep, chunk=2)
        # Searches go on between any two steps.
        done = len(found)
        while len(found) == done and not errors:
            begun.wait(0.01)
    stop.set()
    looking.join()
    assert errors == []
    assert len(found) >= asked + 11
    assert all((len(page.message_ids), page.has_meaning) == (50, True) for page in found)
    assert kept(GUILD, "all-minilm-l6-v2/int8") == written[-5:]


def test_the_command_prunes_by_age(database, capsys):
    store(GUILD, "m", snowflake_at(now() - timedelta(days=31)), snowflake_at(now()))
    assert main(["vectors", "prune", "--older-than", "30", "--dry-run"]) == 0
    assert "would delete 1 vectors; kept all (no limit is set), if not older than 30 days" in capsys.readouterr().out
    assert len(kept(GUILD)) == 2
    assert main(["vectors", "prune", "--older-than", "0"]) == 1
    assert "it must be a number of days from 1" in capsys.readouterr().err
    assert main(["vectors", "prune", "--older-than", "30", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["vectors"] == 1
    assert len(kept(GUILD)) == 1
