"""Which invite brought whom, and when that is rewarded. No I/O.

Discord tells that somebody joined, not how. What it does tell is how often each invite was used; so the arrivals
between two answers are explained by the uses that were added in between. A use may be listed before its arrival has
come through our own queue: it is then held for a while.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.core.clock import snowflake_time
from app.core.options import Channel, Number
from app.core.translations import marked

REWARD = Number("invite-reward", marked("Coins for the inviter and for the invited"), default=25, low=0, high=1_000_000)
STAY = Number("invite-stay-hours", marked("Hours that the invited must stay"), default=24, low=0, high=720)
AGE = Number("invite-account-days", marked("Days that the account of the invited must be old"), default=7, high=365)
KEEP = Number("invite-keep-days", marked("Days within which leaving takes the reward back"), default=7, high=365)
NOTICES = Channel("invite-channel", marked("The channel that tells who was invited by whom"), default=None)
OPTIONS = (REWARD, STAY, AGE, KEEP, NOTICES)

# Arrivals that no answer of Discord explained for so long came by no invite that we can see, and uses that no arrival
# came for belong to somebody who is not recorded.
PATIENCE = timedelta(seconds=90)


@dataclass(frozen=True)
class Invite:
    """An invite as Discord lists it."""

    code: str
    uses: int
    inviter_id: int | None = None


@dataclass(frozen=True)
class Used:
    """One use of an invite that was added since the last answer."""

    code: str
    inviter_id: int | None


@dataclass(frozen=True)
class Explained:
    """By which use a member came; `is_certain` is False where only the number of uses is."""

    user_id: int
    used: Used
    is_certain: bool


def before_held(uses: Mapping[str, int], held: Mapping[str, int]) -> dict[str, int]:
    """The counts of the last answer as if the held uses were still to come."""
    return {code: count - held.get(code, 0) for code, count in uses.items()}


def left_over(used: Sequence[Used], explained: Sequence[Explained]) -> dict[str, int]:
    """The uses that explain nobody yet, by code."""
    left = Counter(use.code for use in used)
    left.subtract(one.used.code for one in explained)
    return {code: count for code, count in left.items() if count > 0}


def new_uses(before: Mapping[str, int], listed: Sequence[Invite], last_use: Mapping[str, int | None]) -> list[Used]:
    """The uses that were added since `before`.

    `last_use` are invites that could be used once more and are gone, with who made them: gone means used up, as far as
    arrivals are left to explain, which the caller decides; they come last.
    """
    there = {invite.code for invite in listed}
    found = [
        Used(invite.code, invite.inviter_id)
        for invite in sorted(listed, key=lambda invite: invite.code)
        for _ in range(invite.uses - before.get(invite.code, 0))
    ]
    return found + [Used(code, last_use[code]) for code in sorted(last_use) if code in before and code not in there]


def explain(arrivals: Sequence[int], uses: Sequence[Used]) -> list[Explained]:
    """Which of these members (in the order in which they came) came by which of these uses.

    With as many uses as arrivals every one is explained. With fewer, the first ones are: the others' uses are not
    listed yet. With more, something was not told to us, and only uses of one person's invites can be given.
    """
    people = {used.inviter_id for used in uses}
    if len(uses) > len(arrivals) and len(people) > 1:
        return []
    is_certain = len(people) <= 1 and len(uses) == len(arrivals)
    return [Explained(user, used, is_certain) for user, used in zip(arrivals, uses, strict=False)]


def is_too_young(user_id: int, joined_at: datetime, days: int) -> bool:
    """Whether the account was newer than that when it joined."""
    return max(joined_at - snowflake_time(user_id), timedelta()) < timedelta(days=days)
