"""Writing invites."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.activity.invites.messages import InviteCreated, InviteDeleted
from app.core.facts import Facts, Table, moment

INVITES = Table(
    "invites",
    key={"guild_id": "bigint", "code": "text"},
    profile={
        "channel_id": "bigint",
        "inviter_id": "bigint",
        "max_uses": "integer",
        "created_at": "timestamptz",
        "expires_at": "timestamptz",
    },
)


def apply(session: Session, events: Sequence[InviteCreated | InviteDeleted]) -> None:
    """Invites that exist, and those that are gone."""
    facts = Facts(INVITES)
    for event in events:
        if isinstance(event, InviteDeleted):
            facts.is_gone((event.guild_id, event.code), event.seq, moment(event.at))
        else:
            profile = {
                "channel_id": event.channel_id,
                "inviter_id": event.inviter_id,
                "max_uses": event.max_uses,
                "created_at": moment(event.at),
                "expires_at": moment(event.expires_at) if event.expires_at is not None else None,
            }
            facts.is_like((event.guild_id, event.code), event.seq, profile)
    facts.write(session)
