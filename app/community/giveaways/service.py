"""Making giveaways, joining them, and drawing the winners, once each.

A giveaway's row is locked first by whatever concerns it, so that nobody joins a draw that is under way.
"""

import secrets
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.community.economy import service as economy
from app.community.economy.rules import BURN, MINT, Account, Move, member
from app.community.giveaways import messages, queries, rules
from app.community.giveaways.rules import Prize
from app.community.inventory import service as inventory
from app.core import choices, posts, queue
from app.core.answers import Answer
from app.core.clock import now
from app.core.commands import Command
from app.core.db import UnitOfWork
from app.core.errors import BadInput, Refused
from app.core.translations import _
from schema.models.giveaways import Giveaway, GiveawayEntry

SHOW = "giveaways.show"
_LEAVE = text("DELETE FROM giveaway_entries WHERE giveaway_id = :giveaway AND user_id = :user RETURNING 1")
_PLACE = text("UPDATE giveaway_entries SET place = :place WHERE giveaway_id = :giveaway AND user_id = :user")
_OPTED_OUT = text("SELECT 1 FROM opt_outs WHERE guild_id = :guild AND user_id = :user")


def create(uow: UnitOfWork, command: Command) -> Answer:
    """Begin a giveaway under the command's id; coins to be won are put aside at once."""
    chosen = choices.load(uow.session, command.guild_id)
    chosen.require("giveaways")
    prize = rules.prize_of(command.text("prize"))
    if prize.kind != "other":
        chosen.require("economy")
    giveaway = Giveaway(
        id=command.id,
        guild_id=command.guild_id,
        channel_id=command.channel_id,
        host_id=command.user_id,
        title=rules.title_of(command.text("title")),
        prize_kind=prize.kind,
        prize=prize.name,
        prize_amount=prize.amount,
        winners=rules.winners_of(command.integer("winners"), prize),
        language=chosen.language if chosen.locale else command.language,
        seed=secrets.token_bytes(rules.SEED_BYTES),
        status="active",
        ends_at=now() + rules.span_of(command.text("duration")),
    )
    _require_room(uow.session, command.guild_id)
    uow.session.add(giveaway)
    uow.session.flush()
    _fund(uow.session, giveaway, prize)
    posts.owe(
        uow,
        guild_id=giveaway.guild_id,
        channel_id=giveaway.channel_id,
        subject_id=giveaway.host_id,
        kind="giveaway",
        dedupe_key=f"giveaway:{giveaway.id}",
        body=messages.body(giveaway, 0),
        lifetime=giveaway.ends_at - now(),
    )
    return Answer(_("The giveaway has begun. Its id is {id}.").format(id=f"`{giveaway.id}`"))


def join(uow: UnitOfWork, command: Command) -> Answer:
    """Take part; a second click changes nothing."""
    giveaway = _open(uow.session, command)
    person = {"guild": command.guild_id, "user": command.user_id}
    if uow.session.execute(_OPTED_OUT, person).first():
        raise Refused(_("Nothing may be recorded of somebody who opted out; /privacy on ends that."))
    entry = insert(GiveawayEntry).values(guild_id=giveaway.guild_id, giveaway_id=giveaway.id, user_id=command.user_id)
    if not uow.session.execute(entry.on_conflict_do_nothing().returning(GiveawayEntry.user_id)).first():
        raise Refused(_("You take part already."))
    giveaway.changes += 1
    return Answer(_("You take part. Good luck!"))


def leave(uow: UnitOfWork, command: Command) -> Answer:
    """Take part no longer."""
    giveaway = _open(uow.session, command)
    if not uow.session.execute(_LEAVE, {"giveaway": giveaway.id, "user": command.user_id}).first():
        raise Refused(_("You do not take part."))
    giveaway.changes += 1
    return Answer(_("You take part no longer."))


def end(uow: UnitOfWork, command: Command) -> Answer:
    """Draw now instead of later."""
    draw(uow, _open(uow.session, command))
    return Answer(_("The giveaway has ended."))


def cancel(uow: UnitOfWork, command: Command) -> Answer:
    """End a giveaway without winners; coins that were put aside are gone."""
    giveaway = _open(uow.session, command)
    _close(uow, giveaway, "cancelled")
    _return_rest(uow.session, giveaway)
    return Answer(_("The giveaway is cancelled."))


def reroll(uow: UnitOfWork, command: Command) -> Answer:
    """Draw one more winner of something that the host hands over; what was delivered stays with whom it went to."""
    giveaway = _lock(uow.session, command)
    if giveaway.status != "ended" or giveaway.prize_kind != "other":
        raise Refused(_("Another winner can only be drawn after the end, and not for coins and items: they are paid."))
    won = queries.winners(uow.session, giveaway.id)
    left = [user for user in queries.candidates(uow.session, giveaway.id) if user not in won]
    chosen = rules.draw(giveaway.seed, left, 1)
    if not chosen:
        raise Refused(_("Nobody is left to be drawn."))
    _place(uow.session, giveaway, chosen, first=len(won) + 1)
    giveaway.changes += 1
    _announce(uow, giveaway, chosen, f"reroll:{command.id}")
    uow.after_commit(lambda: queue.send(SHOW))
    return Answer(_("Another winner is drawn."))


def draw_due(uow: UnitOfWork, giveaway_id: int) -> bool:
    """Draw a giveaway whose time has come; whether it was done now. Twice finds it ended, or in other hands."""
    giveaway = uow.session.execute(
        select(Giveaway)
        .where(Giveaway.id == giveaway_id, Giveaway.status == "active", Giveaway.ends_at <= now())
        .with_for_update(skip_locked=True)
    ).scalar_one_or_none()
    if giveaway is None:
        return False
    draw(uow, giveaway)
    return True


def draw(uow: UnitOfWork, giveaway: Giveaway) -> list[int]:
    """Draw the winners of a giveaway whose row is locked, deliver what they won, and owe the post that tells it."""
    session = uow.session
    chosen = rules.draw(giveaway.seed, queries.candidates(session, giveaway.id), giveaway.winners)
    _close(uow, giveaway, "ended")
    _place(session, giveaway, chosen, first=1)
    prize = messages.prize_of(giveaway)
    if prize.kind == "item":
        for user in sorted(chosen):
            inventory.give(
                session, giveaway.guild_id, user, prize.item, prize.amount, key=f"giveaway:{giveaway.id}:{user}"
            )
    _return_rest(session, giveaway, chosen)
    _announce(uow, giveaway, chosen, "winners")
    return chosen


def forget_person(session: Session, guild_id: int | None, user_id: int) -> None:
    """Take a person out of giveaways (guild None: of every guild), and have their messages show it. Twice is safe."""
    here = "" if guild_id is None else " AND guild_id = :guild"
    values = {"user": user_id, "guild": guild_id}
    for statement in _FORGET:
        session.execute(text(statement.format(here=here)), values)


_UNNAME = """
UPDATE giveaways SET changes = changes + 1, host_id = CASE WHEN host_id = :user THEN NULL ELSE host_id END
WHERE (host_id = :user OR id IN (SELECT giveaway_id FROM giveaway_entries WHERE user_id = :user)){here}
"""
_FORGET = (_UNNAME, "DELETE FROM giveaway_entries WHERE user_id = :user{here}")


def _account(giveaway: Giveaway) -> Account:
    return Account("giveaway", giveaway.id)


def _fund(session: Session, giveaway: Giveaway, prize: Prize) -> None:
    if prize.kind == "coins":
        amount = prize.amount * giveaway.winners
        move = Move(
            MINT, _account(giveaway), amount, "giveaway_funding", f"giveaway:{giveaway.id}:funding", giveaway.host_id
        )
        economy.post(session, giveaway.guild_id, [move])


def _return_rest(session: Session, giveaway: Giveaway, winners: Sequence[int] = ()) -> None:
    """Pay the winners out of what was put aside; what is left is gone."""
    if giveaway.prize_kind != "coins":
        return
    source, amount = _account(giveaway), giveaway.prize_amount
    moves = [
        Move(source, member(user), amount, "giveaway_prize", f"giveaway:{giveaway.id}:place:{place}")
        for place, user in enumerate(winners, 1)
    ]
    rest = amount * (giveaway.winners - len(winners))
    if rest:
        moves.append(Move(source, BURN, rest, "giveaway_refund", f"giveaway:{giveaway.id}:rest"))
    economy.post(session, giveaway.guild_id, moves)


def _close(uow: UnitOfWork, giveaway: Giveaway, status: str) -> None:
    giveaway.status, giveaway.ended_at = status, now()
    giveaway.changes += 1
    uow.after_commit(lambda: queue.send(SHOW))


def _place(session: Session, giveaway: Giveaway, users: Sequence[int], *, first: int) -> None:
    for place, user in enumerate(users, first):
        session.execute(_PLACE, {"giveaway": giveaway.id, "user": user, "place": place})


def _announce(uow: UnitOfWork, giveaway: Giveaway, users: Sequence[int], what: str) -> None:
    posts.owe(
        uow,
        guild_id=giveaway.guild_id,
        channel_id=giveaway.channel_id,
        subject_id=users[0] if len(users) == 1 else None,
        kind="giveaway",
        dedupe_key=f"giveaway:{giveaway.id}:{what}",
        body=messages.announcement(giveaway, users),
        lifetime=timedelta(days=2),
    )


def _require_room(session: Session, guild_id: int) -> None:
    statement = select(func.count()).select_from(Giveaway)
    active = session.execute(statement.where(Giveaway.guild_id == guild_id, Giveaway.status == "active")).scalar_one()
    if active >= rules.MOST_ACTIVE:
        raise Refused(_("There are {most} giveaways already; end one first.").format(most=rules.MOST_ACTIVE))


def _lock(session: Session, command: Command) -> Giveaway:
    """The giveaway that the command names, of this guild, locked."""
    wanted = command.text("giveaway").strip()
    found = None
    if wanted.isascii() and wanted.isdigit() and int(wanted[:20]) < 1 << 63:
        statement = select(Giveaway).where(Giveaway.id == int(wanted), Giveaway.guild_id == command.guild_id)
        found = session.execute(statement.with_for_update()).scalar_one_or_none()
    if found is None:
        raise BadInput(
            _("There is no giveaway “{id}” here; /giveaway list shows those there are.").format(id=wanted[:20])
        )
    return found


def _open(session: Session, command: Command) -> Giveaway:
    giveaway = _lock(session, command)
    if giveaway.status != "active" or giveaway.ends_at <= now():
        raise Refused(_("This giveaway is over."))
    return giveaway
