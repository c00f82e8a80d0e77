"""Peer (c): PostgreSQL alone, COPY and an aggregated upsert of the same rows over one connection."""

import io
import time
from collections import Counter

import psycopg2

BATCH = 500
TABLES = (
    (
        "CREATE TABLE IF NOT EXISTS peer_messages (id bigint PRIMARY KEY, guild_id bigint, channel_id bigint, "
        "author_id bigint, content text)"
    ),
    (
        "CREATE TABLE IF NOT EXISTS peer_members (guild_id bigint, user_id bigint, message_count bigint, "
        "PRIMARY KEY (guild_id, user_id))"
    ),
)


def measure(url: str, rows: list[tuple[int, int, int, int, str]]) -> float:
    """Rows a second from the first COPY to the last commit; the peer's tables must exist and be empty."""
    connection = psycopg2.connect(url)
    start = time.perf_counter()
    for offset in range(0, len(rows), BATCH):
        _store(connection, rows[offset : offset + BATCH])
    seconds = time.perf_counter() - start
    connection.close()
    return len(rows) / seconds


def _store(connection: "psycopg2.extensions.connection", batch: list[tuple[int, int, int, int, str]]) -> None:
    lines = "".join("\t".join(map(str, row)) + "\n" for row in batch)
    counts = Counter((row[1], row[3]) for row in batch)
    values = ",".join(f"({guild},{author},{count})" for (guild, author), count in sorted(counts.items()))
    with connection, connection.cursor() as cursor:
        cursor.copy_expert("COPY peer_messages FROM STDIN", io.StringIO(lines))
        cursor.execute(
            f"INSERT INTO peer_members VALUES {values} ON CONFLICT (guild_id, user_id) "
            "DO UPDATE SET message_count = peer_members.message_count + excluded.message_count"
        )
