"""The features that a guild's admins may switch off, and what each is part of.

A cog that belongs to one says so by its attribute `feature`; the bot then refuses its commands where it is off.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from app.core.translations import marked

FEATURES: dict[str, str] = {
    "profile": marked("Profiles: /profile shows a member's activity"),
    "search": marked("Search: /search finds earlier messages"),
    "leveling": marked("Levels: writing, talking and reactions bring experience"),
    "economy": marked("Economy: coins, bags, games and everything that is paid in coins"),
    "games": marked("Games: for coins, against the house and against each other"),
    "lottery": marked("Lottery: tickets, and a draw every Sunday"),
    "giveaways": marked("Giveaways: prizes drawn among those who join"),
    "invites": marked("Invites: who invited whom, and rewards for it"),
    "openai": marked("OpenAI: texts may be sent to OpenAI, if the operator set it up"),
}
# What sends texts to somebody else needs the admins' consent: it is off until they switch it on.
OFF_AT_FIRST = frozenset({"openai"})
# A feature is off where the one that it is part of is off.
PART_OF: dict[str, str] = {"games": "economy", "lottery": "economy"}


def is_on(switches: Mapping[str, bool], name: str) -> bool:
    """Whether a feature is on in a guild that moved these switches."""
    if not switches.get(name, name not in OFF_AT_FIRST):
        return False
    return name not in PART_OF or is_on(switches, PART_OF[name])


def is_off(switched_off: AbstractSet[str], name: str) -> bool:
    """Whether a feature is off in a guild whose admins switched these off."""
    return name in switched_off or (name in PART_OF and is_off(switched_off, PART_OF[name]))
