"""Giveaways in a real database: joining, drawing once, delivering once."""

import threading
import time
from datetime import timedelta

import pytest

from app.community.economy import queries as economy
from app.community.economy.rules import Account, member
from app.community.giveaways import queries, service
from app.core import commands
from app.core.clock import now
from app.core.commands import Command
from app.core.db import unit_of_work
from app.upkeep.privacy import service as privacy
from tests.factories.coins import balance_of
from tests.factories.hall import rows

HERE, THERE, HOST = 7, 8, 50
_ids = iter(range(1000, 10**6))


def run(work, *, user=HOST, guild=HERE, command_id=None, **arguments):
    command = Command(
        task="commands.test",
        id=command_id or next(_ids),
        guild_id=guild,
        user_id=user,
        channel_id=5,
        language="en",
        deadline=time.time() + 60,
        arguments=arguments,
    )
    return commands.execute(command, work)


def begin(prize="100 coins", winners=1, duration="1h", guild=HERE) -> int:
    number = next(_ids)
    answer = run(
        service.create, command_id=number, guild=guild, prize=prize, winners=winners, duration=duration, title="Mead"
    )
    assert answer.state == "done", answer.text
    return number


def join(giveaway: int, *users: int, guild=HERE) -> list[str]:
    return [run(service.join, user=user, guild=guild, giveaway=str(giveaway)).state for user in users]


def let_time_pass(giveaway: int) -> None:
    rows("UPDATE giveaways SET ends_at = now() - interval '1 second' WHERE id = %s", giveaway)


def draw(giveaway: int) -> bool:
    with unit_of_work() as uow:
        is_done = service.draw_due(uow, giveaway)
        uow.commit()
        return is_done


def winners(giveaway: int) -> list[int]:
    with unit_of_work() as uow:
        return queries.winners(uow.session, giveaway)


def posts() -> list[tuple]:
    return rows("SELECT dedupe_key, body FROM outbound_posts WHERE kind = 'giveaway' ORDER BY id")


def sound() -> bool:
    found = economy.audit()
    return (found.imbalance, found.negative, found.unsettled) == (0, 0, 0)


def test_coins_are_put_aside_and_paid_to_the_winners_once(database):
    giveaway = begin("100 coins", winners=2)
    assert balance_of(HERE, Account("giveaway", giveaway)) == 200
    assert join(giveaway, 1, 2, 3) == ["done"] * 3
    assert not draw(giveaway), "its time has not come"
    let_time_pass(giveaway)
    assert draw(giveaway)
    assert not draw(giveaway)
    won = winners(giveaway)
    assert len(won) == 2
    assert {balance_of(HERE, member(user)) for user in won} == {125}
    assert balance_of(HERE, Account("giveaway", giveaway)) == 0
    assert sound()
    key, body = posts()[-1]
    assert key == f"giveaway:{giveaway}:winners"
    assert body["allowed_mentions"] == {"users": [str(user) for user in won]}
    assert queries.proof(HERE, giveaway).is_right


def test_without_enough_people_the_rest_is_not_paid_to_anybody(database):
    giveaway = begin("100 coins", winners=3)
    join(giveaway, 1)
    let_time_pass(giveaway)
    draw(giveaway)
    assert winners(giveaway) == [1]
    assert balance_of(HERE, member(1)) == 125
    assert balance_of(HERE, Account("giveaway", giveaway)) == 0
    assert sound()
    empty = begin("100 coins")
    let_time_pass(empty)
    draw(empty)
    assert "Nobody joined" in posts()[-1][1]["content"]
    assert sound()


def test_items_land_in_the_bags_of_the_winners(database):
    giveaway = begin("2 treasure")
    join(giveaway, 1)
    let_time_pass(giveaway)
    draw(giveaway)
    assert rows("SELECT user_id, item, quantity FROM inventory_items") == [(1, "jackpot", 2)]


def test_joining_twice_and_leaving(database):
    giveaway = begin()
    assert join(giveaway, 1, 1) == ["done", "refused"]
    assert run(service.leave, user=1, giveaway=str(giveaway)).state == "done"
    assert run(service.leave, user=1, giveaway=str(giveaway)).state == "refused"
    let_time_pass(giveaway)
    assert join(giveaway, 1) == ["refused"], "it is over, though nobody has drawn yet"
    draw(giveaway)
    assert winners(giveaway) == []


def test_who_left_or_opted_out_is_passed_over(database):
    giveaway = begin(winners=3)
    join(giveaway, 1, 2, 3)
    rows("INSERT INTO members (guild_id, user_id, left_at) VALUES (7, 1, now())")
    rows("INSERT INTO opt_outs (guild_id, user_id) VALUES (7, 2)")
    assert join(giveaway, 2) == ["refused"]
    let_time_pass(giveaway)
    draw(giveaway)
    assert winners(giveaway) == [3]
    assert queries.proof(HERE, giveaway).is_right
    assert sound()


def test_a_giveaway_of_another_guild_is_not_there(database):
    giveaway = begin()
    assert "There is no giveaway" in run(service.join, user=1, guild=THERE, giveaway=str(giveaway)).text
    assert "There is no giveaway" in run(service.cancel, guild=THERE, giveaway=str(giveaway)).text
    assert queries.active(THERE) == []
    with pytest.raises(Exception, match="no giveaway with this id"):
        queries.proof(THERE, giveaway)


def test_ended_and_cancelled_early(database):
    first, second = begin("10 coins"), begin("10 coins")
    join(first, 1)
    assert run(service.end, giveaway=str(first)).state == "done"
    assert winners(first) == [1]
    assert run(service.end, giveaway=str(first)).text == "This giveaway is over."
    assert run(service.cancel, giveaway=str(second)).state == "done"
    assert balance_of(HERE, Account("giveaway", second)) == 0
    assert sound()


def test_another_winner_is_drawn_only_of_what_the_host_hands_over(database):
    ring, coins = begin("a ring"), begin("5 coins")
    join(ring, 1, 2)
    join(coins, 1, 2)
    assert run(service.reroll, giveaway=str(ring)).state == "refused"
    for giveaway in (ring, coins):
        run(service.end, giveaway=str(giveaway))
    assert run(service.reroll, giveaway=str(ring)).state == "done"
    assert sorted(winners(ring)) == [1, 2]
    assert run(service.reroll, giveaway=str(ring)).text == "Nobody is left to be drawn."
    assert run(service.reroll, giveaway=str(coins)).state == "refused"
    assert queries.proof(HERE, ring).is_right


@pytest.mark.parametrize("giveaway", ["", "abc", "9" * 40, "-1", "12"])
def test_ids_that_name_nothing_are_refused(database, giveaway):
    assert "There is no giveaway" in run(service.join, user=1, giveaway=giveaway).text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"duration": "1s"}, "no usable time"),
        ({"winners": 0}, "Allowed: 1 to 50"),
        ({"prize": "0 coins"}, "no usable amount"),
        ({"title": "x" * 200}, "1 to 100"),
    ],
)
def test_bad_input_begins_nothing(database, changed, said):
    arguments = {"prize": "1 coin", "winners": 1, "duration": "1h", "title": "t", **changed}
    assert said in run(service.create, **arguments).text
    assert rows("SELECT count(*) FROM giveaways") == [(0,)]
    assert rows("SELECT count(*) FROM coin_entries") == [(0,)]


def test_a_guild_has_only_so_many(database):
    for _ in range(20):
        begin("a ring")
    arguments = {"prize": "a ring", "winners": 1, "duration": "1h", "title": "t"}
    assert "20 giveaways already" in run(service.create, **arguments).text
    assert run(service.create, guild=THERE, **arguments).state == "done"


def test_coins_cannot_be_given_away_where_there_are_none(database):
    rows("""INSERT INTO guild_settings (guild_id, features) VALUES (7, '{"economy": false}')""")
    arguments = {"winners": 1, "duration": "1h", "title": "t"}
    assert "switched off" in run(service.create, prize="5 coins", **arguments).text
    assert run(service.create, prize="a ring", **arguments).state == "done"


def test_the_same_command_begins_one_giveaway(database):
    number = begin("100 coins")
    again = run(service.create, command_id=number, prize="100 coins", winners=1, duration="1h", title="Mead")
    assert again.state == "done"
    assert rows("SELECT count(*) FROM giveaways") == [(1,)]
    assert balance_of(HERE, Account("giveaway", number)) == 100


def test_many_workers_that_draw_at_once_draw_once(database):
    giveaway = begin("100 coins", winners=2)
    join(giveaway, *range(1, 9))
    let_time_pass(giveaway)
    results: list[bool] = []
    threads = [threading.Thread(target=lambda: results.append(draw(giveaway))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False] * 5 + [True]
    assert len(winners(giveaway)) == 2
    assert sound()


def test_an_erased_person_leaves_draws_and_names_no_giveaway(database):
    giveaway = begin("10 coins")
    join(giveaway, 1, HOST)
    with unit_of_work() as uow:
        privacy.erase(uow, HOST, None)
        uow.commit()
    assert rows("SELECT host_id FROM giveaways") == [(None,)]
    assert rows("SELECT user_id FROM giveaway_entries") == [(1,)]
    let_time_pass(giveaway)
    draw(giveaway)
    assert winners(giveaway) == [1]
    assert sound()


def test_coins_of_a_giveaway_that_nobody_drew_are_found_by_the_audit(database):
    giveaway = begin("10 coins")
    assert sound()
    rows("UPDATE giveaways SET ends_at = %s WHERE id = %s", now() - timedelta(hours=1), giveaway)
    assert economy.audit().unsettled == 1
    assert economy.audit(THERE).unsettled == 0
    rows("UPDATE giveaways SET status = 'ended', ended_at = ends_at")
    assert economy.audit(HERE).unsettled == 1, "its coins still lie there"


def test_a_giveaway_of_something_else_that_nobody_drew_is_found_too(database):
    giveaway = begin("a hat")
    rows("UPDATE giveaways SET ends_at = %s WHERE id = %s", now() - timedelta(minutes=6), giveaway)
    assert economy.audit(HERE).unsettled == 1
    draw(giveaway)
    assert sound()
