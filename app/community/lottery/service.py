"""Selling tickets, and drawing once for each guild and Sunday.

Whatever concerns a draw locks its row first, and coins last; so nobody buys into a draw that is under way.
"""

import secrets
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.community.economy import service as economy
from app.community.economy.messages import coins
from app.community.economy.rules import BURN, LOTTERY, MINT, Move, member
from app.community.economy.rules import checked as checked_coins
from app.community.lottery import messages, queries, rules
from app.community.lottery.rules import BASE, CHANNEL, PRICE, moment_of, next_day
from app.core import choices, clock, posts
from app.core.answers import Answer
from app.core.choices import Choices
from app.core.commands import Command
from app.core.db import UnitOfWork
from app.core.errors import Refused
from app.core.translations import _, speaking
from schema.models.lottery import LotteryDraw, LotteryPurchase

_JACKPOT = text("SELECT balance FROM coin_accounts WHERE guild_id = :guild AND kind = 'lottery' AND owner_id = 0")


def buy(uow: UnitOfWork, command: Command) -> Answer:
    """Sell a member tickets for the draw to come; coins and tickets change hands in one transaction."""
    session, guild, count = uow.session, command.guild_id, rules.checked(command.integer("count"))
    economy.require_parties(session, guild, [command.user_id])
    chosen = choices.load(session, guild)
    draw = _selling(session, guild, chosen)
    cost = PRICE.of(chosen.options) * count
    first, last = draw.sold + 1, draw.sold + count
    session.add(
        LotteryPurchase(guild_id=guild, draw_id=draw.id, first_ticket=first, last_ticket=last, user_id=command.user_id)
    )
    draw.sold = last
    move = Move(member(command.user_id), LOTTERY, cost, "lottery_purchase", f"lottery:{command.id}", command.user_id)
    economy.post(session, guild, [move])
    numbers = f"{first}-{last}" if last > first else f"{first}"
    text = _("You bought {tickets} for {coins}: {numbers}. Good luck!").format(
        tickets=messages.tickets(count), coins=coins(cost), numbers=numbers
    )
    return Answer(f"{text}\n{_coming(session, draw, chosen)}")


def show(uow: UnitOfWork, command: Command) -> Answer:
    """Show the draw to come; the first look opens it, so that its hash is told before the first ticket."""
    economy.require_parties(uow.session, command.guild_id, [])
    chosen = choices.load(uow.session, command.guild_id)
    return Answer(_coming(uow.session, _open(uow.session, command.guild_id, chosen), chosen))


def set_jackpot(uow: UnitOfWork, command: Command) -> Answer:
    """Set the jackpot, as an admin; the log channel is told the value before."""
    session, guild = uow.session, command.guild_id
    wanted = checked_coins(command.integer("amount"), low=0)
    economy.require_parties(session, guild, [])
    _open(session, guild, choices.load(session, guild))
    before = jackpot(session, guild)
    if wanted != before:
        source, target = (MINT, LOTTERY) if wanted > before else (LOTTERY, BURN)
        key, reference = f"lottery:{command.id}", f"set from {before}"
        move = Move(source, target, abs(wanted - before), "admin_set", key, command.user_id, reference)
        economy.post(session, guild, [move])
    values = {"before": before, "after": wanted}
    posts.tell_admins(
        uow,
        command,
        "lottery",
        command.user_id,
        lambda: _("🎟️ {admin} set the jackpot: {before} before, {after} now.").format(
            admin=f"<@{command.user_id}>", **values
        ),
    )
    return Answer(_("The jackpot is {after} coins now, and was {before} before.").format(**values))


def jackpot(session: Session, guild_id: int) -> int:
    """The coins in a guild's jackpot."""
    return session.execute(_JACKPOT, {"guild": guild_id}).scalar() or 0


def draw_due(uow: UnitOfWork, draw_id: int, moment: datetime) -> bool:
    """Hold a draw whose moment has come; whether it was held now. A second try finds it drawn, or in other hands."""
    session = uow.session
    draw = session.execute(
        select(LotteryDraw)
        .where(LotteryDraw.id == draw_id, LotteryDraw.drawn_at.is_(None))
        .with_for_update(skip_locked=True)
    ).scalar_one_or_none()
    if draw is None:
        return False
    chosen = choices.load(session, draw.guild_id)
    if moment_of(draw.day, chosen.zone) > moment:
        return False
    draw.drawn_at, draw.jackpot = moment, jackpot(session, draw.guild_id)
    _win(session, draw)
    session.flush()
    following = _open(session, draw.guild_id, chosen) if chosen.is_on("lottery") else None
    _announce(uow, draw, following, chosen)
    return True


def forget_person(session: Session, guild_id: int | None, user_id: int) -> None:
    """Take a person's tickets and victories away (guild None: in every guild). Twice changes nothing.

    The numbers of the tickets stay sold, so that the draw can still be checked; one that nobody holds never wins.
    """
    here = "" if guild_id is None else " AND guild_id = :guild"
    values = {"user": user_id, "guild": guild_id}
    for statement in _FORGET:
        session.execute(text(statement.format(here=here)), values)


# No draw may be under way while its tickets go.
_LOCK_DRAWS = """
SELECT FROM lottery_draws WHERE drawn_at IS NULL
AND id IN (SELECT draw_id FROM lottery_purchases WHERE user_id = :user){here} ORDER BY id FOR UPDATE
"""
_FORGET = (
    _LOCK_DRAWS,
    "DELETE FROM lottery_purchases WHERE user_id = :user{here}",
    "UPDATE lottery_draws SET winner_id = NULL WHERE winner_id = :user{here}",
)


def _open(session: Session, guild_id: int, chosen: Choices) -> LotteryDraw:
    """The guild's open draw, locked; it is made where there is none, and an empty jackpot is filled."""
    newest = select(func.max(LotteryDraw.day)).where(LotteryDraw.guild_id == guild_id)
    found = select(LotteryDraw).where(LotteryDraw.guild_id == guild_id, LotteryDraw.drawn_at.is_(None))
    draw = session.execute(found.with_for_update()).scalar_one_or_none()
    if draw is not None:
        return draw
    day = next_day(clock.now(), chosen.zone, session.execute(newest).scalar())
    made = insert(LotteryDraw).values(guild_id=guild_id, day=day, seed=secrets.token_bytes(rules.SEED_BYTES))
    session.execute(made.on_conflict_do_nothing())
    draw = session.execute(found.with_for_update()).scalar_one()
    base = BASE.of(chosen.options)
    if base and not jackpot(session, guild_id):
        economy.post(session, guild_id, [Move(MINT, LOTTERY, base, "lottery_base", f"lottery:{draw.id}:base")])
    return draw


def _selling(session: Session, guild_id: int, chosen: Choices) -> LotteryDraw:
    """The open draw, if tickets for it are still sold."""
    draw = _open(session, guild_id, chosen)
    if moment_of(draw.day, chosen.zone) <= clock.now():
        raise Refused(_("The draw is under way. Tickets for the next one are sold in a minute."))
    return draw


def _win(session: Session, draw: LotteryDraw) -> None:
    """Find the winner, where anybody holds a ticket, and pay."""
    found = rules.drawn(draw.seed, draw.sold, queries.held(session, draw.guild_id, draw.id))
    if found is None:
        return
    draw.attempt, draw.winning_ticket, winner = found
    draw.winner_id = winner
    if draw.jackpot:
        move = Move(LOTTERY, member(winner), draw.jackpot, "lottery_win", f"lottery:{draw.id}:win")
        economy.post(session, draw.guild_id, [move])


def _coming(session: Session, draw: LotteryDraw, chosen: Choices) -> str:
    price, moment = PRICE.of(chosen.options), moment_of(draw.day, chosen.zone)
    return messages.coming(draw, jackpot(session, draw.guild_id), price, moment)


def _announce(uow: UnitOfWork, draw: LotteryDraw, following: LotteryDraw | None, chosen: Choices) -> None:
    """Owe the post that tells the result, and the hash of the next draw."""
    channel = CHANNEL.of(chosen.options)
    if channel is None:
        return
    with speaking(chosen.language):
        lines = [messages.result(draw), *([_coming(uow.session, following, chosen)] if following else [])]
    posts.owe(
        uow,
        guild_id=draw.guild_id,
        channel_id=channel,
        subject_id=draw.winner_id,
        kind="lottery",
        dedupe_key=f"lottery:{draw.id}",
        body={"content": "\n".join(lines)},
    )
