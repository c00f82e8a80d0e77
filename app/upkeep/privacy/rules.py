"""What erasing a person means, table by table. No I/O.

Deletion is dangerous in both directions: a table that is forgotten here keeps what somebody asked us to forget, and a
rule that is too wide takes from others. So this is data, and a test walks every model: a column that names a person
or a message stands either here or among the exemptions, with a reason.
"""

from dataclasses import dataclass
from typing import Literal

from app.core.translations import marked


@dataclass(frozen=True)
class Rule:
    """How the rows of one table that name a person in this column go.

    `before` limits a later pass to what is older than the erasure; a table without it is only visited by the first.
    `clear` sets the column to NULL where the row is about somebody else; `elsewhere` leaves the erasure to the feature
    (`FORGETTERS` in the service), because more than the row depends on it. `only` narrows the rows.
    """

    table: str
    user: str
    how: Literal["delete", "clear", "elsewhere"] = "delete"
    guild: str | None = "guild_id"
    before: str | None = None
    label: str | None = None
    only: str = "true"


# What hangs on a message and goes with it, whoever made it.
WITH_MESSAGES = {
    "message_revisions": "message_id",
    "reactions": "message_id",
    # These three by app.knowledge.embeddings.service.forget, which also empties the vector cache.
    "message_terms": "message_id",
    "message_vectors": "message_id",
    "embedding_claims": "message_id",
}
MESSAGES = Rule("messages", "author_id", before="id < :below_id", label=marked("messages"))
RULES: tuple[Rule, ...] = (
    Rule("reactions", "user_id", before="reacted_at < :erased_at", label=marked("reactions")),
    Rule("voice_sessions", "user_id", before="started_at < :erased_at", label=marked("voice sessions")),
    Rule("daily_activity", "user_id", before="day < CAST(:erased_at AS date)", label=marked("days of activity")),
    Rule("members", "user_id", label=marked("member records")),
    Rule("invites", "inviter_id", how="clear", before="created_at < :erased_at", label=marked("invites")),
    Rule("dead_letters", "user_id", before="created_at < :erased_at", label=marked("events that failed")),
    Rule("outcomes", "user_id", before="created_at < :erased_at", label=marked("outcomes of commands")),
    Rule("outbound_posts", "user_id", before="created_at < :erased_at", label=marked("messages from me to you")),
    Rule("outbound_posts", "subject_id", before="created_at < :erased_at", label=marked("posts about you")),
    Rule("coin_accounts", "owner_id", how="elsewhere", only="kind = 'member'", label=marked("coin purses")),
    Rule(
        "coin_entries", "source_id", how="elsewhere", only="source_kind = 'member'", label=marked("payments from you")
    ),
    Rule("coin_entries", "target_id", how="elsewhere", only="target_kind = 'member'", label=marked("payments to you")),
    Rule("coin_entries", "actor_id", how="elsewhere"),
    Rule("inventory_items", "user_id", how="elsewhere", label=marked("kinds of items")),
    Rule("inventory_changes", "user_id", how="elsewhere", label=marked("changes of your bag")),
    Rule("inventory_changes", "actor_id", how="elsewhere"),
    Rule("active_multipliers", "user_id", how="elsewhere", label=marked("active multipliers")),
    Rule("game_players", "user_id", how="elsewhere", label=marked("seats at games")),
    Rule("game_results", "user_id", how="elsewhere", label=marked("results of games")),
    Rule("game_results", "opponent_id", how="elsewhere"),
    Rule("game_limits", "user_id", how="elsewhere", label=marked("limits you set yourself")),
    Rule("invite_arrivals", "user_id", label=marked("your arrival")),
    Rule("invite_arrivals", "inviter_id", how="clear", label=marked("people you invited")),
    Rule("member_levels", "user_id", label=marked("levels")),
    Rule("level_rewards", "user_id", label=marked("levels that you reached")),
    Rule("reaction_xp", "user_id", before="created_at < :erased_at", label=marked("reactions that were counted")),
    Rule("reaction_xp", "author_id", before="created_at < :erased_at"),
    Rule("level_role_changes", "user_id", label=marked("roles for your level")),
    Rule("xp_changes", "user_id", before="created_at < :erased_at", label=marked("changes of your experience")),
    Rule("xp_changes", "actor_id", how="clear", before="created_at < :erased_at"),
    Rule("level_imports", "actor_id", how="clear", before="created_at < :erased_at"),
    Rule("level_import_rows", "user_id", label=marked("imported levels")),
    Rule("lottery_purchases", "user_id", how="elsewhere", label=marked("lottery tickets")),
    Rule("lottery_draws", "winner_id", how="elsewhere", label=marked("lotteries won")),
    Rule("gifts", "user_id", how="elsewhere", label=marked("your last gift")),
    Rule("giveaways", "host_id", how="elsewhere", label=marked("giveaways of yours")),
    Rule("giveaway_entries", "user_id", how="elsewhere", label=marked("giveaways that you joined")),
    Rule("standings", "user_id", how="elsewhere", label=marked("places on leaderboards")),
    Rule("user_preferences", "user_id", guild=None, label=marked("your own choices")),
)
# Columns that name a person or a message and stay, with the reason.
EXEMPT = {
    "opt_outs.user_id": "it is the person's own wish, and the erasure must not take it back",
    "erasures.user_id": "it keeps what was erased from coming back out of queues, spools and backfills",
    "guilds.owner_id": "who owns a guild is a fact about the guild, which Discord tells again at every start",
    "messages.reply_to": "it is the id of another message and says nothing of its author",
    "message_terms.author_id": "the row goes with its message",
    "message_vectors.author_id": "the row goes with its message",
    "reaction_clears.message_id": "it says that reactions were cleared, not by whom, and names no author",
    "reaction_xp.message_id": "the row goes with the author of the message, and with whoever reacted",
    "member_levels.message_id": "it is the id of the member's own message, and goes with the row",
    "xp_multipliers.target_id": "it is a channel or a role, never a person",
    "outbound_posts.message_id": "it is the id of our own post; the row goes with the person it is about",
}

# What an erasure locks before it changes any of it, in the order in which features lock their rows: coins come last
# there too. Stakes go back while games end, so without this the coins would be locked before items and tickets.
_OPEN_GAMES = """
SELECT id, guild_id FROM games WHERE deadline IS NOT NULL
AND id IN (SELECT game_id FROM game_players WHERE user_id = :user{here})
"""
LOCKS = (
    "SELECT FROM gifts WHERE user_id = :user{here} ORDER BY guild_id FOR UPDATE",
    """
    SELECT FROM giveaways WHERE (
        host_id = :user OR id IN (SELECT giveaway_id FROM giveaway_entries WHERE user_id = :user)
    ){here} ORDER BY id FOR UPDATE
    """,
    """
    SELECT FROM invite_arrivals WHERE (user_id = :user OR inviter_id = :user){here}
    ORDER BY guild_id, user_id FOR UPDATE
    """,
    f"SELECT FROM games WHERE id IN (SELECT id FROM ({_OPEN_GAMES}) open) ORDER BY id FOR UPDATE",  # noqa: S608
    """
    SELECT FROM lottery_draws WHERE drawn_at IS NULL
    AND id IN (SELECT draw_id FROM lottery_purchases WHERE user_id = :user){here} ORDER BY id FOR UPDATE
    """,
    "SELECT FROM level_rewards WHERE user_id = :user{here} ORDER BY guild_id, level FOR UPDATE",
    "SELECT FROM active_multipliers WHERE user_id = :user{here} ORDER BY guild_id FOR UPDATE",
    "SELECT FROM inventory_items WHERE user_id = :user{here} ORDER BY guild_id, item FOR UPDATE",
    # With the purses of those who get their stakes back.
    f"""
    WITH open AS ({_OPEN_GAMES})
    SELECT FROM coin_accounts a JOIN (
        SELECT guild_id, kind, owner_id FROM coin_accounts WHERE kind = 'member' AND owner_id = :user{{here}}
        UNION SELECT guild_id, 'game', id FROM open
        UNION SELECT open.guild_id, 'member', p.user_id FROM open JOIN game_players p ON p.game_id = open.id
    ) k ON (k.guild_id, k.kind, k.owner_id) = (a.guild_id, a.kind, a.owner_id)
    ORDER BY a.guild_id, a.kind, a.owner_id FOR UPDATE OF a
    """,  # noqa: S608 - constants, as above.
)
