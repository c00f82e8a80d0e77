"""`bot`: the gateway client; here it is put together with the features that it does not import itself."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from typing import Any

from app.activity.guilds.queries import present_channels
from app.activity.ingest import messages as ingest
from app.activity.ingest import queries, service
from app.activity.members.queries import present
from app.activity.messages.messages import ChannelListed
from app.activity.messages.queries import known
from app.activity.reactions.queries import present as present_reactions
from app.activity.voice.messages import VoiceHeard
from app.bot.absences import Stored
from app.bot.backfill import Tellers
from app.bot.instance import AlreadyRunning
from app.bot.lifecycle import Ports, run
from app.core import log
from app.core.errors import ConfigurationError
from app.core.settings import settings
from app.core.translate import Context
from app.upkeep.settings.queries import load_policy

# sysexits.h: starting again would only say the same again, so the runner (and systemd) does not.
EX_CONFIG = 78


def tellers(next_seq: Callable[[], int]) -> Tellers:
    """How the bot tells what no gateway payload tells."""

    def listed(guild_id: int, channel_id: int, after: int, up_to: int, ids: tuple[int, ...]) -> ChannelListed:
        return ChannelListed(
            seq=next_seq(),
            guild_id=guild_id,
            at=Context.now(),
            channel_id=channel_id,
            after_id=after,
            up_to_id=up_to,
            ids=ids,
        )

    def advanced(guild_id: int, channel_id: int, complete_to: int) -> ingest.WatermarkAdvanced:
        return ingest.WatermarkAdvanced(
            seq=next_seq(), guild_id=guild_id, at=Context.now(), channel_id=channel_id, complete_to=complete_to
        )

    def heard(guild_ids: tuple[int, ...]) -> VoiceHeard:
        return VoiceHeard(seq=next_seq(), guild_id=0, at=Context.now(), guild_ids=guild_ids)

    return Tellers(listed, advanced, heard)


def encode(batch_id: str, events: Sequence[Any]) -> bytes:
    """A batch as the ledger keeps it."""
    return ingest.encode(ingest.Batch(id=batch_id, events=tuple(events)))


def ports() -> Ports:
    """The features' side of the bot."""
    return Ports(
        reserve=service.reserve_numbers,
        load_policy=load_policy,
        load_watermarks=queries.watermarks,
        make_id=ingest.batch_id,
        encode=encode,
        tellers=tellers,
        stored_reactions=present_reactions,
        known_messages=known,
        stored=Stored(present_channels, present),
    )


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop  # noqa: PLC0415 - there is none for Windows.

    return uvloop.new_event_loop


def _run(_: argparse.Namespace) -> int:
    log.configure("bot")
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(run(settings(), ports()))
    except (ConfigurationError, AlreadyRunning) as error:
        print(f"bot: {error}", file=sys.stderr)
        return EX_CONFIG
    return 0


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `bot`."""
    bot = commands.add_parser("bot", help="connect to Discord (one bot for each token)")
    bot.set_defaults(run=_run)
