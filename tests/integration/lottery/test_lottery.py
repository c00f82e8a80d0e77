"""The lottery in a real database: tickets for coins, and one draw for each guild and Sunday."""

import hashlib
import threading
from datetime import UTC, datetime, timedelta

import pytest

from app.community.economy import queries as economy
from app.community.economy.rules import LOTTERY, member
from app.community.lottery import queries, service
from app.core import clock, posts
from app.core.commands import execute
from app.core.db import unit_of_work
from app.upkeep.privacy import service as privacy
from tasks import lottery
from tests.factories.coins import balance_of, give
from tests.factories.hall import rows
from tests.factories.orders import order

HERE, THERE, ANN, BEN = 7, 8, 1, 2
WEDNESDAY = datetime(2026, 3, 25, 12, tzinfo=UTC)
SUNDAY = datetime(2026, 3, 29, 20, tzinfo=UTC)
numbers = iter(range(1, 10**6))


@pytest.fixture
def at(database, monkeypatch):
    """Sets the clock of the lottery."""

    def set_clock(moment: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: moment)

    set_clock(WEDNESDAY)
    return set_clock


def run(work, user: int = ANN, guild: int = HERE, **arguments):
    return execute(order(next(numbers), "commands.lottery", guild, user, **arguments), work)


def buy(count: int, user: int = ANN, guild: int = HERE):
    return run(service.buy, user, guild, count=count)


def options(text: str, timezone: str = "UTC", guild: int = HERE) -> None:
    rows(
        "INSERT INTO guild_settings (guild_id, options, timezone) VALUES (%s, %s, %s)"
        " ON CONFLICT (guild_id) DO UPDATE SET options = excluded.options, timezone = excluded.timezone",
        guild,
        text,
        timezone,
    )


def draws(guild: int = HERE) -> list[tuple]:
    columns = "day::text, sold, jackpot, winner_id, drawn_at IS NOT NULL"
    return rows(f"SELECT {columns} FROM lottery_draws WHERE guild_id = %s ORDER BY day", guild)


def test_tickets_are_paid_and_numbered_in_one_transaction(at):
    give(HERE, ANN, 1000)
    bought = buy(3)
    assert bought.text.startswith("You bought 3 tickets for 60 coins: 1-3. Good luck!")
    assert "The jackpot is **10\u202f060 coins**. A ticket costs 20 coins; 3 tickets sold." in bought.text
    assert buy(1, BEN).text.startswith("You bought 1 ticket for 20 coins: 4. Good luck!")
    assert buy(2).text.startswith("You bought 2 tickets for 40 coins: 5-6.")
    assert queries.tickets(HERE, ANN).ranges == ((1, 3), (5, 6))
    assert (queries.tickets(HERE, ANN).count, queries.tickets(HERE, ANN).sold) == (5, 6)
    assert queries.tickets(THERE, ANN).ranges == ()
    assert balance_of(HERE, LOTTERY) == 10_000 + 6 * 20
    assert economy.audit().is_sound


def test_who_has_too_few_coins_gets_no_ticket_and_pays_nothing(at):
    refused = buy(2)
    assert (refused.state, refused.text) == ("refused", "That takes 40 coins, and there are 25.")
    assert buy(101).text == "101 tickets cannot be bought. Allowed: 1 to 100 at once."
    assert rows("SELECT count(*) FROM lottery_purchases") == [(0,)]
    assert rows("SELECT count(*) FROM coin_entries") == [(0,)]


def test_the_hash_is_told_before_the_first_ticket_and_the_seed_after_the_draw(at):
    shown = run(service.show).text
    assert "The jackpot is **10\u202f000 coins**" in shown
    told = shown.rpartition("`")[0].rpartition("`")[2]
    assert len(told) == 64
    assert queries.last_draw(HERE) is None, "the seed of an open draw is never read"
    assert told in buy(1).text
    at(SUNDAY)
    lottery.draw()
    drawn = queries.last_draw(HERE)
    assert hashlib.sha256(drawn.seed).hexdigest() == told
    digest = hashlib.sha256(f"{drawn.seed.hex()}:1:0".encode()).hexdigest()
    assert drawn.winning_ticket == int(digest, 16) % 1 + 1
    assert drawn.winner_id == ANN


def test_the_winner_takes_the_jackpot_and_a_new_one_begins(at):
    give(HERE, ANN, 1000)
    buy(10)
    buy(1, BEN)
    at(SUNDAY - timedelta(seconds=1))
    lottery.draw()
    assert draws() == [("2026-03-29", 11, None, None, False)]
    at(SUNDAY)
    lottery.draw()
    first, second = draws()
    assert first[:3] == ("2026-03-29", 11, 10_220)
    assert first[3] in {ANN, BEN}
    assert second == ("2026-04-05", 0, None, None, False)
    assert balance_of(HERE, LOTTERY) == 10_000
    assert rows("SELECT amount, target_id FROM coin_entries WHERE type = 'lottery_win'") == [(10_220, first[3])]
    assert economy.audit().is_sound


def test_two_beats_and_late_ones_draw_once(at):
    buy(1)
    at(SUNDAY + timedelta(days=9))
    gate = threading.Barrier(4)

    def beat() -> None:
        gate.wait()
        lottery.draw()

    threads = [threading.Thread(target=beat) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lottery.draw()
    assert [(day, is_drawn) for day, *_, is_drawn in draws()] == [("2026-03-29", True), ("2026-04-12", False)]
    assert rows("SELECT count(*) FROM coin_entries WHERE type = 'lottery_win'") == [(1,)]


def test_without_tickets_the_jackpot_stays_even_the_one_that_an_admin_set(at):
    assert run(service.set_jackpot, amount=777).text == "The jackpot is 777 coins now, and was 10000 before."
    at(SUNDAY)
    lottery.draw()
    assert draws()[0] == ("2026-03-29", 0, 777, None, True)
    assert balance_of(HERE, LOTTERY) == 777
    assert "Allowed: 0 to" in run(service.set_jackpot, amount=-1).text
    assert economy.audit().is_sound


def test_no_ticket_is_sold_between_the_hour_and_the_draw(at):
    buy(1)
    at(SUNDAY)
    assert buy(1).text.startswith("The draw is under way.")
    lottery.draw()
    assert buy(1, BEN).state == "done"


def test_a_guild_that_changes_its_time_zone_draws_each_sunday_once(at):
    options("{}", "Pacific/Kiritimati")
    buy(1)
    at(datetime(2026, 3, 29, 6, tzinfo=UTC))
    lottery.draw()
    options("{}", "Pacific/Pago_Pago")
    at(datetime(2026, 3, 30, 8, tzinfo=UTC))
    lottery.draw()
    assert [(day, is_drawn) for day, *_, is_drawn in draws()] == [("2026-03-29", True), ("2026-04-05", False)]
    options("{}", "Europe/Paris")
    at(datetime(2026, 4, 5, 17, 59, tzinfo=UTC))
    lottery.draw()
    assert draws()[-1][-1] is False
    at(datetime(2026, 4, 5, 18, tzinfo=UTC))
    lottery.draw()
    assert [day for day, *_, is_drawn in draws() if is_drawn] == ["2026-03-29", "2026-04-05"]


def test_the_result_is_owed_once_with_the_hash_of_the_next_draw(at, monkeypatch):
    options('{"lottery-channel": 55, "lottery-price": 5, "lottery-base": 100}')
    assert "for 10 coins" in buy(2).text
    at(SUNDAY)
    lottery.draw()
    lottery.draw()
    ((channel, body, subject),) = rows("SELECT channel_id, body, subject_id FROM outbound_posts")
    assert (channel, subject) == (55, ANN)
    assert "🎉 The lottery of 2026-03-29: ticket" in body["content"]
    assert "wins **110 coins** for <@1>!" in body["content"]
    upcoming = rows("SELECT encode(sha256(seed), 'hex') FROM lottery_draws WHERE drawn_at IS NULL")[0][0]
    assert upcoming in body["content"]


def test_a_draw_that_fails_to_commit_is_held_again(at, monkeypatch):
    options('{"lottery-channel": 55}')
    buy(1)
    at(SUNDAY)

    def fail(*_, **__):
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(posts, "owe", fail)
        with pytest.raises(ConnectionError):
            lottery.draw()
    assert draws()[0][-1] is False
    assert rows("SELECT count(*) FROM coin_entries WHERE type = 'lottery_win'") == [(0,)]
    lottery.draw()
    assert draws()[0][-1] is True


def test_guilds_have_lotteries_of_their_own(at):
    buy(1)
    buy(1, BEN, THERE)
    at(SUNDAY)
    lottery.draw()
    assert [(draws(guild)[0][1], draws(guild)[0][3]) for guild in (HERE, THERE)] == [(1, ANN), (1, BEN)]
    assert rows("SELECT count(DISTINCT seed) FROM lottery_draws") == [(4,)]


@pytest.mark.parametrize("others", [True, False])
def test_an_erased_persons_tickets_never_win_and_the_draw_can_still_be_checked(at, others):
    give(HERE, ANN, 2000)
    buy(100)
    if others:
        buy(1, BEN)
    with unit_of_work() as uow:
        privacy.erase(uow, ANN, HERE)
        uow.commit()
    assert rows("SELECT count(*) FROM lottery_purchases WHERE user_id = 1") == [(0,)]
    at(SUNDAY)
    lottery.draw()
    drawn = queries.last_draw(HERE)
    assert drawn.sold == (101 if others else 100)
    assert (drawn.winner_id, drawn.winning_ticket) == ((BEN, 101) if others else (None, None))
    assert economy.audit().is_sound
    with unit_of_work() as uow:
        privacy.erase(uow, BEN, None)
        uow.commit()
    assert rows("SELECT count(*) FROM lottery_draws WHERE winner_id IS NOT NULL") == [(0,)] or not others


def test_many_who_buy_at_once_get_different_tickets(at):
    for user in range(1, 9):
        give(HERE, user, 1000)
    failures = []

    def shop(user: int) -> None:
        for count in (1, 2, 3, 4):
            answer = buy(count, user)
            if answer.state != "done":
                failures.append(answer.text)

    threads = [threading.Thread(target=shop, args=(user,)) for user in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    sold = [
        n
        for first, last in rows("SELECT first_ticket, last_ticket FROM lottery_purchases")
        for n in range(first, last + 1)
    ]
    assert sorted(sold) == list(range(1, 81))
    assert balance_of(HERE, LOTTERY) == 10_000 + 80 * 20
    assert balance_of(HERE, member(1)) == 1025 - 200
    assert economy.audit().is_sound


def test_an_audit_finds_a_draw_that_nobody_held_by_the_guilds_own_clock(at):
    give(HERE, ANN, 100)
    options("{}", "America/New_York")
    buy(1)
    at(SUNDAY + timedelta(hours=4))
    assert economy.audit().unsettled == 0, "its moment has just come"
    at(SUNDAY + timedelta(hours=4, minutes=6))
    assert economy.audit().unsettled == 1
    assert economy.audit(HERE).unsettled == 1
    assert economy.audit(THERE).unsettled == 0
    lottery.draw()
    assert economy.audit().is_sound
