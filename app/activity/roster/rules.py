"""What of a guild's list is news, and who is missing from it. No I/O."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from app.core.translate import Payload, name, name_or_none, snowflake

# A person as they are stored: name, display name, nickname, roles.
Stored = tuple[str | None, str | None, str | None, frozenset[int]]
# A role as it is stored: name, position, permissions, color.
StoredRole = tuple[str, int, int, int]


def changed_members(page: Iterable[Payload], stored: Mapping[int, Stored]) -> Iterator[Payload]:
    """The listed people (not bots) who are stored otherwise, or not at all."""
    for member in page:
        if not member["user"].get("bot") and stored.get(snowflake(member["user"]["id"])) != _person(member):
            yield member


def _person(member: Payload) -> Stored:
    user = member["user"]
    username = name(user["username"])
    display = name(user["global_name"]) if user.get("global_name") else username
    return username, display, name_or_none(member.get("nick")), frozenset(map(snowflake, member.get("roles", ())))


def changed_roles(listed: Iterable[Payload], stored: Mapping[int, StoredRole]) -> Iterator[Payload]:
    """The listed roles that are stored otherwise, or not at all."""
    for role in listed:
        shape = (
            name(role["name"]),
            max(0, int(role.get("position", 0))),
            int(role.get("permissions", 0)),
            int(role.get("color", 0)),
        )
        if stored.get(snowflake(role["id"])) != shape:
            yield role


def missing(stored: Collection[int], listed: Iterable[Any], most: int) -> list[int]:
    """Those who are stored and were not listed, at most so many; the rest is found the next time."""
    return sorted(set(stored).difference(listed))[:most]
