"""What ingest reads."""

from collections.abc import Iterable

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.activity.ingest.messages import AnyEvent
from app.activity.ingest.rules import Erased, MemberKey, Policy, person_of
from app.core.db import engine
from schema.models.ingest import ChannelWatermark

_POLICY = text(
    "SELECT 'mode' AS what, guild_id, 0 AS user_id, content_mode, 0 AS below_id, 0 AS before_ms FROM guild_settings"
    " WHERE guild_id = ANY(:guilds) AND content_mode IS NOT NULL"
    " UNION ALL SELECT 'opt_out', guild_id, user_id, NULL, 0, 0 FROM opt_outs"
    " WHERE guild_id = ANY(:guilds) AND user_id = ANY(:users)"
    " UNION ALL SELECT 'erasure', guild_id, user_id, NULL, below_id, (extract(epoch FROM erased_at) * 1000)::bigint"
    " FROM erasures WHERE guild_id = ANY(:guilds) AND user_id = ANY(:users)"
)


def policy(session: Session, events: Iterable[AnyEvent], default_mode: str) -> Policy:
    """What the guilds and people of these events chose."""
    guilds: set[int] = set()
    users: set[int] = set()
    for event in events:
        guilds.add(event.guild_id)
        person = person_of(event)
        if person is not None:
            users.add(person)
    modes: dict[int, str] = {}
    opted_out: set[MemberKey] = set()
    erased: dict[MemberKey, Erased] = {}
    for row in session.execute(_POLICY, {"guilds": list(guilds), "users": list(users)}):
        if row.what == "mode":
            modes[row.guild_id] = row.content_mode
        elif row.what == "opt_out":
            opted_out.add((row.guild_id, row.user_id))
        else:
            erased[row.guild_id, row.user_id] = Erased(row.below_id, row.before_ms)
    return Policy(default_mode, modes, opted_out, erased)


def watermarks() -> list[tuple[int, int, int]]:
    """Every channel's watermark as (guild, channel, complete_to)."""
    with Session(engine()) as session:
        columns = (ChannelWatermark.guild_id, ChannelWatermark.channel_id, ChannelWatermark.complete_to)
        return [(row.guild_id, row.channel_id, row.complete_to) for row in session.execute(select(*columns))]
