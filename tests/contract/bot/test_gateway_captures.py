"""Payloads that were captured from Discord, or stand in its documentation, pass through the bot's own event path."""

import copy
import json

import pytest

from app.activity.guilds.messages import ChannelSeen, GuildSeen
from app.activity.ingest.messages import Batch, batch_id, decode, encode
from app.activity.messages.messages import MessageSeen
from app.bot import metrics
from app.bot.batches import Batcher
from app.bot.client import Heorot
from app.bot.gateway import GuardedWebSocket
from app.bot.ingest import Buffer, Ingest
from app.bot.policy import Policy
from app.bot.sequence import Sequence
from app.core.policy import PolicyData

COGS = ("guilds", "invites", "members", "messages", "reactions", "voice")

# The documentation shortens its examples, and some are older than fields that Discord sends today.
MISSING = {"application_id": "1", "version": 1, "type": 2, "entitlements": [], "attachment_size_limit": 10}


def with_flags(data):
    """A member with its flags."""
    return {"flags": 0, **data} if "joined_at" in data else data


class Room:
    async def wait_for_room(self):
        return


@pytest.fixture
async def path():
    """A bot without a connection, a socket of it, and the batches that come out."""
    found = []
    sequence = Sequence(lambda _: 1)
    await sequence.open()
    batcher = Batcher(batch_id, lambda name, events: encode(Batch(id=name, events=tuple(events))))
    buffer = Buffer(found.append, batcher, seconds=3600, size=500)
    policy = Policy(PolicyData(default_mode="store"))
    ingest = Ingest(policy, sequence, buffer, Room())
    bot = Heorot(ingest, None, policy, message_content=True)
    await bot._async_setup_hook()
    for cog in COGS:
        await bot.load_extension(f"app.activity.{cog}.cog")
    bot._connection.shard_ids = range(1)
    bot.shard_count = 1
    # Nobody answers these commands: their interactions belong to no session.
    bot.tree._from_interaction = lambda _: None
    socket = GuardedWebSocket(None, loop=bot.loop)
    socket._connection = bot._connection
    socket._discord_parsers = bot._connection.parsers
    socket._dispatch = bot.dispatch
    socket.shard_id = 0

    async def pass_through(capture):
        await socket.received_message(json.dumps(capture))
        buffer.flush()
        events = [event for batch in found for event in decode(batch.payload()).events]
        found.clear()
        return events

    yield pass_through
    await bot.front.close()


def captures(folder):
    for file in sorted(folder.glob("*.json")):
        content = json.loads(file.read_text())
        if isinstance(content, dict) and content.get("op") == 0:
            yield file.stem, content


def malformed():
    return sum(
        sample.value for metric in metrics.MALFORMED.collect() for sample in metric.samples if "_total" in sample.name
    )


async def test_every_captured_dispatch_is_understood(shared_dir, path):
    found = dict(captures(shared_dir / "fixtures" / "gateway"))
    assert {"MESSAGE_CREATE", "GUILD_CREATE", "READY"} <= found.keys()
    before = malformed()
    for name, capture in found.items():
        if name == "READY":
            # Captured from a client without shards; one that shards is always told which it is.
            capture["d"].setdefault("shard", [0, 1])
        await path(capture)
        assert malformed() == before, f"{name} was not understood"


async def test_a_captured_message_becomes_its_event(shared_dir, path):
    capture = json.loads((shared_dir / "fixtures" / "gateway" / "MESSAGE_CREATE.json").read_text())
    (event,) = await path(copy.deepcopy(capture))
    data = capture["d"]
    assert isinstance(event, MessageSeen)
    assert (str(event.id), str(event.channel_id), str(event.guild_id)) == (
        data["id"],
        data["channel_id"],
        data["guild_id"],
    )
    assert (event.content, event.author_name) == (data["content"], data["author"]["username"])


async def test_a_captured_guild_becomes_itself_and_its_channels(shared_dir, path):
    capture = json.loads((shared_dir / "fixtures" / "gateway" / "GUILD_CREATE.json").read_text())
    events = await path(copy.deepcopy(capture))
    assert isinstance(events[0], GuildSeen)
    seen = {str(event.id) for event in events if isinstance(event, ChannelSeen)}
    assert seen == {channel["id"] for channel in (*capture["d"]["channels"], *capture["d"].get("threads", []))}


async def test_documented_interactions_are_understood(shared_dir, path):
    folder = shared_dir / "fixtures" / "gateway"
    ready = json.loads((folder / "READY.json").read_text())
    ready["d"].setdefault("shard", [0, 1])
    await path(ready)
    before = malformed()
    for file in sorted(folder.glob("application-commands__*__example-interaction.json")):
        interaction = json.loads(file.read_text(), object_hook=with_flags)
        await path({"t": "INTERACTION_CREATE", "s": 1, "op": 0, "d": {**MISSING, **interaction}})
        assert malformed() == before, f"{file.stem} was not understood"
