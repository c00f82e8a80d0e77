"""Privacy: awaited commands, and the rest of an erasure that was too large for one."""

from functools import partial

from app.core import queue
from app.core.cache.namespace import forget_person
from app.core.db import unit_of_work
from app.upkeep.privacy import service
from tasks.celery import app
from tasks.commands import awaited

privacy_off = awaited("commands.privacy_off", service.opt_out)
privacy_on = awaited("commands.privacy_on", service.opt_in)
privacy_erase = awaited("commands.privacy_erase", service.erase_by_command)


@app.task(name=service.ERASE)
def erase(guild_id: int, user_id: int) -> None:
    """Erase the next chunk, and enqueue another task while there is more.

    Twice is safe: deleting again finds nothing, and only what is older than the erasure is ever deleted.
    """
    with unit_of_work() as uow:
        is_done = service.erase_more(uow.session, guild_id, user_id)
        uow.after_commit(partial(forget_person, [guild_id], user_id))
        if not is_done:
            uow.after_commit(lambda: queue.send(service.ERASE, guild_id, user_id))
        uow.commit()


@app.task(name="privacy.sweep")
def sweep() -> None:
    """Take up every erasure that has not reached its end: its last pass, or one whose task was lost.

    Twice is safe: see `privacy.erase`.
    """
    with unit_of_work() as uow:
        waiting = service.unfinished(uow.session)
    for guild_id, user_id in waiting:
        queue.send(service.ERASE, guild_id, user_id)
