"""Every REST request of the product's own bot and workers fits Discord's official document."""

import asyncio

import pytest

from tests.conftest import reset_process_state
from tests.contract.sandbox.openapi import Exchanges, load
from tests.factories.hall import Workers, rows, sandbox


@pytest.fixture
def checker(shared_dir):
    return Exchanges(load(shared_dir))


@pytest.fixture
async def hall(checker, database, monkeypatch):
    async with sandbox(monkeypatch, reset_process_state, checker.record) as found:
        yield found


@pytest.fixture
def workers(database, tmp_path):
    running = Workers(tmp_path / "workers.log")
    yield running
    running.stop()


async def test_what_the_bot_asks_of_discord_fits_the_document(hall, workers, checker):
    workers.start()
    runtime = await hall.start_bot()
    for name in ("help", "ping", "profile", "settings show", "setup", "privacy show"):
        assert (await hall.use(name))["state"] == "answered", name
    assert (await hall.use("settings set", key="log-channel", value=str(hall.local.channel("market"))))["messages"]
    await hall.answered(await hall.begin("autocomplete", name="settings set", options={"key": "l"}))
    assert (await hall.text("settings set", key="prefix", value="?")).startswith("✅")
    assert await hall.say("?ping")
    erase = await hall.use("privacy erase", user="beowulf")
    assert erase["messages"][0]["components"]

    async def posted():
        return any(
            m["author"]["bot"] for m in await hall.local.get(f"channels/{hall.local.channel('market')}/messages")
        )

    await hall.until_async(posted, "the change is posted to the log channel")
    # As if a guild were missing in a session, and a channel in its guild.
    rows("INSERT INTO channels (id, guild_id, kind) VALUES (4242, %s, 0)", hall.local.guild().id)
    await asyncio.gather(*runtime.absences._tasks.values())
    runtime.absences.session({"guilds": []})
    runtime.absences.guild(hall.local.guild().id)
    await asyncio.gather(*runtime.absences._tasks.values())
    await hall.stop_bot()
    checker.raise_if_wrong()
    assert checker.seen >= {
        ("PUT", "/applications/{application_id}/commands", 200),
        ("POST", "/interactions/{interaction_id}/{interaction_token}/callback", 200),
        ("PATCH", "/webhooks/{webhook_id}/{webhook_token}/messages/@original", 200),
        ("POST", "/channels/{channel_id}/messages", 200),
        ("GET", "/guilds/{guild_id}", 200),
        ("GET", "/channels/{channel_id}", 404),
    }
