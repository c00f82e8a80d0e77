"""What takes messages out of the search index.

A vector is as personal as the text that it was made from, and tells much of it: where a text goes, its index rows go
in the same transaction, never later.
"""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

# Rows are locked in the order of their key, so that two transactions over the same messages cannot deadlock.
_FORGET = """
DELETE FROM {table} WHERE message_id IN (
    SELECT message_id FROM {table} WHERE guild_id = :guild_id AND message_id = ANY(:ids)
    ORDER BY message_id FOR UPDATE
)
"""
_TABLES = ("message_terms", "message_vectors", "embedding_claims")


def forget(session: Session, guild_id: int, message_ids: Sequence[int]) -> None:
    """These messages of this guild are no longer found, from the commit of this transaction on.

    Call it after the statement that changed or deleted the messages' rows, in the same transaction: that statement
    holds the rows' locks, and an embedding under way writes only under the same locks and only if the text is still
    the same.
    """
    if not message_ids:
        return
    for table in _TABLES:
        session.execute(text(_FORGET.format(table=table)), {"guild_id": guild_id, "ids": list(message_ids)})
