"""Which boards there are, how positions changed, and ranks far down. No I/O."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.core.errors import BadInput
from app.core.options import Channel, bad
from app.core.translations import _, marked

PAGE = 10
LAST_PAGE = 100
# Ranks are counted down to here; further down they are told from marks.
EXACT = 10_000
MARKS = 1_000

CHANNEL = Channel(
    "leaderboard-channel", marked("The channel with the message that always shows the leaderboards"), default=None
)
OPTIONS = (CHANNEL,)


@dataclass(frozen=True)
class Board:
    """A leaderboard: whom it ranks by what, as SQL over one table `s`, and the feature it is part of."""

    name: str
    title: str
    table: str
    user: str
    score: str
    only: str
    feature: str | None = None
    words: tuple[str, ...] = ()


# Purses and levels are marked when their member leaves or opts out, so that their index alone can count; the other
# boards are short enough to look it up.
_IS_HERE = (
    "NOT EXISTS (SELECT FROM members gone WHERE gone.guild_id = s.guild_id AND gone.user_id = s.user_id"
    " AND gone.left_at IS NOT NULL)"
)
_WANTS = "NOT EXISTS (SELECT FROM opt_outs o WHERE o.guild_id = s.guild_id AND o.user_id = s.user_id)"
_ALL = (
    Board(
        "coins",
        marked("Coins"),
        "coin_accounts",
        "owner_id",
        "balance",
        "kind = 'member' AND is_ranked",
        "economy",
        ("pièces", "lc"),
    ),
    Board("level", marked("Levels"), "member_levels", "user_id", "xp", "is_ranked", "leveling", ("niveau", "xp")),
    Board(
        "voice",
        marked("Time in voice"),
        "members",
        "user_id",
        "voice_seconds",
        f"voice_seconds > 0 AND left_at IS NULL AND {_WANTS}",
        words=("vocal",),
    ),
    Board(
        "invites",
        marked("Invites"),
        "standings",
        "user_id",
        "score",
        f"board = 'invites' AND score > 0 AND {_IS_HERE} AND {_WANTS}",
        "invites",
        ("invitations",),
    ),
    Board(
        "games",
        marked("Games won"),
        "standings",
        "user_id",
        "score",
        f"board = 'games' AND {_IS_HERE} AND {_WANTS}",
        "games",
        ("jeux",),
    ),
)
BOARDS: dict[str, Board] = {board.name: board for board in _ALL}


def board_of(text: str) -> Board:
    """The board of that name in either language; raises BadInput naming them."""
    word = text.strip().lower()
    for board in BOARDS.values():
        if word == board.name or word in board.words:
            return board
    raise bad(_("leaderboard"), text, ", ".join(BOARDS))


def page_of(number: int) -> int:
    """The number of a page, from 1; raises BadInput."""
    if not 1 <= number <= LAST_PAGE:
        raise BadInput(_("There is no page {page}. Allowed: 1 to {last}.").format(page=number, last=LAST_PAGE))
    return number


def moves(before: Sequence[int] | None, now: Sequence[int]) -> dict[int, int | None]:
    """By how many places each member rose (negative: fell); None for who was not there. Empty without a before."""
    if before is None:
        return {}
    places = {user: place for place, user in enumerate(before)}
    return {user: places[user] - place if user in places else None for place, user in enumerate(now)}


def arrow(change: int | None) -> str:
    """A change of place as a sign."""
    if change is None:
        return "🆕"
    return f"▲{change}" if change > 0 else f"▼{-change}" if change < 0 else ""


def rank_from(marks: Mapping[int, int], score: int) -> int | None:
    """About the rank of a score, from (rank: score) at some places, best first; None below the last of them."""
    ranks = sorted(marks)
    place = bisect_left(ranks, True, key=lambda rank: marks[rank] <= score)
    return ranks[place] if place < len(ranks) else None
