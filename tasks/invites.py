"""Who was invited by whom: Discord is asked after arrivals, and what they earned is paid once they have stayed."""

import logging
from typing import Any

from app.clients import discord_rest
from app.community.invites import rewards, service
from app.community.invites.rules import Invite
from app.core import choices, clock, queue
from app.core.db import unit_of_work
from app.upkeep.jobs import service as jobs
from beat_schedule import PERIODS
from tasks.celery import app

log = logging.getLogger(__name__)

EXPLAIN = "invites.explain"
SETTLE = "invites.settle"


@app.task(name=EXPLAIN)
def explain(guild_id: int) -> None:
    """Ask Discord how often each invite was used, and explain the guild's arrivals by what was added.

    Twice is safe: uses that explained somebody are in the stored answer, and an older answer than that is dropped.
    """
    with unit_of_work() as uow:
        if not choices.load(uow.session, guild_id).is_on("invites"):
            return
    asked_at = clock.now()
    try:
        listed = [_read(found) for found in discord_rest.guild_invites(guild_id)]
    except (discord_rest.DiscordRefused, discord_rest.RateLimited) as refusal:
        # The sweep asks again; without the permission to manage the guild its arrivals stay unexplained.
        log.info("invites of a guild could not be listed: %s", refusal, extra={"guild": guild_id})
        return
    with unit_of_work() as uow:
        service.explain(uow, guild_id, listed, asked_at)
        uow.commit()


def _read(found: dict[str, Any]) -> Invite:
    maker = found.get("inviter")
    return Invite(found["code"], int(found["uses"]), int(maker["id"]) if maker else None)


@app.task(name="invites.sweep")
def sweep() -> None:
    """Have Discord asked about arrivals whose task was lost, and give up old ones. Twice is safe, as `explain` is."""
    with unit_of_work() as uow:
        waiting = service.waiting_guilds(uow.session)
        for guild in waiting:
            service.give_up(uow.session, guild, clock.now())
        uow.commit()
    for guild in waiting:
        queue.send(EXPLAIN, guild)


@app.task(name=SETTLE)
def settle() -> None:
    """Pay for the invited who stayed, take back from those who left. Twice is safe: each arrival is settled once."""
    jobs.once(SETTLE, PERIODS[SETTLE], _settle_all)


def _settle_all() -> dict[str, int]:
    with unit_of_work() as uow:
        guilds = rewards.guilds(uow.session)
    settled = 0
    for guild in guilds:
        done = None
        while done is None or done >= rewards.CHUNK:
            with unit_of_work() as uow:
                done = rewards.settle(uow.session, guild, clock.now())
                uow.commit()
            settled += done
    return {"arrivals": settled}
