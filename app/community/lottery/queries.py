"""Reading draws and tickets."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.community.lottery.rules import Held, moment_of
from app.core import choices
from app.core.choices import Choices
from app.core.db import engine
from schema.models.lottery import LotteryDraw

# A zone is at most 14 hours from UTC, so later days cannot be due yet.
_OPEN = text("SELECT guild_id, id, day FROM lottery_draws WHERE drawn_at IS NULL AND day <= :day ORDER BY guild_id")
_TICKETS = text(
    "SELECT p.first_ticket, p.last_ticket FROM lottery_purchases p JOIN lottery_draws d ON d.id = p.draw_id"
    " WHERE p.guild_id = :guild AND p.user_id = :user AND d.drawn_at IS NULL ORDER BY p.first_ticket"
)
_HELD = text(
    "SELECT first_ticket, last_ticket, user_id FROM lottery_purchases"
    " WHERE guild_id = :guild AND draw_id = :draw ORDER BY first_ticket"
)


@dataclass(frozen=True)
class Tickets:
    """Ranges of ticket numbers, and how many of all they are."""

    ranges: tuple[tuple[int, int], ...]
    sold: int

    @property
    def count(self) -> int:
        """How many tickets these are."""
        return sum(last - first + 1 for first, last in self.ranges)


def tickets(guild_id: int, user_id: int) -> Tickets:
    """A member's tickets for the draw to come."""
    with Session(engine()) as session:
        found = session.execute(_TICKETS, {"guild": guild_id, "user": user_id}).all()
        sold = session.scalar(
            select(LotteryDraw.sold).where(LotteryDraw.guild_id == guild_id, LotteryDraw.drawn_at.is_(None))
        )
        return Tickets(tuple((row.first_ticket, row.last_ticket) for row in found), sold or 0)


def last_draw(guild_id: int, day: date | None = None) -> LotteryDraw | None:
    """The newest draw that took place, or the one of that day; never one that is open, whose seed is secret."""
    statement = select(LotteryDraw).where(LotteryDraw.guild_id == guild_id, LotteryDraw.drawn_at.is_not(None))
    if day is not None:
        statement = statement.where(LotteryDraw.day == day)
    with Session(engine(), expire_on_commit=False) as session:
        return session.scalars(statement.order_by(LotteryDraw.day.desc()).limit(1)).first()


def held(session: Session, guild_id: int, draw_id: int) -> list[Held]:
    """The tickets of a draw that somebody holds."""
    return [Held(*row) for row in session.execute(_HELD, {"guild": guild_id, "draw": draw_id})]


def due(session: Session, moment: datetime) -> list[tuple[int, int]]:
    """Draws (guild, id) whose moment has come by their guild's clock."""
    found = session.execute(_OPEN, {"day": moment.astimezone(ZoneInfo("Etc/GMT-14")).date()}).all()
    chosen = choices.load_many(session, [row.guild_id for row in found])
    return [
        (row.guild_id, row.id)
        for row in found
        if moment_of(row.day, chosen.get(row.guild_id, Choices()).zone) <= moment
    ]
