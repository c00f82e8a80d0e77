"""Opting out, opting in, and erasing.

Erasing is dangerous, because it cannot be taken back: so it asks twice (see the cog), follows the rules of data in
`rules`, and can be repeated. It waits for batches that passed the check of wishes already, and the row in `erasures`
comes first: from its commit on, ingest refuses whatever happened before. A second pass a minute later looks again, and
only then the erasure counts as finished.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.activity.deadletters import service as deadletters
from app.activity.ingest import service as ingest
from app.community.economy import service as economy
from app.community.games import due as games
from app.community.gift import service as gift
from app.community.giveaways import service as giveaways
from app.community.inventory import service as inventory
from app.community.leaderboards import service as leaderboards
from app.community.lottery import service as lottery
from app.core import queue
from app.core.answers import Answer
from app.core.cache.namespace import forget_person
from app.core.clock import now, snowflake_at
from app.core.commands import Command
from app.core.db import UnitOfWork
from app.core.errors import BadInput
from app.core.translations import _
from app.knowledge.documents import days
from app.knowledge.embeddings import service as index
from app.upkeep.privacy import mentions
from app.upkeep.privacy.rules import LOCKS, MESSAGES, RULES, Rule
from app.upkeep.settings.service import tell
from schema.models.privacy import Erasure, OptOut

ERASE = "privacy.erase"
# What features do where rows of a person cannot simply go (guild None: everywhere), in this order: games give stakes
# back before the coins are burnt. Twice is safe.
FORGETTERS: tuple[Callable[[Session, int | None, int], None], ...] = (
    gift.forget_person,
    giveaways.forget_person,
    games.forget_person,
    lottery.forget_person,
    inventory.forget_person,
    economy.forget_person,
    leaderboards.forget_person,
)
SCOPES = ("here", "everywhere")
# A command's transaction deletes so many messages at most; the rest follows in tasks of as many.
CHUNK = 2000
# A batch of ingest is committed long before; then nothing older can appear any more.
SETTLED_AFTER = timedelta(seconds=60)


def opt_out(uow: UnitOfWork, command: Command) -> Answer:
    """Record nothing of this person here from now on. Twice leaves one row."""
    values = {"guild_id": command.guild_id, "user_id": command.user_id}
    uow.session.execute(insert(OptOut).values(**values).on_conflict_do_nothing())
    days.cut_author(uow.session, command.guild_id, command.user_id)
    # Its end will not be recorded, so it would one day count as time spent talking.
    uow.session.execute(
        text("DELETE FROM voice_sessions WHERE guild_id = :guild_id AND user_id = :user_id AND ended_at IS NULL"),
        values,
    )
    uow.after_commit(lambda: tell("privacy", command.guild_id))
    return Answer(
        _("From now on I record nothing of you here. What I already have stays until you erase it: /privacy erase.")
    )


def opt_in(uow: UnitOfWork, command: Command) -> Answer:
    """Record this person again, as the server's settings say."""
    uow.session.execute(delete(OptOut).where(OptOut.guild_id == command.guild_id, OptOut.user_id == command.user_id))
    days.cut_author(uow.session, command.guild_id, command.user_id)
    uow.after_commit(lambda: tell("privacy", command.guild_id))
    return Answer(_("From now on I record you here as the settings of this server say."))


def erase_by_command(uow: UnitOfWork, command: Command) -> Answer:
    """Erase what there is of the person: here, or everywhere."""
    scope = command.text("scope")
    if scope not in SCOPES:
        raise BadInput(_("“{value}” is no scope. Allowed: {allowed}.").format(value=scope, allowed=", ".join(SCOPES)))
    # Messages are told apart by Discord's clock, which made the command's id too; ours may be wrong.
    guild_id = None if scope == "everywhere" else command.guild_id
    is_done = erase(uow, command.user_id, guild_id, asked_id=command.id)
    if is_done:
        return Answer(_("What I had of you is erased. Posts that I already made in channels stay in Discord."))
    return Answer(
        _("I am erasing what I have of you. It is a lot, so it takes a few minutes; nothing of it can come back.")
    )


def erase(uow: UnitOfWork, user_id: int, guild_id: int | None, *, asked_id: int | None = None) -> bool:
    """Begin an erasure (guild None: in every guild); whether everything is gone with this transaction.

    Every stored message goes, and every one that is older than `asked_id` (Discord's id of the wish; None: than now).
    """
    ingest.wait_for_batches(uow.session)
    moment = now()
    asked = snowflake_at(moment) if asked_id is None else asked_id + 1
    below_id = max(asked, _newest_message(uow.session, user_id, guild_id) + 1)
    scope = [guild_id] if guild_id is not None else guilds(uow.session)
    for guild in sorted(scope):
        _mark(uow.session, guild, user_id, moment, below_id)
    is_done = erase_chunk(uow.session, user_id, guild_id, below_id)
    _lock(uow.session, user_id, guild_id)
    for forget in FORGETTERS:
        forget(uow.session, guild_id, user_id)
    for rule in RULES:
        _apply(uow.session, rule, user_id, guild_id, None)
    mentions.forget_person(uow.session, guild_id, user_id)
    deadletters.forget_person(uow.session, user_id, guild_id)
    _forget_names(uow.session, user_id)
    uow.after_commit(partial(forget_person, scope, user_id))
    for guild in scope:
        uow.after_commit(partial(tell, "privacy", guild))
        if not is_done:
            uow.after_commit(partial(queue.send, ERASE, guild, user_id))
    return is_done


def erase_more(session: Session, guild_id: int, user_id: int) -> bool:
    """Go on with an erasure that began; whether it has reached its end.

    Only what is older than the erasure goes. It is finished once nothing was left and nothing can come any more.
    """
    erasure = session.execute(
        select(Erasure)
        .where(Erasure.guild_id == guild_id, Erasure.user_id == user_id, Erasure.finished_at.is_(None))
        .with_for_update(skip_locked=True)
    ).scalar_one_or_none()
    if erasure is None:
        return True
    is_done = erase_chunk(session, user_id, guild_id, erasure.below_id)
    for rule in RULES:
        if rule.before is not None:
            _apply(session, rule, user_id, guild_id, erasure.erased_at)
    mentions.forget_person(session, guild_id, user_id, erasure.erased_at)
    deadletters.forget_person(session, user_id, guild_id)
    if is_done and now() - erasure.erased_at > SETTLED_AFTER:
        erasure.finished_at = now()
    return is_done


def unfinished(session: Session, limit: int = 100) -> list[tuple[int, int]]:
    """Erasures (guild, user) that are ready for another pass."""
    rows = session.execute(
        select(Erasure.guild_id, Erasure.user_id)
        .where(Erasure.finished_at.is_(None), Erasure.erased_at < now() - SETTLED_AFTER)
        .order_by(Erasure.erased_at)
        .limit(limit)
    )
    return [(row.guild_id, row.user_id) for row in rows]


def erase_chunk(session: Session, user_id: int, guild_id: int | None, below_id: int) -> bool:
    """Delete a chunk of the person's messages with ids below that one and all that hangs on them; whether all went."""
    values = {"user": user_id, "guild": guild_id, "below_id": below_id, "chunk": CHUNK}
    found = session.execute(
        text(
            f"SELECT id, guild_id FROM messages WHERE author_id = :user AND {MESSAGES.before}{_here(guild_id)}"  # noqa: S608 - constants
            " ORDER BY id LIMIT :chunk FOR UPDATE"
        ),
        values,
    ).all()
    by_guild: dict[int, list[int]] = defaultdict(list)
    for row in found:
        by_guild[row.guild_id].append(row.id)
    for guild in sorted(by_guild):
        _delete_messages(session, guild, user_id, by_guild[guild])
    return len(found) < CHUNK


def _delete_messages(session: Session, guild_id: int, user_id: int, ids: list[int]) -> None:
    """Delete these messages with all that hangs on them, and count anew what is left."""
    values = {"ids": ids, "guild": guild_id, "user": user_id}
    session.execute(text("DELETE FROM messages WHERE id = ANY(:ids)"), values)
    session.execute(text("DELETE FROM message_revisions WHERE message_id = ANY(:ids)"), values)
    session.execute(text("DELETE FROM reactions WHERE message_id = ANY(:ids)"), values)
    index.forget(session, guild_id, ids)
    # Ingest adds to the total after it inserted: under the row's lock the count sees what is in it, and no more.
    here = "WHERE guild_id = :guild AND user_id = :user"
    session.execute(text(f"SELECT FROM members {here} FOR UPDATE"), values)
    left = "SELECT count(*), snowflake_time(max(id)) FROM messages WHERE guild_id = :guild AND author_id = :user"
    session.execute(text(f"UPDATE members SET (message_count, last_message_at) = ({left}) {here}"), values)  # noqa: S608 - constants.


def _lock(session: Session, user_id: int, guild_id: int | None) -> None:
    for statement in LOCKS:
        session.execute(text(statement.format(here=_here(guild_id))), {"user": user_id, "guild": guild_id})


def _apply(session: Session, rule: Rule, user_id: int, guild_id: int | None, moment: datetime | None) -> None:
    """Carry out one rule; with a moment, only on what is older."""
    if rule.how == "elsewhere" or (rule.guild is None and guild_id is not None):
        return
    where = f"{rule.user} = :user AND {rule.only}{_here(guild_id)}"
    if moment is not None:
        where += f" AND {rule.before}"
    values: dict[str, Any] = {"user": user_id, "guild": guild_id}
    if moment is not None:
        values["erased_at"] = moment
    clear = f"UPDATE {rule.table} SET {rule.user} = NULL WHERE {where}"  # noqa: S608 - our own rules.
    remove = f"DELETE FROM {rule.table} WHERE {where}"  # noqa: S608 - our own rules.
    session.execute(text(clear if rule.how == "clear" else remove), values)


def _here(guild_id: int | None) -> str:
    return "" if guild_id is None else " AND guild_id = :guild"


def _newest_message(session: Session, user_id: int, guild_id: int | None) -> int:
    statement = f"SELECT max(id) FROM messages WHERE author_id = :user{_here(guild_id)}"  # noqa: S608 - constants.
    return int(session.scalar(text(statement), {"user": user_id, "guild": guild_id}) or 0)


def _mark(session: Session, guild_id: int, user_id: int, moment: datetime, below_id: int) -> None:
    statement = insert(Erasure).values(guild_id=guild_id, user_id=user_id, erased_at=moment, below_id=below_id)
    newest = {
        "erased_at": func.greatest(Erasure.erased_at, statement.excluded.erased_at),
        "below_id": func.greatest(Erasure.below_id, statement.excluded.below_id),
        "finished_at": None,
    }
    session.execute(statement.on_conflict_do_update(index_elements=["guild_id", "user_id"], set_=newest))


def guilds(session: Session) -> list[int]:
    """Every guild there is, and the direct messages: a batch under way may come from any of them."""
    return [0, *session.scalars(text("SELECT id FROM guilds WHERE id <> 0"))]


def _forget_names(session: Session, user_id: int) -> None:
    """The name of a person whom no guild knows any more goes too."""
    session.execute(
        text("DELETE FROM users WHERE id = :user AND NOT EXISTS (SELECT FROM members WHERE members.user_id = :user)"),
        {"user": user_id},
    )
