"""Telling Discord which application commands there are, only when they changed."""

import asyncio
import hashlib
import json
import logging
from typing import Any

from discord import app_commands
from sqlalchemy.dialects.postgresql import insert

from app.core.clock import now
from app.core.db import unit_of_work
from schema.models.outbound import SyncedCommands

log = logging.getLogger(__name__)


async def sync_commands(tree: app_commands.CommandTree[Any], application_id: int) -> bool:
    """Bring Discord's list up to date; whether that was necessary.

    Beside the hash, one request asks how many commands Discord has, because a list can be lost at the other end.
    """
    wanted = await fingerprint(tree)
    known = await asyncio.to_thread(_known, application_id)
    if known == wanted and len(await tree.fetch_commands()) == len(tree.get_commands()):
        return False
    await tree.sync()
    await asyncio.to_thread(_remember, application_id, wanted)
    log.info("application commands were sent to Discord")
    return True


async def fingerprint(tree: app_commands.CommandTree[Any]) -> str:
    """A hash over every command as Discord would see it, translations included."""
    payloads: list[dict[str, Any]] = []
    for command in tree.get_commands():
        if tree.translator:
            payloads.append(await command.get_translated_payload(tree, tree.translator))
        else:
            payloads.append(command.to_dict(tree))
    payloads.sort(key=lambda payload: (payload.get("type", 1), payload["name"]))
    return hashlib.sha256(json.dumps(payloads, sort_keys=True, default=str).encode()).hexdigest()


def _known(application_id: int) -> str | None:
    with unit_of_work() as uow:
        row = uow.session.get(SyncedCommands, application_id)
        return row.hash if row else None


def _remember(application_id: int, digest: str) -> None:
    with unit_of_work() as uow:
        statement = insert(SyncedCommands).values(application_id=application_id, hash=digest)
        uow.session.execute(
            statement.on_conflict_do_update(
                index_elements=["application_id"], set_={"hash": digest, "synced_at": now()}
            )
        )
        uow.commit()
