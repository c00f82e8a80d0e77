"""The lottery: awaited commands, and the draws whose moment has come."""

from app.community.lottery import queries, service
from app.core import clock
from app.core.db import unit_of_work
from tasks.celery import app
from tasks.commands import awaited

lottery_buy = awaited("commands.lottery_buy", service.buy)
lottery_show = awaited("commands.lottery_show", service.show)
lottery_set = awaited("commands.lottery_set", service.set_jackpot)


@app.task(name="lottery.draw")
def draw() -> None:
    """Hold the draws whose moment has come, each in a transaction of its own.

    Twice is safe: a draw's row is locked while it is held, and one that is drawn is not found again.
    """
    moment = clock.now()
    with unit_of_work() as uow:
        due = queries.due(uow.session, moment)
    for _guild_id, draw_id in due:
        with unit_of_work() as uow:
            if service.draw_due(uow, draw_id, moment):
                uow.commit()
