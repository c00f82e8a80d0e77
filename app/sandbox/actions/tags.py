"""Tags: what a forum offers for its posts, and what a post bears."""

from app.sandbox.box import Box
from app.sandbox.constants import ChannelType, Json
from app.sandbox.errors import BadInput
from app.sandbox.state.models import Channel

MOST_OFFERED, MOST_APPLIED = 20, 5
_NAME = 20
_ID_DIGITS = 20


def offered(box: Box, kind: ChannelType, known: list[Json], given: object) -> list[Json]:
    """The tags of a forum after this change.

    Each is a name or Discord's object with a name: one with the id of a known tag renames that, any other is new, and
    known ones that are not given go.
    """
    if kind is not ChannelType.FORUM:
        raise BadInput("available_tags: only forum channels offer tags")
    if not isinstance(given, list) or len(given) > MOST_OFFERED:
        raise BadInput(f"available_tags must be a list of at most {MOST_OFFERED} tags")
    rows = [
        _tag(box, {tag["id"]: tag for tag in known}, {"name": row} if isinstance(row, str) else row) for row in given
    ]
    if len({row["name"] for row in rows}) < len(rows):
        raise BadInput("available_tags: the names must differ")
    return rows


def _tag(box: Box, known: dict[str, Json], given: object) -> Json:
    if not isinstance(given, dict) or not isinstance(given.get("name"), str) or not 1 <= len(given["name"]) <= _NAME:
        raise BadInput(f"available_tags: each tag has a name of 1 to {_NAME} characters")
    before = known.get(str(given.get("id")))
    if before is None and given.get("id") is not None:
        raise BadInput(f"available_tags: {str(given['id'])[:_ID_DIGITS]!r} is no tag of this forum")
    return {
        "id": before["id"] if before else str(box.world.ids.next()),
        "name": given["name"],
        "moderated": bool(given.get("moderated")),
        "emoji_id": given.get("emoji_id"),
        "emoji_name": given.get("emoji_name"),
    }


def applied(parent: Channel, given: object) -> list[int]:
    """The ids of a post's tags, given by their ids or names."""
    if not isinstance(given, list) or len(given) > MOST_APPLIED:
        raise BadInput(f"applied_tags must be a list of at most {MOST_APPLIED} tags of the forum")
    ids = {str(name): int(tag["id"]) for tag in parent.tags for name in (tag["id"], tag["name"])}
    for tag in given:
        if str(tag) not in ids:
            there = ", ".join(tag["name"] for tag in parent.tags) or "none"
            raise BadInput(f"applied_tags: {str(tag)[:_ID_DIGITS]!r} is no tag of {parent.name}; there are: {there}")
    return list(dict.fromkeys(ids[str(tag)] for tag in given))
