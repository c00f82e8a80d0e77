"""The tags that forums offer for their posts: which of them a person may know of, and which somebody means."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.db import engine
from app.core.errors import BadInput
from app.core.text import plain
from app.core.translations import _
from app.knowledge.search.filters import Filters

# So many are named when somebody asks for one that is not there.
_NAMED = 20
_OFFERED = """
SELECT CAST(t.key AS bigint) AS id, t.value AS name FROM channels c, jsonb_each_text(c.available_tags) AS t
WHERE c.guild_id = :guild_id AND c.id = ANY(:channel_ids) AND c.deleted_at IS NULL ORDER BY lower(t.value), t.key
"""


@dataclass(frozen=True)
class Tag:
    """A tag of one forum; others may have one of the same name."""

    id: int
    name: str


def offered(guild_id: int, channel_ids: Sequence[int]) -> list[Tag]:
    """The tags of those forums of the guild that are among these channels, by their names."""
    with Session(engine()) as session:
        values = {"guild_id": guild_id, "channel_ids": list(channel_ids)}
        return [Tag(row.id, row.name) for row in session.execute(text(_OFFERED), values)]


def names(guild_id: int, channel_ids: Sequence[int], typed: str) -> list[str]:
    """The names of these tags that contain what was typed, whatever the case of its letters."""
    return [name for name in _names(offered(guild_id, channel_ids)) if _folded(typed) in _folded(name)]


def tagged(guild_id: int, channel_ids: Sequence[int], filters: Filters, name: str) -> Filters:
    """These filters, limited to posts that bear a tag of this name, in whichever of these forums.

    Raises BadInput, which names those that there are, when none of them offers such a tag.
    """
    there = offered(guild_id, channel_ids)
    found = frozenset(tag.id for tag in there if _folded(tag.name) == _folded(name))
    if not found or not _folded(name):
        raise BadInput(_refusal(name, _names(there)))
    return replace(filters, tags=found)


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


def _names(found: Sequence[Tag]) -> list[str]:
    """Each name once, as the first forum writes it; Discord also lets a tag have none."""
    once: dict[str, str] = {}
    for tag in found:
        once.setdefault(_folded(tag.name), tag.name)
    return [name for folded, name in once.items() if folded]


def _refusal(name: str, there: Sequence[str]) -> str:
    if not there:
        return _("There is no tag “{tag}”: no forum that you may read here offers any.").format(tag=plain(name))
    shown = ", ".join(plain(one) for one in there[:_NAMED]) + ("…" if len(there) > _NAMED else "")
    return _("There is no tag “{tag}” in the forums that you may read here; there are: {tags}.").format(
        tag=plain(name), tags=shown
    )
