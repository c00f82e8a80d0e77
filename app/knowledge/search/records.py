"""Passages of documents (now the logs and summaries of channels' days), found in the store that is used."""

import logging

from app.core.errors import BadInput, ConfigurationError, Unavailable
from app.core.translations import _
from app.knowledge.search import queries
from app.knowledge.search.filters import Filters
from app.knowledge.search.queries import Viewer
from app.knowledge.vectors.stores import Found, Scope, store

log = logging.getLogger(__name__)


def find(guild_id: int, viewer: Viewer, question: str, filters: Filters, limit: int) -> list[Found]:
    """The passages that this person may read and that answer best, best first.

    Blocks. Raises BadInput for a filter that a day cannot have, Unavailable when the store or its model is away.
    """
    if filters.authors or filters.has_attachment is not None:
        raise BadInput(
            _(
                "A channel's day has no author and no file. Leave those out, or search messages instead of {source}."
            ).format(source=filters.source)
        )
    channels = queries.channels(guild_id, viewer, filters)
    # What belongs to no channel is nowhere that the filters could name.
    is_guild_wide = not (filters.channels or filters.tags)
    if not channels and not is_guild_wide:
        return []
    scope = Scope(guild_id, channels, filters.section, filters.first, filters.last, is_guild_wide)
    try:
        return store().search(scope, question, limit)
    except (BadInput, ConfigurationError) as error:
        # A key that is refused, or a vector that is none: nothing that whoever asked could mend.
        log.warning("days cannot be searched: %s", error)
        raise Unavailable("days cannot be searched at the moment") from None
