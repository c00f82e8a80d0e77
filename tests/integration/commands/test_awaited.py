"""The awaited command, with real workers: decided once, whoever dies."""

import asyncio
import time

import psycopg2
import pytest

from app.core import commands, ledger, queue
from app.core.answers import channel
from app.core.commands import Command
from app.core.redis import broker_redis
from app.core.settings import settings
from app.upkeep.settings import service
from tests.factories.hall import rows

GUILD, USER = 900, 901


def prefix_of(guild: int) -> list:
    return rows("SELECT prefix, version FROM guild_settings WHERE guild_id = %s", guild)


def states() -> list:
    return [row[0] for row in rows("SELECT state FROM outcomes ORDER BY interaction_id")]


def command(number: int, value: str = "?", seconds: float = 10) -> Command:
    return Command(
        task="commands.settings_set",
        id=number,
        guild_id=GUILD,
        user_id=USER,
        channel_id=1,
        language="en",
        deadline=time.time() + seconds,
        arguments={"key": "prefix", "value": value},
    )


def offer(wanted: Command) -> None:
    ledger.put(broker_redis(), commands.QUEUE, [(str(wanted.id), commands.encode(wanted))])
    queue.send(wanted.task, str(wanted.id))


async def settled(hall) -> None:
    async def empty() -> bool:
        return ledger.depth(broker_redis(), commands.QUEUE) == 0

    await hall.until_async(empty, "the ledger of commands is empty")


class Blocked:
    """Holds the guild's row, so that a worker's transaction waits in the middle."""

    def __init__(self, guild: int) -> None:
        self._connection = psycopg2.connect(settings().database_url)
        with self._connection.cursor() as cursor:
            cursor.execute("INSERT INTO guild_settings (guild_id) VALUES (%s)", (guild,))

    def is_waited_for(self) -> bool:
        return bool(
            rows("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
        )

    def let_go(self) -> None:
        self._connection.rollback()
        self._connection.close()


async def test_a_setting_is_changed_and_the_bot_obeys_at_once(hall, workers, bot):
    workers.start()
    guild = hall.local.guild().id
    assert await hall.text("settings set", key="prefix", value="?") == "✅ **prefix** is now `?`."
    assert prefix_of(guild) == [("?", 1)]
    assert states() == ["done"]
    await settled(hall)
    await hall.until(lambda: bot.policy.prefix(guild) == "?", "the bot knows the new prefix", 3)
    assert "pong" not in await hall.say("?ping")
    assert rows("SELECT count(*) FROM outbound_posts") == [(0,)], "there is no log channel yet"


async def test_a_redelivery_changes_nothing_and_returns_the_stored_answer(hall, workers):
    workers.start("commands")
    for _ in range(3):
        offer(command(77))
        await settled(hall)
    assert prefix_of(GUILD) == [("?", 1)]
    assert states() == ["done"]
    assert b"is now" in broker_redis().get(channel(77))


async def test_a_worker_that_died_after_its_commit_is_made_up_for(hall, workers):
    wanted = command(78)
    ledger.put(broker_redis(), commands.QUEUE, [("78", commands.encode(wanted))])
    assert commands.execute(wanted, service.change).state == "done"  # and then the worker is gone
    workers.start("commands")
    queue.send("commands.settings_set", "78")
    await settled(hall)
    assert prefix_of(GUILD) == [("?", 1)]
    assert b"is now" in broker_redis().get(channel(78))


async def test_a_lost_task_is_offered_again_by_the_sweep(hall, workers):
    ledger.put(broker_redis(), commands.QUEUE, [("79", commands.encode(command(79)))], delay=0)
    workers.start("commands")
    queue.send("commands.sweep")
    await settled(hall)
    assert prefix_of(GUILD) == [("?", 1)]


async def test_a_command_after_its_deadline_is_refused_and_never_applied(hall, workers):
    workers.start("commands")
    offer(command(80, seconds=-1))
    await settled(hall)
    assert prefix_of(GUILD) == []
    assert states() == ["expired"]


async def test_when_the_bot_decided_first_the_workers_transaction_is_rolled_back(hall, workers):
    wanted = command(81)
    blocked = Blocked(GUILD)
    workers.start("commands")
    offer(wanted)
    await hall.until(blocked.is_waited_for, "the worker waits")
    assert commands.expire(wanted).state == "expired"
    blocked.let_go()
    await settled(hall)
    assert prefix_of(GUILD) == []
    assert states() == ["expired"]


@pytest.mark.timeout(90)
async def test_a_worker_killed_before_its_commit_takes_nothing(hall, workers, bot):
    guild = hall.local.guild().id
    blocked = Blocked(guild)
    worker = workers.start("commands")
    interaction = await hall.begin(name="settings set", options={"key": "prefix", "value": "?"})
    await hall.until(blocked.is_waited_for, "the worker is inside its transaction")
    workers.kill(worker)
    blocked.let_go()
    answer = await hall.answered(interaction)
    assert answer["messages"][0]["content"].startswith("⌛ This took too long")
    assert answer["ephemeral"]
    workers.start("commands")
    queue.send("commands.settings_set", interaction)
    await settled(hall)
    assert prefix_of(guild) == []
    assert states() == ["expired"]


@pytest.mark.timeout(90)
async def test_when_the_bot_dies_the_worker_shows_the_answer(hall, workers, bot):
    guild = hall.local.guild().id
    blocked = Blocked(guild)
    workers.start("commands")
    interaction = await hall.begin(name="settings set", options={"key": "prefix", "value": "?"})
    await hall.until(blocked.is_waited_for, "the worker is inside its transaction")
    await hall.stop_bot()
    blocked.let_go()
    answer = await hall.answered(interaction)
    assert answer["messages"][0]["content"] == "✅ **prefix** is now `?`."
    assert prefix_of(guild) == [("?", 1)]


@pytest.mark.timeout(90)
async def test_without_a_database_the_bot_says_so_and_the_outcome_is_shown_later(hall, workers, bot, database):
    guild = hall.local.guild().id
    name = database.rsplit("/", 1)[1]
    admin = psycopg2.connect(f"{database.rsplit('/', 1)[0]}/postgres")
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
    workers.start("commands")
    try:
        interaction = await hall.begin(name="settings set", options={"key": "prefix", "value": "?"})
        answer = await hall.answered(interaction, 20)
        assert answer["messages"][0]["content"].startswith("❔ I cannot tell yet")
    finally:
        with admin.cursor() as cursor:
            cursor.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        admin.close()

    async def shown() -> bool:
        found = await hall.local.get(f"interactions/{interaction}")
        return found["messages"][0]["content"].startswith("⌛")

    await hall.until_async(shown, "the worker shows the outcome", 45)
    assert prefix_of(guild) == []
    assert states() == ["expired"]


@pytest.mark.alone
async def test_a_redis_that_hangs_is_told_at_once_and_nothing_is_taken(hall, workers, bot):
    workers.start("commands")
    broker_redis().execute_command("CLIENT", "PAUSE", 4000, "ALL")
    start = time.monotonic()
    text = await hall.text("settings set", key="prefix", value="?")
    assert text.startswith("⚠️ My workers are out of reach")
    assert time.monotonic() - start < 3
    await asyncio.sleep(4.2 - (time.monotonic() - start))  # Valkey itself ends the pause by the clock.
    assert prefix_of(hall.local.guild().id) == []
    assert await hall.text("settings set", key="prefix", value="$") == "✅ **prefix** is now `$`."


async def test_a_payload_that_cannot_be_run_is_laid_among_the_dead_letters(hall, workers):
    workers.start("commands")
    secret = b'{"v": 2, "token": "hush-hush"}'
    misplaced = commands.encode(command(92)).replace(b"settings_set", b"no_such_task")
    ledger.put(broker_redis(), commands.QUEUE, [("90", secret), ("91", b"not json"), ("92", misplaced)])
    for number in ("90", "91", "92"):
        queue.send("commands.settings_set", number)
    await settled(hall)
    assert states() == []
    found = rows("SELECT entry_id, payload FROM dead_letters WHERE queue = 'commands' ORDER BY entry_id")
    assert [(entry, bytes(payload)) for entry, payload in found] == [
        ("90", secret),
        ("91", b"not json"),
        ("92", misplaced),
    ]
    assert "hush-hush" not in workers.log()


async def test_values_reach_neither_logs_nor_task_arguments(hall, workers, bot):
    workers.start()
    await hall.text("settings set", key="prefix", value="%%%%")
    await settled(hall)
    assert "%%%%" not in workers.log()


async def test_the_prefix_form_gets_its_answer_late_as_a_reply(hall, workers, bot):
    blocked = Blocked(hall.local.guild().id)
    workers.start("commands")
    said = await hall.local.say("!settings set prefix ?", author="hrothgar")
    await hall.until(blocked.is_waited_for, "the worker is inside its transaction")
    await hall.stop_bot()
    blocked.let_go()

    async def replied():
        found = await hall.local.get(f"channels/{hall.local.channel()}/messages")
        return next((m for m in found if m["content"] == "✅ **prefix** is now `?`."), None)

    reply = await hall.until_async(replied, "the worker replies")
    assert reply["message_reference"]["message_id"] == said["id"]


async def test_a_lost_subscription_is_made_again_and_the_answer_found(hall, workers, bot):
    blocked = Blocked(hall.local.guild().id)
    workers.start("commands")
    interaction = await hall.begin(name="settings set", options={"key": "prefix", "value": "?"})
    await hall.until(blocked.is_waited_for, "the worker is inside its transaction")
    # Workers subscribe by pattern; one whose own connection is lost gives its task back.
    for client in broker_redis().client_list(_type="pubsub"):
        if int(client["sub"]):
            broker_redis().client_kill_filter(_id=client["id"])
    blocked.let_go()
    assert (await hall.answered(interaction, 5))["messages"][0]["content"] == "✅ **prefix** is now `?`."


async def test_many_commands_wait_on_one_connection(hall, workers, bot):
    def channels() -> list[int]:
        return sorted(int(client["sub"]) for client in broker_redis().client_list(_type="pubsub") if int(client["sub"]))

    people = ("hrothgar", "wealhtheow", "beowulf", "wiglaf", "margaux")
    started = [await hall.begin(user=user, name="language", options={"language": "fr"}) for user in people]
    await hall.until(lambda: max(channels()) == 1 + len(people), "one connection hears all of them")
    assert channels().count(1) == len(channels()) - 1, "every other connection hears one channel only"
    workers.start("commands")
    for interaction in started:
        assert (await hall.answered(interaction))["messages"][0]["content"] == "✅ Je vous parlerai en Français."
    await hall.until(lambda: max(channels()) == 1, "nobody waits any more", 3)


async def test_commands_are_sent_to_discord_only_when_they_changed(hall, bot):
    def sent() -> int:
        return sum(method == "PUT" and path.endswith("/commands") for method, path, _ in hall.requests)

    assert sent() == 1
    assert not await bot.bot.front.sync()
    assert sent() == 1
    bot.bot.tree.remove_command("ping")
    assert await bot.bot.front.sync()
    assert sent() == 2
