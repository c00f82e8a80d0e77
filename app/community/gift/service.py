"""The daily gift: once in 24 hours, by the clock that is in the command's id.

That clock is Discord's, so one of ours that jumps neither gives twice nor makes anybody wait for years.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.community.economy import service as economy
from app.community.economy.messages import coins
from app.community.economy.rules import MINT, Move, member
from app.community.gift.rules import AMOUNT, left, shown
from app.core import choices
from app.core.answers import Answer
from app.core.clock import snowflake_time
from app.core.commands import Command
from app.core.db import UnitOfWork
from app.core.errors import Refused
from app.core.translations import _

# Two clicks at once meet at this row: the second waits for the first.
_OPEN = text(
    "INSERT INTO gifts (guild_id, user_id, given_at) VALUES (:guild, :user, '-infinity') ON CONFLICT DO NOTHING"
)
# Whoever had everything erased waits as after a gift, or erasing would bring one.
_LAST = text(
    "SELECT nullif(greatest(g.given_at, (SELECT e.erased_at FROM erasures e WHERE e.guild_id = :guild"
    " AND e.user_id = :user)), '-infinity') FROM gifts g WHERE g.guild_id = :guild AND g.user_id = :user FOR UPDATE"
)
_GIVEN = text("UPDATE gifts SET given_at = :moment WHERE guild_id = :guild AND user_id = :user")


def give(uow: UnitOfWork, command: Command) -> Answer:
    """Give a member the daily gift, or refuse with the time that is left."""
    values = {"guild": command.guild_id, "user": command.user_id}
    moment = snowflake_time(command.id)
    economy.require_parties(uow.session, command.guild_id, [command.user_id])
    uow.session.execute(_OPEN, values)
    wait = left(uow.session.execute(_LAST, values).scalar_one(), moment)
    if wait.total_seconds() > 0:
        raise Refused(_("You had your gift already. The next one comes in {time}.").format(time=shown(wait)))
    uow.session.execute(_GIVEN, {**values, "moment": moment})
    amount = AMOUNT.of(choices.load(uow.session, command.guild_id).options)
    move = Move(MINT, member(command.user_id), amount, "daily_gift", f"gift:{command.id}")
    economy.post(uow.session, command.guild_id, [move])
    return Answer(_("Here are {coins} for you. Come back in 24 hours.").format(coins=coins(amount)))


def forget_person(session: Session, guild_id: int | None, user_id: int) -> None:
    """Forget when a person had a gift (guild None: everywhere). Twice changes nothing."""
    here = "" if guild_id is None else " AND guild_id = :guild"
    session.execute(text(f"DELETE FROM gifts WHERE user_id = :user{here}"), {"user": user_id, "guild": guild_id})  # noqa: S608 - constants.
