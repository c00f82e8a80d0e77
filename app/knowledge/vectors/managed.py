"""Documents in OpenAI's managed vector stores: one store a guild, one file a document.

Nothing is sent for a guild whose admins did not agree, and what was sent goes when they take it back. Each file has a
row from before it is uploaded until it is gone (`store_files`), so that a crash between two requests leaves either a
row that says what to look for, or a file whose name says whose it is. No transaction is open during a request.

What goes, goes first, and a hint comes with the transaction that took it away; a sweep repeats it until it is done.
Stores and files also expire by themselves, should this program never come back.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.clients import vector_stores as remote
from app.core.consent import AGREES
from app.core.db import engine, only_one, unit_of_work
from app.core.errors import RemoteUnavailable
from app.core.settings import settings
from app.knowledge.documents import service
from app.knowledge.embeddings.limits import Limits
from app.knowledge.vectors import removals, uploads
from app.knowledge.vectors.rows import fetch, run
from app.knowledge.vectors.stores import READABLE, Found, Progress, Scope, check

_STORE = f"SELECT v.store_id FROM vector_stores v WHERE v.guild_id = :id AND {AGREES.format(guild='v.guild_id')}"  # noqa: S608 - constants.
_GIVE_UP = "UPDATE store_files SET state = 'removing' WHERE CAST(:guild_id AS bigint) IS NULL OR guild_id = :guild_id"
# Whatever became of them, they are looked at before anything is sent.
_DOUBT = "UPDATE vector_stores SET checked_at = NULL WHERE CAST(:guild_id AS bigint) IS NULL OR guild_id = :guild_id"
_KNOWN = f"""
SELECT f.file_id, f.id AS file_row, d.id, d.url, d.title, d.channel_id, d.day
FROM store_files f JOIN documents d ON d.id = f.document_id
WHERE f.guild_id = :guild_id AND f.state = 'attached' AND f.file_id = ANY(:files) AND {READABLE.format(row="d")}
"""  # noqa: S608 - made of constants.


class Managed:
    """The stores elsewhere."""

    name = "openai"

    def is_needed(self) -> bool:
        """Whether this store is used, or something of ours still lies there."""
        return settings().vector_store == "openai" or _is_anything_left()

    def sync(self, progress: Progress = lambda _: None) -> dict[str, int] | None:
        """Remove what is to go, then bring there what is due, in as many steps as there are."""
        with only_one(service.SYNC) as is_mine:
            return self._sync(progress) if is_mine else None

    def _sync(self, progress: Progress) -> dict[str, int]:
        counts: dict[str, int] = defaultdict(int)
        is_used = settings().vector_store == "openai"
        with _patient():
            counts["removed"] = removals.remove(is_used=is_used)
            if not is_used:
                return dict(counts)
            uploads.find_lost()
            for guild_id, store_id in removals.to_check():
                counts["lost"] += removals.check_store(guild_id, store_id)
            counts["attached"] += uploads.finish_batches()
            while documents := uploads.claim():
                counts["uploaded"] += uploads.upload(documents)
                progress(counts["uploaded"])
            while done := uploads.attach():
                counts["batches"] += done
            counts["attached"] += uploads.finish_batches()
            counts["removed"] += removals.remove(is_used=True)
        return {name: count for name, count in counts.items() if count}

    def search(self, scope: Scope, question: str, limit: int = 10) -> list[Found]:
        """What the guild's store finds in these channels; nothing of a document that is about to go."""
        asked = check(scope, question, limit)
        stores = fetch(_STORE, id=scope.guild_id) if asked else []
        if not stores or stores[0].store_id is None:
            return []
        with _patient():
            passages = remote.search(stores[0].store_id, asked, _filters(scope), limit)
        with Session(engine()) as session:
            values = scope.values | {"files": [passage.file_id for passage in passages]}
            known = {row.file_id: row for row in session.execute(text(_KNOWN), values)}
        return [
            Found(row.id, row.url, row.title, row.channel_id, row.day, passage.text, passage.score)
            for passage in passages
            if (row := known.get(passage.file_id)) is not None
        ]

    def rebuild(self, guild_id: int | None, *, but_since: datetime | None = None) -> int:  # noqa: ARG002
        """Give every file and store of the guilds up, and have the documents sent anew; no archive holds them."""
        run(_GIVE_UP, guild_id=guild_id)
        run(_DOUBT, guild_id=guild_id)
        count = service.mark_all(guild_id)
        service.hint()
        return count

    def clean(self) -> int:
        """Delete what lies there of ours and no row knows; how many files."""
        with _patient():
            return removals.clean_orphans()


MANAGED = Managed()


def _filters(scope: Scope) -> dict[str, Any]:
    channels = [str(channel) for channel in scope.channel_ids]
    channels += [uploads.GUILD_WIDE] if scope.is_guild_wide else []
    wanted: list[dict[str, Any]] = [
        {"type": "eq", "key": "guild_id", "value": str(scope.guild_id)},
        {"type": "in", "key": "channel_id", "value": channels},
    ]
    if scope.section is not None:
        wanted.append({"type": "eq", "key": "section", "value": scope.section})
    if scope.since is not None:
        wanted.append({"type": "gte", "key": "day", "value": scope.since.toordinal()})
    if scope.until is not None:
        wanted.append({"type": "lte", "key": "day", "value": scope.until.toordinal()})
    return {"type": "and", "filters": wanted}


@dataclass(frozen=True)
class _Patience:
    """Nothing is asked while the other side wants to be left alone, and its wish is told to all processes."""

    limits: Limits

    def __enter__(self) -> None:
        if missing := self.limits.take(0, is_urgent=True):
            raise RemoteUnavailable(f"the vector store wants to be left alone for {missing:.0f} s", missing)

    def __exit__(self, _: object, error: object, __: object) -> None:
        if isinstance(error, RemoteUnavailable) and error.retry_after is not None:
            self.limits.pause(error.retry_after)


def _patient() -> _Patience:
    return _Patience(Limits("openai-stores"))


def _is_anything_left() -> bool:
    with unit_of_work() as uow:
        statement = text("SELECT EXISTS (SELECT FROM store_files) OR EXISTS (SELECT FROM vector_stores)")
        return bool(uow.session.scalar(statement))
