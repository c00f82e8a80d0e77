"""Stored messages as ingest leaves them, and the local model prepared once a session."""

import itertools
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from sqlalchemy import text

from app.clients import minilm
from app.core.clock import now, snowflake_at
from app.core.db import unit_of_work
from app.core.settings import settings
from app.knowledge.embeddings import pipeline, providers, service
from app.knowledge.search import frequencies, people

GUILD, OTHER_GUILD = 7_000, 8_000
PUBLIC, PRIVATE, ELSEWHERE = 7_001, 7_002, 8_001
ANNA, BORIS = 501, 502
_sequence = itertools.count(1)


@cache
def _prepared_model() -> Path:
    """One folder of models for all tests of this session; building it takes a second."""
    folder = Path(mkdtemp(prefix="heorot-model-"))
    minilm.minilm_build.ensure(folder / minilm._FILE)
    return folder


def use_local_model() -> None:
    """Give this test's DATA_DIR the prepared model, and forget the provider of the test before."""
    settings().data_path.mkdir(parents=True, exist_ok=True)
    (settings().data_path / "models").symlink_to(_prepared_model())
    providers.provider.cache_clear()
    people.forget()
    frequencies.forget()


def next_id() -> int:
    """The id of a message written just now."""
    return snowflake_at(now()) + next(_sequence)


def write(content, *, guild=GUILD, channel=PUBLIC, author=ANNA, message_id=None) -> int:
    """A committed message that waits to be embedded."""
    row = {"id": message_id or next_id(), "guild": guild, "channel": channel, "author": author, "content": content}
    with unit_of_work() as uow:
        uow.session.execute(
            text(
                "INSERT INTO messages (id, guild_id, channel_id, author_id, content, seq, embedding_stale_at)"
                " VALUES (:id, :guild, :channel, :author, :content, 1, clock_timestamp())"
            ),
            row,
        )
        uow.commit()
    return row["id"]


def edit(message_id, content, *, guild=GUILD) -> None:
    """The message has another text now."""
    with unit_of_work() as uow:
        uow.session.execute(
            text("UPDATE messages SET content = :content, embedding_stale_at = clock_timestamp() WHERE id = :id"),
            {"id": message_id, "content": content},
        )
        service.forget(uow.session, guild, [message_id])
        uow.commit()


def delete(message_id, *, guild=GUILD) -> None:
    """The message is gone and its text with it."""
    with unit_of_work() as uow:
        uow.session.execute(
            text("UPDATE messages SET content = NULL, deleted_at = now(), embedding_stale_at = NULL WHERE id = :id"),
            {"id": message_id},
        )
        service.forget(uow.session, guild, [message_id])
        uow.commit()


def opt_out(user, *, guild=GUILD) -> None:
    """This member wants nothing kept."""
    with unit_of_work() as uow:
        row = {"guild": guild, "user": user}
        uow.session.execute(text("INSERT INTO opt_outs (guild_id, user_id) VALUES (:guild, :user)"), row)
        uow.commit()


def embed_all() -> None:
    """Do what the embeddings worker does until nothing is left."""
    while pipeline.refresh():
        pass


def rows(statement, **values):
    """The rows of a query."""
    with unit_of_work() as uow:
        return [tuple(row) for row in uow.session.execute(text(statement), values)]
