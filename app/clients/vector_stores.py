"""OpenAI's managed vector stores and the files in them, or a server that speaks the same protocol.

Each function is one request, or the pages of one list. What is not there any more is no error where it was to go. All
raise RemoteUnavailable, ConfigurationError for a wrong key, and BadInput for what the other side refuses.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import openai

from app.clients.openai import asking, client

_WHAT, _THESE = "the vector store", "this"
_PAGE = 100
PURPOSE: Literal["assistants"] = "assistants"
Attributes = Mapping[str, str | float | bool]


@dataclass(frozen=True)
class RemoteFile:
    """A file of the account."""

    id: str
    filename: str
    created_at: int


@dataclass(frozen=True)
class Passage:
    """A piece of a file that answers a question."""

    file_id: str
    score: float
    text: str


def create_store(name: str, metadata: Mapping[str, str], expire_days: int) -> str:
    """A new store, which goes by itself when nobody used it for so many days; its id."""
    with asking(_WHAT, _THESE):
        made = client().vector_stores.create(
            name=name, metadata=dict(metadata), expires_after={"anchor": "last_active_at", "days": expire_days}
        )
    return made.id


def find_stores(key: str, value: str) -> list[str]:
    """The ids of the living stores with this in their metadata, the oldest first."""
    with asking(_WHAT, _THESE):
        return [
            store.id
            for store in client().vector_stores.list(limit=_PAGE, order="asc")
            if (store.metadata or {}).get(key) == value and store.status != "expired"
        ]


def is_alive(store_id: str) -> bool:
    """Whether the store is there and has not expired."""
    with asking(_WHAT, _THESE):
        try:
            return client().vector_stores.retrieve(store_id).status != "expired"
        except openai.NotFoundError:
            return False


def delete_store(store_id: str) -> None:
    """Delete the store; its files stay."""
    with asking(_WHAT, _THESE):
        try:
            client().vector_stores.delete(store_id)
        except openai.NotFoundError:
            return


def upload(filename: str, content: bytes, expire_seconds: int) -> str:
    """Upload a file that goes by itself after so many seconds; its id."""
    with asking(_WHAT, _THESE):
        made = client().files.create(
            file=(filename, content),
            purpose=PURPOSE,
            expires_after={"anchor": "created_at", "seconds": expire_seconds},
        )
    return made.id


def files() -> Iterator[RemoteFile]:
    """Every file of the account that could be one of ours."""
    with asking(_WHAT, _THESE):
        for file in client().files.list(purpose=PURPOSE, limit=1000, order="asc"):
            yield RemoteFile(file.id, file.filename, file.created_at)


def delete_file(file_id: str) -> None:
    """Delete the file, which takes it out of every store."""
    with asking(_WHAT, _THESE):
        try:
            client().files.delete(file_id)
        except openai.NotFoundError:
            return


def attach(store_id: str, entries: Sequence[tuple[str, Attributes]]) -> str | None:
    """Put files into the store in one batch, each with its attributes; the batch's id, None without the store."""
    listed: list[Any] = [{"file_id": file_id, "attributes": dict(attributes)} for file_id, attributes in entries]
    with asking(_WHAT, _THESE):
        try:
            return client().vector_stores.file_batches.create(store_id, files=listed).id
        except openai.NotFoundError:
            return None


def attached(store_id: str) -> dict[str, str]:
    """The state of every file in the store by its id (`in_progress`, `completed`, `failed`, `cancelled`)."""
    with asking(_WHAT, _THESE):
        try:
            return {file.id: file.status for file in client().vector_stores.files.list(store_id, limit=_PAGE)}
        except openai.NotFoundError:
            return {}


def batch_states(store_id: str, batch_id: str) -> dict[str, str]:
    """The state of every file of the batch by its id; empty when the batch is not known any more."""
    with asking(_WHAT, _THESE):
        try:
            found = client().vector_stores.file_batches.list_files(batch_id, vector_store_id=store_id, limit=_PAGE)
            return {file.id: file.status for file in found}
        except openai.NotFoundError:
            return {}


def detach(store_id: str, file_id: str) -> None:
    """Take the file out of the store; it stays a file of the account."""
    with asking(_WHAT, _THESE):
        try:
            client().vector_stores.files.delete(file_id, vector_store_id=store_id)
        except openai.NotFoundError:
            return


def search(store_id: str, question: str, filters: Mapping[str, Any], limit: int) -> list[Passage]:
    """The pieces of the store's files that answer the question best, of those files that the filters let through."""
    wanted: Any = dict(filters)
    with asking(_WHAT, _THESE):
        try:
            found = client().vector_stores.search(
                store_id, query=question, filters=wanted, max_num_results=limit, rewrite_query=False
            )
        except openai.NotFoundError:
            return []
        return [
            Passage(item.file_id, item.score, "\n".join(piece.text for piece in item.content)) for item in found.data
        ]
