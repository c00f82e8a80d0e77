"""Blanking the messages that went with their channel: Discord tells of the channel alone."""

from functools import partial

from app.activity.guilds import service
from app.activity.messages import service as messages
from app.core import clock, queue
from app.core.db import unit_of_work
from app.knowledge.embeddings.service import forget
from tasks.celery import app

BLANK = "channels.blank"


@app.task(name=BLANK)
def blank(channel_id: int) -> None:
    """Blank the messages of a deleted channel, chunk by chunk, and have its threads blanked too.

    Twice is safe: what is blank is not found again. The channel counts as finished only a while after its deletion,
    when no batch under way can bring another message; until then the sweep looks again.
    """
    while True:
        with unit_of_work() as uow:
            deleted = service.deleted(uow.session, channel_id)
            if deleted is None:
                return
            for thread in service.delete_threads(uow.session, channel_id, deleted.at):
                uow.after_commit(partial(queue.send, BLANK, thread))
            ids = messages.blank_channel(uow.session, channel_id, deleted.at)
            forget(uow.session, deleted.guild_id, ids)
            if not ids:
                service.finish_blanking(uow.session, channel_id, clock.now())
            uow.commit()
        if not ids:
            return


@app.task(name="channels.sweep")
def sweep() -> None:
    """Offer every deleted channel that is not finished. Twice is safe, as `channels.blank` is."""
    with unit_of_work() as uow:
        waiting = service.to_blank(uow.session)
    for channel_id in waiting:
        queue.send(BLANK, channel_id)
