"""What members forbid themselves, and whether somebody may stake so much now."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.community.games import rules
from app.community.games.rules import Limits
from app.core import clock
from app.core.answers import Answer
from app.core.choices import Choices
from app.core.commands import Command
from app.core.db import UnitOfWork
from app.core.errors import Refused
from app.core.translations import _

_READ = text(
    "SELECT excluded_until, daily_loss, next_daily_loss, next_from FROM game_limits"
    " WHERE guild_id = :guild AND user_id = :user"
)
_OPEN = text(
    "INSERT INTO game_limits (guild_id, user_id, changed_at) VALUES (:guild, :user, :at) ON CONFLICT DO NOTHING"
)
_WRITE = text(
    "UPDATE game_limits SET excluded_until = :excluded_until, daily_loss = :daily_loss,"
    " next_daily_loss = :next_daily_loss, next_from = :next_from, changed_at = :at"
    " WHERE guild_id = :guild AND user_id = :user"
)
_LOST = text(
    "SELECT coalesce(sum(stake - payout), 0)::bigint FROM game_results"
    " WHERE guild_id = :guild AND user_id = :user AND ended_at >= :since"
)
_OPTED_OUT = text("SELECT 1 FROM opt_outs WHERE guild_id = :guild AND user_id = :user")


def require_allowed(session: Session, guild_id: int, user_id: int, stake: int, chosen: Choices) -> None:
    """Raise Refused where a member's own wish or the guild's limit forbids this stake.

    Call it once the member is bound to the game: being at one game only, nobody can stake twice against one limit.
    """
    now = clock.now()
    values: dict[str, Any] = {"guild": guild_id, "user": user_id}
    require_recorded(session, guild_id, user_id)
    since = rules.day_start(now, chosen.zone)
    lost = session.execute(_LOST, {**values, "since": since}).scalar_one()
    rules.require_allowed(_read(session, values), chosen.options, lost, stake, now)


def require_recorded(session: Session, guild_id: int, user_id: int) -> None:
    """Raise Refused where nothing may be recorded of this person."""
    if session.execute(_OPTED_OUT, {"guild": guild_id, "user": user_id}).first():
        raise Refused(_("Nothing may be recorded of somebody who opted out; /privacy on ends that."))


def exclude(uow: UnitOfWork, command: Command) -> Answer:
    """Keep a member from games for so many days; nobody can take that back."""
    limits = _change(uow.session, command, lambda found: rules.excluded(found, command.integer("days"), clock.now()))
    assert limits.excluded_until is not None, "it was just set"
    return Answer(
        _("I keep you from games until {when}. That cannot be taken back.").format(
            when=f"<t:{int(limits.excluded_until.timestamp())}:f>"
        )
    )


def limit(uow: UnitOfWork, command: Command) -> Answer:
    """Set how much a member may lose in games a day."""
    limits = _change(uow.session, command, lambda found: rules.limited(found, command.integer("coins"), clock.now()))
    if limits.next_from is not None:
        return Answer(
            _("That is less strict than before, so it counts from {when} on.").format(
                when=f"<t:{int(limits.next_from.timestamp())}:f>"
            )
        )
    if limits.daily_loss is None:
        return Answer(_("You have no limit of your own."))
    return Answer(_("You may lose at most {coins} coins a day in games.").format(coins=limits.daily_loss))


def _change(session: Session, command: Command, change: Any) -> Limits:
    if command.guild_id == 0:
        raise Refused(_("Games belong to a server; use this command there."))
    values = {"guild": command.guild_id, "user": command.user_id, "at": clock.now()}
    require_recorded(session, command.guild_id, command.user_id)
    session.execute(_OPEN, values)
    limits: Limits = change(_read(session, values, for_update=True))
    session.execute(_WRITE, {**values, **limits.__dict__})
    return limits


def _read(session: Session, values: dict[str, Any], *, for_update: bool = False) -> Limits:
    statement = text(f"{_READ.text} FOR UPDATE") if for_update else _READ
    row = session.execute(statement, values).first()
    return Limits(*row) if row else Limits()
