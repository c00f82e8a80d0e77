"""Awaited commands: running one, showing its answer, and offering again what was lost.

A feature's command is a service `work(uow, command) -> Answer` and one line here or in its own module:

    settings_set = awaited("commands.settings_set", service.change)
"""

import logging

import msgspec
from celery import Task
from redis import Redis

from app.clients import discord_rest
from app.core import answers, commands, ledger, queue
from app.core.answers import Answer
from app.core.commands import QUEUE, Command, Work
from app.core.errors import RemoteUnavailable
from app.core.log import request_id
from app.core.redis import broker_redis
from tasks.base import OUTAGES
from tasks.celery import app

log = logging.getLogger(__name__)


def awaited(name: str, work: Work) -> Task:
    """Register an awaited command: a task of that name which takes the interaction's id."""

    def run(interaction_id: str) -> None:
        """Run the command and tell the person.

        Twice is safe: the outcome row is unique, and a second run finds it, or loses its own transaction to it.
        """
        run_awaited(name, interaction_id, work)

    return app.task(name=name)(run)


def run_awaited(name: str, interaction_id: str, work: Work) -> None:
    """Take the command from the ledger, decide it, show the answer, and then forget the entry."""
    request_id.set(interaction_id)
    client = broker_redis()
    payload = ledger.fetch(client, QUEUE, interaction_id)
    if payload is None:
        return
    command = _readable(payload, name, interaction_id)
    if command:
        show(client, command, _decide(command, work))
    ledger.remove(client, QUEUE, interaction_id)


def _readable(payload: bytes, name: str | None, interaction_id: str) -> Command | None:
    """The command, or None for what no worker of this version can run: it is buried, and the bot's deadline answers."""
    reason = ""
    try:
        command = commands.decode(payload)
        if command.task not in app.tasks or (name and command.task != name):
            reason = f"it was sent to {name or 'no task'} and names {command.task[:80]}"
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        # The parser's message names a field and a type, not what stands in it.
        reason = f"it cannot be read: {error}"[:200]
    if not reason:
        return command
    log.error("command %s is laid among the dead letters: %s", interaction_id, reason)
    commands.bury(interaction_id, payload, reason)
    return None


def _decide(command: Command, work: Work) -> Answer:
    try:
        return commands.execute(command, work)
    except OUTAGES:
        raise
    except Exception:
        # The person gets an answer all the same; the fault is ours and stands in the log.
        log.exception("command %s failed", command.task)
        return commands.fail(command)


def show(client: Redis, command: Command, answer: Answer) -> None:
    """Publish the answer; when nobody waits for it any more, show it in Discord ourselves.

    Twice shows the same text in the same place.
    """
    if answers.publish(client, command.id, answer):
        return
    try:
        _show_late(command, answer)
    except (discord_rest.DiscordRefused, discord_rest.RateLimited, RemoteUnavailable) as error:
        # The outcome is stored, and the person sees its effect; the interaction's token may be long gone.
        log.warning("the answer to %s could not be shown late: %s", command.id, error)


def _show_late(command: Command, answer: Answer) -> None:
    """Show an answer in place of a bot that is gone; only one with a message changes the one that was clicked."""
    message = answer.data.get("message")
    if command.token and (message or not command.is_click):
        discord_rest.edit_original(command.application_id, command.token, message or {"content": answer.content})
    if command.token and command.is_click and (answer.text or not message):
        discord_rest.whisper(command.application_id, command.token, answer.content)
    if not command.token:
        body = {**(message or {"content": answer.content}), "message_reference": _reply_to(command)}
        discord_rest.create_message(command.channel_id, body, nonce=f"late-{command.id}")


def _reply_to(command: Command) -> dict[str, str | bool]:
    return {"message_id": str(command.id), "channel_id": str(command.channel_id), "fail_if_not_exists": False}


@app.task(name="commands.sweep")
def sweep() -> None:
    """Offer again the commands whose time has come; each then finds its outcome row, or runs, or is refused as late.

    Twice is safe: an offer puts the entry off, and a second task for one command finds it decided.
    """
    client = broker_redis()
    for interaction_id in ledger.claim_due(client, QUEUE):
        payload = ledger.fetch(client, QUEUE, interaction_id)
        if payload is None:
            ledger.remove(client, QUEUE, interaction_id)
            continue
        command = _readable(payload, None, interaction_id)
        if command:
            queue.send(command.task, interaction_id)
        else:
            ledger.remove(client, QUEUE, interaction_id)
