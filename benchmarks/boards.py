"""Leaderboards of a guild with a million members: the first page, and a member's own place, near and far."""

import random
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text

from app.community.leaderboards import queries
from app.community.leaderboards.card import draw
from app.community.leaderboards.messages import sheet
from app.community.leaderboards.queries import Name
from app.community.leaderboards.rules import BOARDS, EXACT, Board
from app.core.db import engine, unit_of_work
from benchmarks.commands import percentile
from benchmarks.databases import database
from benchmarks.report import Report

GUILD, MEMBERS = 1, 1_000_000
CALLS, CHANGES, DRAWINGS = 300, 20_000, 50
MOST_MS = 10.0
# Scores without ties or gaps would be too easy: many members share the low ones, as in real guilds.
_SCORE = "(1000000000.0 / (n + 100))::bigint + (n::bigint * 7919 % 13)"
_FILL = (
    "members (guild_id, user_id, voice_seconds) SELECT :guild, n, {score}",
    "coin_accounts (guild_id, kind, owner_id, balance) SELECT :guild, 'member', n, {score}",
    "member_levels (guild_id, user_id, xp) SELECT :guild, n, {score}",
    "standings (guild_id, board, user_id, score) SELECT :guild, 'invites', n, {score}",
    "standings (guild_id, board, user_id, score) SELECT :guild, 'games', n, {score}",
)
_TABLES = ("members", "coin_accounts", "member_levels", "standings")


def measure(folder: Path, report: Report) -> None:
    """Fill a fresh database, mark it as the hourly task does, and read each board."""
    with database(folder):
        _fill()
        start = time.perf_counter()
        for board in BOARDS.values():
            with unit_of_work() as uow:
                queries.mark(uow.session, GUILD, board)
                uow.commit()
        report.add("marking five boards, hourly", time.perf_counter() - start, "s", note=f"{MEMBERS:,} members")
        _change()
        for board in BOARDS.values():
            _read(board, report)
        _draw(report)


def _fill() -> None:
    values = {"guild": GUILD, "members": MEMBERS}
    with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # Nobody has left and nobody opted out, so what the triggers look up a million times is known.
        for table in _TABLES:
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        for statement in _FILL:
            filled = statement.format(score=_SCORE)
            connection.execute(text(f"INSERT INTO {filled} FROM generate_series(1, :members) n"), values)
        for table in _TABLES:
            connection.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))
            connection.execute(text(f"VACUUM (ANALYZE) {table}"))


def _change() -> None:
    """Let many members earn something since the last vacuum, so that the indexes are as they are by day."""
    chosen = "(SELECT (random() * :members)::bigint FROM generate_series(1, :changes))"
    values = {"members": MEMBERS, "changes": CHANGES}
    with unit_of_work() as uow:
        for table, user, score in (
            ("coin_accounts", "owner_id", "balance"),
            ("member_levels", "user_id", "xp"),
            ("members", "user_id", "voice_seconds"),
            ("standings", "user_id", "score"),
        ):
            uow.session.execute(
                text(f"UPDATE {table} SET {score} = {score} + 5 WHERE {user} IN {chosen}"),
                values,
            )
        uow.commit()


def _read(board: Board, report: Report) -> None:
    chance = random.Random(board.name)
    near = [chance.randint(1, EXACT - EXACT // 100) for _ in range(CALLS)]
    far = [chance.randint(3 * EXACT, MEMBERS) for _ in range(CALLS)]
    _told(report, f"{board.name}: top 10", lambda _: queries.top(GUILD, board), near)
    _told(report, f"{board.name}: own rank, near", lambda user: _own(board, user, is_exact=True), near)
    _told(report, f"{board.name}: own rank, far", lambda user: _own(board, user, is_exact=False), far)


def _draw(report: Report) -> None:
    board = BOARDS["coins"]
    places = queries.top(GUILD, board)
    names = {place.user_id: Name(f"Member number {place.user_id}", "member") for place in places}
    taken = _each(lambda _: draw(sheet(board, places, names)), [0] * DRAWINGS)
    report.add("leaderboard, drawing ten places: p50", percentile(taken, 50), "ms")
    report.add("leaderboard, drawing ten places: p99", percentile(taken, 99), "ms")


def _own(board: Board, user: int, *, is_exact: bool) -> None:
    found = queries.rank(GUILD, board, user)
    assert found is not None, user
    assert found.rank is not None, user
    assert found.is_exact is is_exact, (user, found)


def _each(work: Callable[[int], object], users: list[int]) -> list[float]:
    """Milliseconds of each call."""
    taken = []
    for user in users:
        start = time.perf_counter()
        work(user)
        taken.append((time.perf_counter() - start) * 1000)
    return taken


def _told(report: Report, name: str, work: Callable[[int], object], users: list[int]) -> None:
    taken = _each(work, users)
    note = f"{MEMBERS:,} members"
    report.add(f"leaderboard, {name}: p50", percentile(taken, 50), "ms", note=note)
    report.add(f"leaderboard, {name}: p99", percentile(taken, 99), "ms", most=MOST_MS, note=note)
