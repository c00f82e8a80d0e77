"""A game as it lies in the database: made, locked, given players, and stored with every step.

Lock a game before its players, and both before multipliers, items and coins: then no two transactions wait for each
other in a circle.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.community.games.kinds.base import Kind, State, Table
from app.community.games.messages import Outcome, Shown
from app.community.games.rules import KINDS
from app.core.errors import Refused
from app.core.translations import _

# When a message has to follow: at once where nobody else shows it, later where the bot does and might die before.
AT_ONCE, TO_BE_SURE = timedelta(0), timedelta(seconds=20)
_COLUMNS = (
    "id, guild_id, channel_id, kind, status, stake, language, state, outcome, step, version, step_started_at,"
    " deadline, post_id, created_at, clock_timestamp() AS now"
)
_LOCK = text(f"SELECT {_COLUMNS} FROM games WHERE guild_id = :guild AND id = :id FOR UPDATE")  # noqa: S608 - constants.
_LOCK_FREE = text(f"SELECT {_COLUMNS} FROM games WHERE id = :id FOR UPDATE SKIP LOCKED")  # noqa: S608 - constants.
_READ = text(f"SELECT {_COLUMNS} FROM games WHERE id = :id")  # noqa: S608 - constants.
_SEATS = text("SELECT user_id, stake, is_active FROM game_players WHERE game_id = :id ORDER BY seat")
_CREATE = text(
    "INSERT INTO games (guild_id, channel_id, kind, status, stake, language, deadline)"  # noqa: S608 - constants.
    " VALUES (:guild, :channel, :kind, 'waiting', :stake, :language,"
    f" clock_timestamp() + make_interval(secs => :seconds)) ON CONFLICT DO NOTHING RETURNING {_COLUMNS}"
)
# Whoever is active in another game of the guild is left out.
_SEAT = text(
    "INSERT INTO game_players (game_id, seat, guild_id, user_id, stake, is_active)"
    " VALUES (:id, :seat, :guild, :user, :stake, :active)"
    " ON CONFLICT (guild_id, user_id) WHERE is_active DO NOTHING RETURNING 1"
)
_UNSEAT = text("DELETE FROM game_players WHERE game_id = :id AND seat = :seat")
_RELEASE = text("UPDATE game_players SET is_active = false WHERE game_id = :id AND is_active")
_STORE = text(
    "UPDATE games SET status = :status, state = CAST(:state AS jsonb), outcome = CAST(:outcome AS jsonb), step = :step,"
    " version = :version, step_started_at = :started, deadline = :deadline, post_id = :post, show_at = :show,"
    " ended_at = CASE WHEN CAST(:deadline AS timestamptz) IS NULL THEN :started END WHERE id = :id"
)


@dataclass
class Seat:
    """A player at a game; not active: challenged, and has not accepted yet."""

    user_id: int
    stake: int
    is_active: bool


@dataclass
class Game:
    """A game under its lock; `now` is the database's clock, so that all workers share one."""

    id: int
    guild_id: int
    channel_id: int
    kind: Kind[Any]
    status: str
    stake: int
    language: str
    state: State | None
    outcome: Outcome
    step: int
    version: int
    step_started_at: datetime
    deadline: datetime | None
    post_id: int | None
    created_at: datetime
    now: datetime
    seats: list[Seat]

    @property
    def is_over(self) -> bool:
        """Whether nothing can happen any more."""
        return self.deadline is None

    @property
    def table(self) -> Table:
        """Its players, as the rules know them."""
        return Table(tuple(seat.user_id for seat in self.seats), tuple(seat.stake for seat in self.seats))

    def seat_of(self, user_id: int) -> int | None:
        """Where a person sits; None: nowhere."""
        return next((number for number, seat in enumerate(self.seats) if seat.user_id == user_id), None)

    def shown(self) -> Shown:
        """What its message shows."""
        return Shown(self.id, self.kind, self.status, self.step, self.deadline, self.table, self.state, self.outcome)

    def starts_step(self, seconds: float) -> None:
        """Give its players so much time from now on."""
        self.step_started_at, self.deadline = self.now, self.now + timedelta(seconds=seconds)


def create(session: Session, *, guild_id: int, channel_id: int, kind: Kind[Any], stake: int, language: str) -> Game:
    """A new game without players; raises Refused where the channel has one that everybody may join."""
    values = {"guild": guild_id, "channel": channel_id, "kind": kind.name, "stake": stake, "language": language}
    row = session.execute(_CREATE, {**values, "seconds": kind.invitation_seconds}).first()
    if row is None:
        raise Refused(_("Somebody else has just begun one here. Please try again."))
    return _game(row, [])


def lock(session: Session, guild_id: int, game_id: int) -> Game | None:
    """The game, until the transaction ends; None where this guild has none of that id."""
    return _with_seats(session, session.execute(_LOCK, {"guild": guild_id, "id": game_id}).first())


def lock_free(session: Session, game_id: int) -> Game | None:
    """The game, unless somebody else is at it."""
    return _with_seats(session, session.execute(_LOCK_FREE, {"id": game_id}).first())


def read(session: Session, game_id: int) -> Game | None:
    """The game without a lock."""
    return _with_seats(session, session.execute(_READ, {"id": game_id}).first())


def sit(session: Session, game: Game, user_id: int, stake: int, *, is_active: bool = True) -> None:
    """Give somebody the next seat; raises Refused where they are at another game of this guild."""
    _insert_seat(session, game, len(game.seats), user_id, stake, is_active=is_active)
    game.seats.append(Seat(user_id, stake, is_active))


def bind(session: Session, game: Game, seat: int) -> None:
    """Bind the challenged to the game that they accept; raises Refused where they are at another one."""
    player = game.seats[seat]
    session.execute(_UNSEAT, {"id": game.id, "seat": seat})
    _insert_seat(session, game, seat, player.user_id, player.stake, is_active=True)
    player.is_active = True


def store(session: Session, game: Game, *, show_in: timedelta | None) -> None:
    """Write the game's new state; `show_in`: when a worker is to bring its message up to date, in case nobody did."""
    game.version += 1
    if game.is_over:
        session.execute(_RELEASE, {"id": game.id})
    session.execute(
        _STORE,
        {
            "id": game.id,
            "status": game.status,
            "state": _json(game.state) if game.state else "{}",
            "outcome": _json(game.outcome),
            "step": game.step,
            "version": game.version,
            "started": game.now if game.is_over else game.step_started_at,
            "deadline": game.deadline,
            "post": game.post_id,
            "show": None if show_in is None or game.post_id is None else game.now + show_in,
        },
    )


def _insert_seat(session: Session, game: Game, seat: int, user_id: int, stake: int, *, is_active: bool) -> None:
    values = {"id": game.id, "seat": seat, "guild": game.guild_id, "user": user_id, "stake": stake}
    if not session.execute(_SEAT, {**values, "active": is_active}).first():
        raise Refused(_("You are in another game. Finish it first."))


def _with_seats(session: Session, row: Any) -> Game | None:
    if row is None:
        return None
    seats = [Seat(*seat) for seat in session.execute(_SEATS, {"id": row.id})]
    return _game(row, seats)


def _game(row: Any, seats: list[Seat]) -> Game:
    kind = KINDS[row.kind]
    state = msgspec.convert(row.state, kind.state) if row.state else None
    outcome = msgspec.convert(row.outcome, Outcome)
    fields = dict(row._mapping) | {"kind": kind, "state": state, "outcome": outcome}  # noqa: SLF001 - its public name.
    return Game(**fields, seats=seats)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
