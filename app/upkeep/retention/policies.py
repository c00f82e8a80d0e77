"""How long everything is kept: data, which `service` and `purge` carry out.

A new table needs a line here, in POLICIES or, with its reason, in EXEMPT; a test fails without one.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from sqlalchemy import Table

import schema.models
from schema.base import Base

# Older than this: a moment in that column, a day, or the time inside a snowflake.
Column = Literal["moment", "day", "snowflake"]


@dataclass(frozen=True)
class Policy:
    """Rows of this table go at this age."""

    table: str
    # `partitions` drops whole weeks; `delete` deletes rows in chunks.
    how: Literal["partitions", "delete"]
    # Which column tells the age, and what it holds.
    column: str
    holds: Column
    # None: as long as texts are kept anywhere (RETENTION_DAYS, or the longest wish of a guild).
    days: int | None
    # Only rows of which this SQL condition is true as well.
    only: str = "true"


PARTITIONED = (
    Policy("messages", "partitions", "id", "snowflake", None),
    Policy("message_revisions", "partitions", "message_id", "snowflake", None),
    Policy("reactions", "partitions", "message_id", "snowflake", None),
)
# Besides, texts, their revisions and their index rows go at the age that their guild chose: see `texts`.
POLICIES = (
    *PARTITIONED,
    Policy("message_terms", "delete", "message_id", "snowflake", None),
    Policy("message_vectors", "delete", "message_id", "snowflake", None),
    Policy("embedding_claims", "delete", "message_id", "snowflake", None),
    Policy("embedding_failures", "delete", "failed_at", "moment", None),
    Policy("reaction_clears", "delete", "message_id", "snowflake", None),
    Policy("voice_sessions", "delete", "started_at", "moment", 90, "ended_at IS NOT NULL OR channel_id IS NULL"),
    Policy("daily_activity", "delete", "day", "day", 400),
    Policy("event_outcomes", "delete", "day", "day", 400),
    Policy("invites", "delete", "deleted_at", "moment", 90),
    # Longer than any batch can wait in ledger or spool, or its second delivery would be applied again.
    Policy("ingest_batches", "delete", "applied_at", "moment", 30),
    Policy("dead_letters", "delete", "created_at", "moment", 30),
    # Longer than Discord lets an interaction be answered.
    Policy("outcomes", "delete", "created_at", "moment", 7),
    Policy(
        "outbound_posts",
        "delete",
        "created_at",
        "moment",
        30,
        "sent_at IS NOT NULL OR failed_at IS NOT NULL OR expires_at < now()",
    ),
    Policy("reaction_xp", "delete", "message_id", "snowflake", None),
    # Of a message that did not come within a day none will; or it was a bot's.
    Policy("reaction_xp", "delete", "created_at", "moment", 1, "author_id IS NULL"),
    Policy("level_role_changes", "delete", "failed_at", "moment", 90),
    Policy("xp_changes", "delete", "created_at", "moment", 400),
    Policy("giveaways", "delete", "ended_at", "moment", 90),
    # Longer than a giveaway can last and is kept.
    Policy("giveaway_entries", "delete", "joined_at", "moment", 125),
    # A game's message says nothing new after this; what it brought stays in coins and results.
    Policy("games", "delete", "ended_at", "moment", 30),
    Policy("game_players", "delete", "joined_at", "moment", 30, "NOT is_active"),
    Policy("game_limits", "delete", "changed_at", "moment", 400, "daily_loss IS NULL AND next_daily_loss IS NULL"),
    # As long as somebody may want to check a draw.
    Policy("lottery_draws", "delete", "drawn_at", "moment", 90),
    Policy("lottery_purchases", "delete", "bought_at", "moment", 100),
    # A gift counts for a day.
    Policy("gifts", "delete", "given_at", "moment", 2),
    # Jobs that run every few seconds leave a row each time.
    Policy("job_runs", "delete", "slot", "moment", 3),
)

EXEMPT = {
    "guilds": "the guild's own row says when it is to be purged, and goes with the purge",
    "channels": "names that links and settings point to; they go with their guild",
    "roles": "names that settings point to; they go with their guild",
    "users": "a name, which goes when no guild knows the person any more: see the purge",
    "members": "totals are the member's standing in the guild; they go with the guild or on the member's word",
    "channel_watermarks": "one number a channel, without which a backfill would fetch everything again",
    "standings": "how often a member counts on a board; they go with the guild or on the member's word",
    "leaderboard_marks": "scores without names, replaced every hour; they go with their guild",
    "leaderboard_messages": "what one message of a guild shows; it goes with its guild",
    "invite_uses": "one row a guild, without which no arrival could be explained; it goes with its guild",
    "invite_arrivals": "whom a member brought is their standing; it goes with the guild or on the member's word",
    "coin_accounts": "a member's coins are theirs; they go with the guild or on the member's word",
    "coin_entries": "every balance is their sum; they go with the guild, and lose the person on the member's word",
    "inventory_items": "a member's items are theirs; they go with the guild or on the member's word",
    "inventory_changes": "every quantity is their sum, and their keys keep a second gift for the same thing away",
    "game_results": "what a member won and lost is their standing; it goes with the guild or on the member's word",
    "active_multipliers": "it goes with its last game, with the guild, or on the member's word",
    "member_levels": "a member's experience is theirs; it goes with the guild or on the member's word",
    "level_rewards": "what was paid once must never be paid again; they go with the guild or on the member's word",
    "voice_stamps": "one moment a guild, without which an outage would count as talking; it goes with the guild",
    "level_voice": "one number a guild, without which time in voice would count twice; it goes with the guild",
    "xp_multipliers": "choices in force; they go with their guild",
    "level_roles": "choices in force; they go with their guild",
    "level_imports": "undoing one must stay possible; they go with their guild",
    "level_import_rows": "undoing one must stay possible; they go with the guild or on the member's word",
    "bot_sequences": "one number a bot; losing it would bring back numbers that were given out",
    "synced_commands": "one hash a bot, replaced whenever the commands change",
    "guild_settings": "choices in force; they go with their guild",
    "documents": "they hold no text: one whose texts went is made anew and found empty; vectors.prune takes the old",
    "document_vectors": "they go in the transaction that takes something out of their document, or the document away",
    "vector_stores": "whose files are to be found elsewhere; it goes when the store there is deleted",
    "store_files": "what is still to be removed elsewhere; it goes when that is done",
    "guild_models": "one row a guild: whose vectors are searched there; it goes with its guild",
    "user_preferences": "choices in force; one language a person",
    "opt_outs": "forgetting one would record somebody against their word",
    "erasures": "what keeps an erased past from coming back out of a backup, a spool or a backfill",
}

# How long a guild that the bot has left can come back to what it had.
PURGE_DAYS = 30
# Tables with a guild that its purge leaves alone, and why.
KEPT_AT_PURGE = {
    "opt_outs": EXEMPT["opt_outs"],
    "erasures": EXEMPT["erasures"],
    "vector_stores": EXEMPT["vector_stores"],
    "store_files": EXEMPT["store_files"],
}


@cache
def tables() -> Mapping[str, Table]:
    """Every table there is, by name."""
    for module in pkgutil.iter_modules(schema.models.__path__):
        importlib.import_module(f"schema.models.{module.name}")
    return Base.metadata.tables


def of_guilds() -> list[Table]:
    """The tables whose rows go with their guild."""
    return [table for table in tables().values() if "guild_id" in table.columns and table.name not in KEPT_AT_PURGE]
