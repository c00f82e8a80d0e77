"""The one message of a guild that shows its leaderboards: posted once, edited when something on it changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.community.leaderboards import messages, queries
from app.community.leaderboards.messages import Sheet
from app.community.leaderboards.queries import Place
from app.community.leaderboards.rules import BOARDS, CHANNEL, Board
from app.core import choices, posts
from app.core.choices import Choices
from app.core.clock import now
from app.core.db import UnitOfWork
from app.core.translations import speaking
from schema.models.leaderboards import LeaderboardMessage
from schema.models.outbound import OutboundPost

# What the message shows; the other boards are a command away.
SHOWN = ("coins", "level")
# A message shows this beside its boards once they are drawn. A post has no pictures: the edit after it brings them.
_DRAWN = "pictures"
_LIFETIME = timedelta(hours=1)


@dataclass(frozen=True)
class Edit:
    """A message that has to become this, and what it then shows."""

    guild_id: int
    channel_id: int
    message_id: int
    body: dict[str, Any]
    shown: dict[str, Any]
    # What is drawn, by the name of the board.
    sheets: dict[str, Sheet]


def wishes(session: Session) -> dict[int, Choices]:
    """The guilds that want the message."""
    return {
        guild: chosen for guild, chosen in choices.load_many(session).items() if CHANNEL.of(chosen.options) is not None
    }


def refresh(uow: UnitOfWork, guild_id: int, chosen: Choices) -> Edit | None:
    """Post the message where there is none, or say how it has to be edited; None while nothing on it changed.

    Twice is safe: a post is owed once for each generation, and what is to be edited is only noted once it is.
    """
    channel_id = CHANNEL.of(chosen.options)
    if channel_id is None:
        return None
    row = _lock(uow.session, guild_id, channel_id)
    boards = _boards(uow.session, guild_id, chosen)
    shown = {board.name: [[place.user_id, place.score] for place in places] for board, places in boards.items()}
    if row.shown == {**shown, _DRAWN: []}:
        return None
    with speaking(chosen.language):
        body = messages.body(boards, _order(row.shown))
    key = f"leaderboard:{row.generation}"
    posted = uow.session.execute(
        select(OutboundPost.message_id, OutboundPost.failed_at).where(
            OutboundPost.guild_id == guild_id, OutboundPost.dedupe_key == key
        )
    ).one_or_none()
    if posted is None:
        posts.owe(
            uow,
            guild_id=guild_id,
            channel_id=channel_id,
            kind="leaderboard",
            dedupe_key=key,
            body=body,
            lifetime=_LIFETIME,
        )
        row.shown, row.shown_at = shown, now()
        return None
    if posted.failed_at is not None:
        # It could not be posted, for as long as it lasted; the next refresh that has something new tries again.
        row.generation += row.shown != shown
        return None
    if posted.message_id is None:
        # It is on its way; what changed meanwhile is shown by the next refresh.
        return None
    with speaking(chosen.language):
        sheets = _sheets(uow.session, guild_id, boards)
    return Edit(guild_id, channel_id, posted.message_id, body, {**shown, _DRAWN: []}, sheets)


def note_edited(session: Session, edit: Edit) -> None:
    """The message shows this now."""
    row = _lock(session, edit.guild_id, edit.channel_id)
    row.shown, row.shown_at = edit.shown, now()


def begin_anew(session: Session, guild_id: int, channel_id: int) -> None:
    """The message is gone; the next refresh posts another."""
    row = _lock(session, guild_id, channel_id)
    row.generation += 1
    row.shown = None


def forget_person(session: Session, guild_id: int | None, user_id: int) -> None:
    """Have the messages that may name this person written anew (guild None: in every guild). Twice is safe."""
    here = "" if guild_id is None else " AND guild_id = :guild"
    named = text(
        f"UPDATE leaderboard_messages SET shown = NULL WHERE CAST(shown AS text) LIKE :named{here}"  # noqa: S608 - constants.
    )
    session.execute(named, {"named": f"%[{user_id}, %", "guild": guild_id})
    session.execute(text(f"DELETE FROM standings WHERE user_id = :user{here}"), {"user": user_id, "guild": guild_id})  # noqa: S608


def _lock(session: Session, guild_id: int, channel_id: int) -> LeaderboardMessage:
    statement = insert(LeaderboardMessage).values(guild_id=guild_id, channel_id=channel_id, generation=1)
    session.execute(statement.on_conflict_do_nothing())
    found = select(LeaderboardMessage).where(LeaderboardMessage.guild_id == guild_id)
    row = session.execute(found.with_for_update()).scalar_one()
    if row.channel_id != channel_id:
        row.channel_id, row.shown = channel_id, None
        row.generation += 1
    return row


def _boards(session: Session, guild_id: int, chosen: Choices) -> dict[Board, list[Place]]:
    boards = [BOARDS[name] for name in SHOWN]
    return {
        board: queries.top_in(session, guild_id, board)
        for board in boards
        if board.feature is None or chosen.is_on(board.feature)
    }


def _sheets(session: Session, guild_id: int, boards: Mapping[Board, Sequence[Place]]) -> dict[str, Sheet]:
    names = queries.names_in(session, guild_id, [place.user_id for places in boards.values() for place in places])
    return {board.name: messages.sheet(board, places, names) for board, places in boards.items()}


def _order(shown: Mapping[str, Sequence[Sequence[int]]] | None) -> dict[str, list[int]]:
    return {name: [user for user, _score in places] for name, places in (shown or {}).items()}
