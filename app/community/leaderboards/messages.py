"""Leaderboards as people see them."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.community.leaderboards.queries import Place, Rank
from app.community.leaderboards.rules import PAGE, Board, arrow, moves
from app.community.leveling.rules import level_of
from app.core.translations import _, ngettext

COLOR = 0xFFD700
_MEDALS = ("🥇", "🥈", "🥉")


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


def own(board: Board, found: Rank | None) -> str:
    """A member's own place in words."""
    if found is None:
        return _("You are not on this board yet.")
    if found.rank is None:
        return _("You: {score}").format(score=score_of(board, found.score))
    number = f"#{found.rank}" if found.is_exact else f"≈ #{found.rank}"
    return _("You: {rank} with {score}").format(rank=number, score=score_of(board, found.score))


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
