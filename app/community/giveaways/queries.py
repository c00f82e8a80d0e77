"""Reading giveaways."""

from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.community.giveaways.rules import draw
from app.core.db import engine
from app.core.errors import BadInput
from app.core.translations import _
from schema.models.giveaways import Giveaway, GiveawayEntry

# Members who are still there and want to be recorded.
_CANDIDATES = text(
    "SELECT e.user_id FROM giveaway_entries e WHERE e.giveaway_id = :giveaway"
    " AND NOT EXISTS (SELECT FROM members m WHERE m.guild_id = e.guild_id AND m.user_id = e.user_id"
    " AND m.left_at IS NOT NULL)"
    " AND NOT EXISTS (SELECT FROM opt_outs o WHERE o.guild_id = e.guild_id AND o.user_id = e.user_id)"
)
_UNSHOWN = text(
    "SELECT g.id, p.message_id FROM giveaways g"
    " JOIN outbound_posts p ON p.guild_id = g.guild_id AND p.dedupe_key = 'giveaway:' || g.id"
    " WHERE g.changes <> g.shown AND p.message_id IS NOT NULL ORDER BY g.id LIMIT :limit"
)
_DUE = text("SELECT id FROM giveaways WHERE status = 'active' AND ends_at <= now() ORDER BY ends_at LIMIT 100")


def due(session: Session) -> list[int]:
    """Giveaways whose time has come."""
    return list(session.scalars(_DUE))


def unshown(session: Session, limit: int = 20) -> list[tuple[int, int]]:
    """Giveaways (with their message) whose message does not show what they are like."""
    return [(row.id, row.message_id) for row in session.execute(_UNSHOWN, {"limit": limit})]


def candidates(session: Session, giveaway_id: int) -> list[int]:
    """Who takes part in the draw."""
    return sorted(session.scalars(_CANDIDATES, {"giveaway": giveaway_id}))


def joined(session: Session, giveaway_id: int) -> int:
    """How many joined."""
    count = text("SELECT count(*) FROM giveaway_entries WHERE giveaway_id = :giveaway")
    return int(session.execute(count, {"giveaway": giveaway_id}).scalar_one())


def winners(session: Session, giveaway_id: int) -> list[int]:
    """Who won, first place first."""
    return list(
        session.scalars(
            select(GiveawayEntry.user_id)
            .where(GiveawayEntry.giveaway_id == giveaway_id, GiveawayEntry.place.is_not(None))
            .order_by(GiveawayEntry.place)
        )
    )


def active(guild_id: int) -> list[Giveaway]:
    """The guild's giveaways that have not ended, the next to end first."""
    with Session(engine()) as session:
        return list(
            session.scalars(
                select(Giveaway)
                .where(Giveaway.guild_id == guild_id, Giveaway.status == "active")
                .order_by(Giveaway.ends_at)
            )
        )


@dataclass(frozen=True)
class Proof:
    """What a draw was made from, so that anybody can repeat it; `is_right` says that we just did."""

    giveaway: Giveaway
    joined: list[int]
    winners: list[int]
    is_right: bool


def proof(guild_id: int, giveaway_id: int) -> Proof:
    """Repeat the draw of a giveaway that has ended; raises BadInput where there is none of that id here."""
    with Session(engine()) as session:
        found = session.get(Giveaway, giveaway_id)
        if found is None or found.guild_id != guild_id or found.status != "ended":
            raise BadInput(_("There is no giveaway with this id here that has ended."))
        statement = select(GiveawayEntry.user_id).where(GiveawayEntry.giveaway_id == giveaway_id)
        entries = sorted(session.scalars(statement))
        won = winners(session, giveaway_id)
    # Whoever left before the draw was passed over, and so was each winner that another was drawn for.
    order = [user for user in draw(found.seed, entries, len(entries)) if user in set(won)]
    return Proof(found, entries, won, is_right=order == won)
