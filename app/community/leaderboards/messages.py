"""Leaderboards as people see them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.community.leaderboards.queries import Name, Place, Rank
from app.community.leaderboards.rules import PAGE, Board, arrow, moves
from app.community.leveling.rules import level_of
from app.core.translations import _, ngettext

COLOR = 0xFFD700
_MEDALS = ("🥇", "🥈", "🥉")

# Discord takes no longer description of a picture.
_LONGEST_ALT = 1024


@dataclass(frozen=True)
class Row:
    """A place on the picture: `score` as people read it, and `share` of the best score of the page."""

    number: int
    name: str
    # What is drawn where the name cannot be.
    instead: str
    score: str
    share: float
    is_own: bool = False


@dataclass(frozen=True)
class Sheet:
    """What stands on the picture, in the reader's language; `nobody` where there are no rows."""

    title: str
    rows: Sequence[Row]
    nobody: str


def score_of(board: Board, score: int) -> str:
    """A score as people read it."""
    if board.name == "coins":
        return ngettext("{count} coin", "{count} coins", score).format(count=score)
    if board.name == "level":
        return _("level {level}").format(level=level_of(score)) + f" · {score} XP"
    if board.name == "voice":
        return _("{hours} h {minutes} min").format(hours=score // 3600, minutes=score // 60 % 60)
    return f"{score}"


def lines(board: Board, places: Sequence[Place], page: int = 1, changes: Mapping[int, int | None] | None = None) -> str:
    """The places of one page, a line each."""
    rows = []
    for number, place in enumerate(places, (page - 1) * PAGE + 1):
        mark = _MEDALS[number - 1] if number <= len(_MEDALS) else f"`{number}.`"
        moved = arrow(changes[place.user_id]) if changes and place.user_id in changes else ""
        rows.append(f"{mark} <@{place.user_id}> · {score_of(board, place.score)} {moved}".rstrip())
    return "\n".join(rows) or _("Nobody yet.")


def sheet(
    board: Board, places: Sequence[Place], names: Mapping[int, Name], page: int = 1, own_id: int | None = None
) -> Sheet:
    """One page as it is drawn; who has no known name stands there by their id."""
    best = max((place.score for place in places), default=0)
    rows = [
        Row(
            number=number,
            name=names[place.user_id].shown if place.user_id in names else str(place.user_id),
            instead=names[place.user_id].username if place.user_id in names else str(place.user_id),
            score=score_of(board, place.score),
            share=place.score / best if best > 0 else 0.0,
            is_own=place.user_id == own_id,
        )
        for number, place in enumerate(places, (page - 1) * PAGE + 1)
    ]
    return Sheet(_(board.title), rows, _("Nobody yet."))


def spoken(shown: Sheet) -> str:
    """A picture in words, for those who do not see it."""
    rows = [f"{row.number}. {row.name}, {row.score}" for row in shown.rows]
    return f"{shown.title}: {'; '.join(rows) or shown.nobody}"[:_LONGEST_ALT]


def own(board: Board, found: Rank | None) -> str:
    """A member's own place in words."""
    if found is None:
        return _("You are not on this board yet.")
    if found.rank is None:
        return _("You: {score}").format(score=score_of(board, found.score))
    number = f"#{found.rank}" if found.is_exact else f"≈ #{found.rank}"
    return _("You: {rank} with {score}").format(rank=number, score=score_of(board, found.score))


def with_pictures(body: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The message with one of these pictures in each of its embeds."""
    embeds = [
        {**embed, "image": {"url": f"attachment://{name}"}} for embed, name in zip(body["embeds"], names, strict=True)
    ]
    return {**body, "embeds": embeds}


def body(boards: Mapping[Board, Sequence[Place]], before: Mapping[str, Sequence[int]]) -> dict[str, Any]:
    """The message that shows all boards of a guild, with how places changed since `before`."""
    return {
        "embeds": [
            {
                "title": f"🏆 {_(board.title)}",
                "description": lines(
                    board, places, changes=moves(before.get(board.name), [place.user_id for place in places])
                ),
                "color": COLOR,
            }
            for board, places in boards.items()
        ]
    }
