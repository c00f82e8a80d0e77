"""Microseconds that the bot adds to each MESSAGE_CREATE, beside what discord.py's own parsing takes.

Both run in this process, in turns, over the same payloads: ours from the raw payload to the encoded batch (the
publisher's share included), discord.py's from the raw payload to its Message object.
"""

import asyncio
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import discord

from app.activity.ingest.messages import batch_id
from app.bot.batches import Batch, Batcher
from app.bot.client import Heorot, intents_for
from app.bot.ingest import Buffer, Ingest
from app.bot.policy import Policy
from app.bot.sequence import Sequence
from app.cli.bot import encode
from app.core.policy import PolicyData
from benchmarks.report import Report

EVENTS = 20_000
ROUNDS = 5
GUILD = 439103874612675485
TARGET_US = 25.0


def payloads(count: int) -> list[dict[str, Any]]:
    """Messages as the gateway sends them, each a dict of its own."""
    now = (int(time.time() * 1000) - 1_420_070_400_000) << 22
    message = {
        "type": 0, "tts": False, "timestamp": "2026-10-07T19:44:07.295000+00:00", "referenced_message": None,
        "pinned": False, "nonce": "1028029979960541184", "mentions": [], "mention_roles": [], "mention_everyone": False,
        "member": {"roles": ["431921695524126722"], "premium_since": None, "pending": False, "nick": None,
                   "mute": False,
                   "joined_at": "2020-04-18T00:10:04.414000+00:00", "flags": 0, "deaf": False,
                   "communication_disabled_until": None, "avatar": None},
        "id": "0", "flags": 0, "embeds": [], "edited_timestamp": None, "content": "blah blah, said the third guest",
        "components": [], "channel_id": "435923868503506954",
        "author": {"username": "user_1", "public_flags": 0, "id": "560661188019488714", "discriminator": "0",
                   "avatar_decoration_data": None, "avatar": None, "global_name": "User"},
        "attachments": [], "guild_id": str(GUILD),
    }  # fmt: skip
    text = json.dumps(message)
    return [{**json.loads(text), "id": str(now + number)} for number in range(count)]


class Sink:
    """Takes the publisher's place: encodes, and counts."""

    def __init__(self) -> None:
        self.bytes = 0

    def offer(self, batch: Batch) -> None:
        self.bytes += len(batch.payload())


def build() -> tuple[Heorot, Sink]:
    policy = Policy(PolicyData(default_mode="store"))
    sequence = Sequence(lambda _: 1)
    sink = Sink()
    buffer = Buffer(sink.offer, Batcher(batch_id, encode), seconds=3600, size=500)
    ingest = Ingest(policy, sequence, buffer, publisher=None)  # type: ignore[arg-type]
    return Heorot(ingest, None, policy, message_content=True), sink  # type: ignore[arg-type]


def microseconds(parse: Callable[[Any], None], given: list[dict[str, Any]]) -> float:
    start = time.perf_counter()
    for payload in given:
        parse(payload)
    return (time.perf_counter() - start) / len(given) * 1e6


async def main() -> dict[str, float]:
    """Microseconds by what was measured."""
    bot, _ = build()
    await bot.ingest.live.next_seq.__self__.open()  # type: ignore[attr-defined]
    await bot.load_extension("app.activity.messages.cog")
    bot.ingest.set_identity(1)
    plain = discord.AutoShardedClient(intents=intents_for(message_content=True), max_messages=None)
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(microseconds(bot._connection.parsers["MESSAGE_CREATE"], payloads(EVENTS)))  # noqa: SLF001
        theirs.append(microseconds(plain._connection.parsers["MESSAGE_CREATE"], payloads(EVENTS)))  # noqa: SLF001
    return {"added_us": statistics.median(ours), "discord_py_us": statistics.median(theirs)}


def measure(report: Report) -> None:
    """What the bot adds to an event, and what discord.py's own parsing takes in the same run."""
    found = asyncio.run(main())
    report.add("added cost of an event in the bot", found["added_us"], "us", most=TARGET_US)
    report.add("discord.py's own parsing, which it spares", found["discord_py_us"], "us")


if __name__ == "__main__":
    measure(Report())
