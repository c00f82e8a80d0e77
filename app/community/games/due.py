"""What the clock does to games: steps end, messages are brought up to date, and what cannot go on gives stakes back."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random
from secrets import SystemRandom
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.community.games import rows, rules, service, settlement
from app.community.games.messages import picture
from app.community.games.rows import Game
from app.community.games.rules import Clock, Verdict
from app.core.db import UnitOfWork
from app.core.translations import speaking

CHUNK = 200
# A step that lies this far ahead is looked at as well: a clock may have been put back.
_DUE = text(
    "SELECT id FROM games WHERE deadline <= clock_timestamp() OR deadline > clock_timestamp() + interval '15 minutes'"
    " ORDER BY deadline LIMIT :limit"
)
_POST = text("SELECT sent_at, message_id FROM outbound_posts WHERE id = :post")
# Whoever takes one up has so long, before the next sweep offers it again.
_OFFER = text(
    "UPDATE games SET show_at = clock_timestamp() + interval '10 seconds' WHERE id IN ("
    "SELECT id FROM games WHERE show_at <= clock_timestamp() ORDER BY show_at LIMIT :limit FOR UPDATE SKIP LOCKED)"
    " RETURNING id"
)
_WAS_SHOWN = text("UPDATE games SET show_at = NULL WHERE id = :id AND version = :version")
_NEVER_SHOW = text("UPDATE games SET show_at = NULL WHERE id = :id")
_STALE_SHOW = timedelta(hours=1)


def due(session: Session, limit: int = CHUNK) -> list[int]:
    """Games whose step may be over."""
    return list(session.scalars(_DUE, {"limit": limit}))


def end_step(
    uow: UnitOfWork, game_id: int, connected_since: datetime | None, chance: Random | None = None
) -> Verdict | None:
    """End the step of one game, if its time is over; what was found, None where nothing is to be done (any more).

    Twice is safe: the game is locked, and a step that ended is not due.
    """
    game = rows.lock_free(uow.session, game_id)
    if game is None or game.deadline is None:
        return None
    clock = _clock(uow.session, game, connected_since)
    if clock is None:
        return None
    found = rules.verdict(clock)
    if found == "wait":
        return found
    if found == "again":
        game.starts_step(_seconds(game))
    elif found == "void":
        settlement.void(uow.session, game, "interrupted")
    else:
        service.late(uow, game, chance or SystemRandom())
    rows.store(uow.session, game, show_in=rows.AT_ONCE)
    return found


def _seconds(game: Game) -> float:
    """How long its present step lasts."""
    return game.kind.invitation_seconds if game.state is None else game.kind.seconds(game.state)


def _clock(session: Session, game: Game, connected_since: datetime | None) -> Clock | None:
    """What is known of the step; None where its time is not over."""
    assert game.deadline is not None, "it is not over"
    if game.now < game.deadline <= game.now + timedelta(minutes=15):
        return None
    post = session.execute(_POST, {"post": game.post_id}).first()
    return Clock(
        now=game.now,
        created_at=game.created_at,
        step_started_at=game.step_started_at,
        deadline=game.deadline,
        shown_at=post.sent_at if post else None,
        has_message=post is not None,
        connected_since=connected_since,
    )


def offer_shows(session: Session, limit: int = CHUNK) -> list[int]:
    """Games whose message is to be brought up to date now; each is offered again until it was."""
    return list(session.scalars(_OFFER, {"limit": limit}))


def message_of(session: Session, game_id: int) -> tuple[Game, int, Mapping[str, Any]] | None:
    """A game with the id of its message and what it is to show; None where there is no message (yet)."""
    game = rows.read(session, game_id)
    post = session.execute(_POST, {"post": game.post_id}).first() if game else None
    if game is None or post is None or post.message_id is None:
        if game is not None and (post is None or game.now - game.created_at > _STALE_SHOW):
            session.execute(_NEVER_SHOW, {"id": game_id})
        return None
    with speaking(game.language):
        return game, post.message_id, picture(game.shown())


def was_shown(session: Session, game: Game) -> None:
    """Note that the message shows this version."""
    session.execute(_WAS_SHOWN, {"id": game.id, "version": game.version})


def cannot_be_shown(session: Session, game: Game) -> None:
    """Note that the message is gone, or may not be changed."""
    session.execute(_NEVER_SHOW, {"id": game.id})


def forget_person(session: Session, guild_id: int | None, user_id: int) -> None:
    """End the open games of a person, with every stake given back, and take the person out of games that are over.

    This comes before items and coins, as everywhere. Twice changes nothing.
    """
    here = "" if guild_id is None else " AND guild_id = :guild"
    values = {"user": user_id, "guild": guild_id}
    found = session.execute(text(_PLAYED + here + " ORDER BY game_id"), values).all()
    for row in found:
        game = rows.lock(session, row.guild_id, row.game_id)
        if game is not None and not game.is_over:
            settlement.void(session, game, "erased")
            rows.store(session, game, show_in=rows.AT_ONCE)
    for statement in _FORGET:
        session.execute(text(statement + here), values)


_PLAYED = "SELECT guild_id, game_id FROM game_players WHERE user_id = :user"
_POSTS = (
    " WHERE kind = 'game' AND id IN (SELECT g.post_id FROM games g JOIN game_players p ON p.game_id = g.id"
    " WHERE p.user_id = :user AND (CAST(:guild AS bigint) IS NULL OR p.guild_id = :guild))"
)
_FORGET = (
    # What the message of a challenge says is no longer needed once it was sent; it names the challenged.
    f"UPDATE outbound_posts SET body = '{{}}'{_POSTS} AND sent_at IS NOT NULL",  # noqa: S608 - constants.
    f"DELETE FROM outbound_posts{_POSTS} AND sent_at IS NULL",  # noqa: S608 - constants.
    "UPDATE game_players SET user_id = 0, is_active = false WHERE user_id = :user",
    "DELETE FROM game_results WHERE user_id = :user",
    "UPDATE game_results SET opponent_id = NULL WHERE opponent_id = :user",
    "DELETE FROM game_limits WHERE user_id = :user",
)
