"""What experience is worth where, and to whom."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.community.leveling.rules import ONE, Reacted, combined
from app.core.facts import as_json

_CHOSEN = text("SELECT guild_id, target_id, kind, percent FROM xp_multipliers WHERE guild_id = ANY(:guilds)")
_PARENTS = text("SELECT id, parent_id FROM channels WHERE id = ANY(:ids) AND parent_id IS NOT NULL")
_ROLES = text(
    "SELECT m.guild_id, m.user_id, m.roles"
    " FROM json_to_recordset(:rows) AS r (guild_id bigint, user_id bigint)"
    " JOIN members m ON m.guild_id = r.guild_id AND m.user_id = r.user_id WHERE cardinality(m.roles) > 0"
)

MemberKey = tuple[int, int]


@dataclass(frozen=True)
class Multipliers:
    """Percents by (guild, channel or role), with the roles of members and the parents of channels."""

    channels: Mapping[tuple[int, int], int] = field(default_factory=dict)
    roles: Mapping[tuple[int, int], int] = field(default_factory=dict)
    held: Mapping[MemberKey, Sequence[int]] = field(default_factory=dict)
    parents: Mapping[int, int] = field(default_factory=dict)

    def percent(self, guild_id: int, channel_id: int | None, user_id: int) -> int:
        """What experience is worth in this channel (a thread: as its channel, a channel: as its category) to them."""
        place = channel_id
        while place is not None and (guild_id, place) not in self.channels:
            place = self.parents.get(place)
        channel = None if place is None else self.channels[guild_id, place]
        held = self.held.get((guild_id, user_id), ())
        return combined(channel, (self.roles[guild_id, role] for role in held if (guild_id, role) in self.roles))

    def of_reaction(self, reaction: Reacted) -> int:
        """What a reaction is worth to the author of its message."""
        if reaction.author_id is None:
            return ONE
        return self.percent(reaction.guild_id, reaction.channel_id, reaction.author_id)


def load(session: Session, places: Iterable[tuple[int, int]], people: Iterable[MemberKey]) -> Multipliers:
    """What concerns these channels (guild, channel) and members; most guilds have no multipliers."""
    places = set(places)
    channels: dict[tuple[int, int], int] = {}
    roles: dict[tuple[int, int], int] = {}
    for row in session.execute(_CHOSEN, {"guilds": sorted({guild for guild, _ in places})}):
        (channels if row.kind == "channel" else roles)[row.guild_id, row.target_id] = row.percent
    return Multipliers(
        channels,
        roles,
        _roles(session, {member for member in people if any(guild == member[0] for guild, _ in roles)}),
        _parents(session, {channel for guild, channel in places if any(guild == known for known, _ in channels)}),
    )


def _parents(session: Session, channels: set[int]) -> dict[int, int]:
    """The parents of these channels, and theirs: a thread has a channel, and that a category."""
    found: dict[int, int] = {}
    asked = channels
    while asked:
        rows = {row.id: row.parent_id for row in session.execute(_PARENTS, {"ids": sorted(asked)})}
        asked = set(rows.values()) - found.keys() - rows.keys()
        found.update(rows)
    return found


def _roles(session: Session, people: set[MemberKey]) -> dict[MemberKey, list[int]]:
    if not people:
        return {}
    rows = as_json({"guild_id": guild, "user_id": user} for guild, user in people)
    return {(row.guild_id, row.user_id): row.roles for row in session.execute(_ROLES, {"rows": rows})}
