"""Peer (a): the usual design, one Celery task for each message, a row and a total in each transaction."""

import os

from celery import Celery
from sqlalchemy import Engine, create_engine, text

app = Celery("peer", broker=os.environ["REDIS_URL"])
app.conf.update(task_ignore_result=True, task_acks_late=True, worker_prefetch_multiplier=4, task_default_queue="peer")
_pool: list[Engine] = []

ROW = text(
    "INSERT INTO peer_messages (id, guild_id, channel_id, author_id, content) "
    "VALUES (:id, :guild, :channel, :author, :content)"
)
TOTAL = text(
    "INSERT INTO peer_members (guild_id, user_id, message_count) VALUES (:guild, :author, 1) "
    "ON CONFLICT (guild_id, user_id) DO UPDATE SET message_count = peer_members.message_count + 1"
)


def engine() -> Engine:
    """One pool for each worker process."""
    if not _pool:
        url = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg2://", 1)
        _pool.append(create_engine(url))
    return _pool[0]


@app.task(name="peer.store")
def store(message: dict[str, object]) -> None:
    """Store one message; it is no part of the product, and running it twice is not safe."""
    with engine().begin() as connection:
        connection.execute(ROW, message)
        connection.execute(TOTAL, message)
