"""Rows of people, in every table that the erasure knows."""

import itertools
from datetime import UTC, datetime, timedelta

from app.core.clock import now, snowflake_at
from tests.factories.hall import rows

_numbers = itertools.count(1)


def an_id(moment: datetime | None = None) -> int:
    return snowflake_at(moment or now() - timedelta(minutes=5)) + next(_numbers)


def partitions() -> None:
    today = datetime.now(UTC).date()
    rows("SELECT ensure_partitions(%s, %s)", today - timedelta(days=14), today + timedelta(days=7))


def person(user: int, guild: int, *, messages: int = 3, others: int = 999) -> list[int]:
    """Somebody who wrote, changed, reacted, talked, and was spoken of; the ids of their messages."""
    partitions()
    rows("INSERT INTO guilds (id) VALUES (%s) ON CONFLICT DO NOTHING", guild)
    rows("INSERT INTO users (id, name, display_name) VALUES (%s, 'n', 'N') ON CONFLICT DO NOTHING", user)
    rows(
        "INSERT INTO members (guild_id, user_id, message_count, voice_seconds) VALUES (%s, %s, %s, 3720)",
        guild,
        user,
        messages,
    )
    rows("INSERT INTO daily_activity VALUES (%s, %s, current_date, %s, 60)", guild, user, messages)
    rows("INSERT INTO daily_activity VALUES (%s, %s, current_date - 1, 1, 0)", guild, user)
    ids = [an_id() for _ in range(messages)]
    for number in ids:
        rows(
            "INSERT INTO messages (id, guild_id, channel_id, author_id, content, seq) VALUES (%s, %s, 5, %s, 'secret', 1)",
            number,
            guild,
            user,
        )
        rows(
            "INSERT INTO message_revisions (message_id, written_at, guild_id, content, seq) VALUES (%s, now(), %s, 'old secret', 1)",
            number,
            guild,
        )
        rows(
            "INSERT INTO reactions (message_id, user_id, emoji, guild_id, channel_id, reacted_at, seq)"
            " VALUES (%s, %s, 'x', %s, 5, now(), 1)",
            number,
            others,
            guild,
        )
        rows(
            "INSERT INTO message_terms (message_id, guild_id, channel_id, author_id, language, terms)"
            " VALUES (%s, %s, 5, %s, 'simple', to_tsvector('simple', 'secret'))",
            number,
            guild,
            user,
        )
        rows(
            "INSERT INTO message_vectors (message_id, model, guild_id, channel_id, author_id, dims, content_hash, embedding)"
            " VALUES (%s, 'm', %s, 5, %s, 2, '\\x00', '[1,2]')",
            number,
            guild,
            user,
        )
        rows(
            "INSERT INTO embedding_claims (message_id, guild_id, claimed_until, attempts) VALUES (%s, %s, now(), 1)",
            number,
            guild,
        )
    of_another = an_id()
    rows(
        "INSERT INTO reactions (message_id, user_id, emoji, guild_id, channel_id, reacted_at, seq)"
        " VALUES (%s, %s, 'x', %s, 5, now() - interval '1 minute', 1)",
        of_another,
        user,
        guild,
    )
    rows(
        "INSERT INTO voice_sessions (guild_id, user_id, seq, started_at) VALUES (%s, %s, %s, now() - interval '1 hour')",
        guild,
        user,
        of_another,
    )
    rows(
        "INSERT INTO invites (guild_id, code, inviter_id, created_at) VALUES (%s, %s, %s, now() - interval '1 hour')",
        guild,
        f"c{of_another}",
        user,
    )
    rows(
        "INSERT INTO dead_letters (queue, entry_id, guild_id, user_id, reason, payload) VALUES ('ingest', 'b', %s, %s, 'odd', 'secret')",
        guild,
        user,
    )
    rows(
        "INSERT INTO outcomes (interaction_id, guild_id, user_id, command, state, answer) VALUES (%s, %s, %s, 'c', 'done', '{}')",
        of_another,
        guild,
        user,
    )
    for column in ("user_id", "subject_id"):
        rows(
            f"INSERT INTO outbound_posts (guild_id, {'channel_id, ' if column == 'subject_id' else ''}{column}, nonce, kind, dedupe_key, body, expires_at)"
            f" VALUES (%s, {'5, ' if column == 'subject_id' else ''}%s, %s, 'k', %s, '{{}}', now())",
            guild,
            user,
            f"{of_another}{column}",
            f"{of_another}{column}",
        )
    rows("INSERT INTO user_preferences (user_id, locale) VALUES (%s, 'fr') ON CONFLICT DO NOTHING", user)
    return ids
