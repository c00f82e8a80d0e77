"""Roulette, slots and blackjack in a real database: stakes, pay, multipliers, limits, and everything once."""

import threading

import pytest

from app.community.economy import queries as purses
from app.community.economy.rules import member
from app.community.games import limits, queries
from app.community.inventory import queries as bags
from app.community.inventory import service as inventory
from app.core import commands
from app.core.db import unit_of_work
from tests.factories.bags import put
from tests.factories.coins import balance_of, entries, give
from tests.factories.games import (
    ANN,
    BEN,
    HERE,
    THERE,
    Fixed,
    begin,
    click,
    column,
    command,
    let_time_pass,
    newest,
    was_posted,
)
from tests.factories.hall import rows


def has(user: int, guild: int = HERE) -> int | None:
    return balance_of(guild, member(user))


def sound() -> bool:
    found = purses.audit()
    return (found.imbalance, found.negative, found.unsettled) == (0, 0, 0)


@pytest.fixture(autouse=True)
def purse(database):
    give(HERE, ANN, 975)


def results():
    return rows("SELECT user_id, kind, stake, payout, result FROM game_results ORDER BY game_id, user_id")


def test_a_won_spin_pays_twice_the_bet_and_its_loss_takes_it():
    assert begin("roulette", bet=100, choice="red", chance=Fixed(1)).state == "done"
    assert has(ANN) == 1100
    assert begin("roulette", bet=100, choice="red", chance=Fixed(2)).state == "done"
    assert begin("roulette", bet=10, choice="green", chance=Fixed(0)).state == "done"
    assert has(ANN) == 1000 + 340
    assert results() == [
        (ANN, "roulette", 100, 200, "win"),
        (ANN, "roulette", 100, 0, "loss"),
        (ANN, "roulette", 10, 350, "win"),
    ]
    assert rows("SELECT count(*) FROM coin_accounts WHERE kind = 'game'") == [(0,)], "empty accounts are closed"
    assert rows("SELECT xp FROM member_levels WHERE user_id = %s", ANN) == [(35,)]
    assert rows("SELECT score FROM standings WHERE board = 'games' AND user_id = %s", ANN) == [(2,)]
    assert sound()


def test_the_message_tells_what_happened_in_the_players_language():
    answer = begin("roulette", bet=100, choice="red", chance=Fixed(1))
    (embed,) = answer.data["message"]["embeds"]
    assert "The ball falls on 🔴 **1** (red)" in embed["description"]
    assert "gets **200** coins" in embed["description"]
    assert answer.data["message"]["components"] == []


@pytest.mark.parametrize(
    ("bet", "words"),
    [
        (0, "0 is no bet"),
        (-5, "-5 is no bet"),
        (9, "Allowed: 10 to 500"),
        (501, "501"),
        (10**12, "That many"),
    ],
)
def test_an_impossible_bet_changes_nothing(bet, words):
    answer = begin("roulette", bet=bet, choice="red")
    assert (answer.state, words in answer.text) == ("refused", True)
    assert rows("SELECT count(*) FROM games") == [(0,)]
    assert has(ANN) == 1000


def test_a_bet_that_is_no_number_or_no_colour_changes_nothing():
    for given in (
        {"bet": "ten", "choice": "red"},
        {"bet": 10.5, "choice": "red"},
        {"bet": 10, "choice": "blue"},
        {"bet": 10},
    ):
        assert begin("roulette", **given).state == "refused"
    assert begin("poker", bet=10).text.startswith("There is no game “poker”")
    assert begin("slots", bet=10, guild=0).text.startswith("Games belong to a server")
    assert rows("SELECT count(*) FROM games") == [(0,)]


def test_who_has_too_little_is_refused():
    assert begin("roulette", BEN, bet=30, choice="red").text == "That takes 30 coins, and there are 25."
    assert rows("SELECT count(*) FROM games") == [(0,)]
    assert has(BEN) is None
    assert sound()


def test_the_same_interaction_plays_once():
    first = begin("roulette", bet=100, choice="red", chance=Fixed(2), number=5)
    again = begin("roulette", bet=100, choice="red", chance=Fixed(1), number=5)
    assert again == first
    assert has(ANN) == 900
    assert len(results()) == 1


def test_a_multiplier_counts_for_the_profit_of_two_games_and_is_bounded():
    rows("""INSERT INTO guild_settings (guild_id, options) VALUES (7, '{"multiplier-bonus": 150}')""")
    put(HERE, ANN, "multiplier_x2")
    with unit_of_work() as uow:
        inventory.activate(uow.session, HERE, ANN, "multiplier_x2", key="a")
        uow.commit()
    answer = begin("roulette", bet=100, choice="red", chance=Fixed(1))
    assert "The multiplier of <@1> adds **100** coins" in answer.data["message"]["embeds"][0]["description"]
    assert has(ANN) == 1200
    begin("roulette", bet=100, choice="red", chance=Fixed(2))
    assert bags.bag(HERE, ANN).factor == 1, "a loss uses a game up as well"
    begin("roulette", bet=200, choice="red", chance=Fixed(1))
    assert has(ANN) == 1300
    assert ("bonus", 100) in entries(HERE)
    assert sound()


def test_winners_against_the_house_may_find_something():
    rows("""INSERT INTO guild_settings (guild_id, options) VALUES (7, '{"drop-treasure": 300, "drop-x2": 300}')""")
    for _ in range(30):
        begin("roulette", bet=10, choice="red", chance=Fixed(1, 5))
    assert bags.bag(HERE, ANN).items["jackpot"] == 30
    begin("roulette", bet=10, choice="red", chance=Fixed(2, 5))
    assert bags.bag(HERE, ANN).items["jackpot"] == 30, "who loses finds nothing"


def test_a_hand_of_blackjack_is_played_with_buttons():
    answer = begin("blackjack", bet=100, chance=Fixed(cards="5♠ 6♠ 10♥"))
    assert answer.text == "Blackjack: your game is in this channel."
    assert has(ANN) == 900
    assert rows("SELECT balance FROM coin_accounts WHERE kind = 'game'") == [(100,)]
    ((body,),) = rows("SELECT body FROM outbound_posts WHERE kind = 'game'")
    buttons = [button["custom_id"] for button in body["components"][0]["components"]]
    assert buttons == [f"game:{newest()}:1:draw", f"game:{newest()}:1:stand"]
    drawn = click("draw", ANN, chance=Fixed(cards="2♠"))
    assert drawn.state == "done"
    assert "(**13**)" in drawn.data["message"]["embeds"][0]["description"]
    done = click("stand", ANN, chance=Fixed(cards="6♥ 9♥"))
    assert "gets **200** coins" in done.data["message"]["embeds"][0]["description"]
    assert done.data["message"]["components"] == []
    assert (has(ANN), column("status")) == (1100, "settled")
    assert sound()


def test_a_natural_is_paid_at_once():
    begin("blackjack", bet=100, chance=Fixed(cards="A♠ K♠ 10♥ 6♥"))
    assert (has(ANN), column("status")) == (1150, "settled")
    assert rows("SELECT body -> 'components' FROM outbound_posts WHERE kind = 'game'") == [([],)]


def test_stale_buttons_double_clicks_and_other_peoples_buttons_change_nothing():
    begin("blackjack", bet=100, chance=Fixed(cards="5♠ 6♠ 10♥"))
    give(HERE, BEN, 100)
    assert "belong to somebody else" in click("draw", BEN).text
    click("draw", ANN, chance=Fixed(cards="2♠"), number=9)
    assert click("draw", ANN, step=1, number=9).state == "done", "the same click again is the same answer"
    stale = click("draw", ANN, step=1)
    assert (stale.state, stale.text) == ("refused", "This button belongs to an earlier moment of the game.")
    assert stale.data["message"]["components"], "the message is brought up to date"
    assert column("step") == 2
    assert click("split", ANN).state == "refused"
    click("stand", ANN, chance=Fixed(cards="6♥ 9♥"))
    assert click("stand", ANN, step=2).text == "This game is over."
    assert click("stand", ANN, step=3, guild=THERE).text == "This game is over."
    assert has(ANN) == 1100


def test_one_game_at_a_time_for_each_player_and_guild():
    begin("blackjack", bet=100, chance=Fixed(cards="5♠ 6♠ 10♥"))
    assert begin("slots", bet=10).text == "You are in another game. Finish it first."
    assert begin("blackjack", bet=10).state == "refused"
    give(THERE, ANN, 100)
    assert begin("slots", bet=10, guild=THERE).state == "done"
    assert has(ANN) == 900


def test_two_commands_at_once_begin_one_game():
    gate, answers = threading.Barrier(6), []

    def play():
        gate.wait()
        answers.append(begin("blackjack", bet=200, chance=Fixed(cards="5♠ 6♠ 10♥")).state)

    threads = [threading.Thread(target=play) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["done"] + ["refused"] * 5
    assert has(ANN) == 800


def test_two_clicks_at_once_count_once():
    begin("blackjack", bet=100, chance=Fixed(cards="5♠ 6♠ 10♥"))
    gate, answers = threading.Barrier(4), []

    def stand():
        gate.wait()
        answers.append(click("stand", ANN, step=1).state)

    threads = [threading.Thread(target=stand) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["done"] + ["refused"] * 3
    assert len(results()) == 1
    assert sound()


def test_who_lets_the_time_pass_loses_the_stake_once():
    begin("blackjack", bet=100, chance=Fixed(cards="5♠ 6♠ 10♥"))
    was_posted()
    assert let_time_pass() == "late"
    assert (has(ANN), column("status")) == (900, "settled")
    assert results() == [(ANN, "blackjack", 100, 0, "loss")]
    assert column("show_at") is not None, "the message is to be brought up to date"
    rows("UPDATE games SET version = version")
    assert click("stand", ANN).text == "This game is over."


@pytest.mark.parametrize(
    ("posted", "passed", "verdict", "balance"),
    [
        (False, {}, "void", 1000),
        (True, {"connected": None}, "wait", 900),
        (True, {"connected": None, "seconds": 1000}, "void", 1000),
        (True, {"seconds": 100}, "again", 900),
        (True, {"seconds": -4000}, "again", 900),
    ],
)
def test_who_could_not_play_gets_the_stake_back_or_the_step_again(posted, passed, verdict, balance):
    begin("blackjack", bet=100, chance=Fixed(cards="5♠ 6♠ 10♥"))
    if posted:
        was_posted()
    assert let_time_pass(**passed) == verdict
    assert has(ANN) == balance
    if verdict == "again":
        assert 55 < rows("SELECT extract(epoch FROM deadline - now()) FROM games")[0][0] < 61
        assert click("stand", ANN).state == "done"
    assert sound()


def test_limits_are_kept():
    def say(task, work, **arguments):
        return commands.execute(command(task, ANN, **arguments), work)

    assert "at most 150 coins" in say("commands.games_limit", limits.limit, coins=150).text
    begin("roulette", bet=100, choice="red", chance=Fixed(2))
    refused = begin("roulette", bet=60, choice="red")
    assert refused.text == "You may lose 150 coins a day in games and have lost 100; 50 are left for today."
    assert "counts from" in say("commands.games_limit", limits.limit, coins=500).text
    assert begin("roulette", bet=60, choice="red").state == "refused"
    rows("UPDATE game_limits SET next_from = now() - interval '1 second'")
    assert begin("roulette", bet=60, choice="red", chance=Fixed(2)).state == "done"
    assert say("commands.games_exclude", limits.exclude, days=7).text.startswith("I keep you from games until")
    assert say("commands.games_exclude", limits.exclude, days=0).state == "refused"
    assert begin("roulette", bet=10, choice="red").text.startswith("You asked me to keep you from games")
    give(THERE, ANN, 100)
    assert begin("roulette", bet=10, choice="red", guild=THERE).state == "done"
    rows("UPDATE game_limits SET excluded_until = now() - interval '1 second'")
    assert begin("roulette", bet=10, choice="red").state == "done"


def test_a_guild_bounds_bets_places_and_losses_and_switches_games_off():
    rows(
        """INSERT INTO guild_settings (guild_id, options) VALUES (7, '{"roulette-max": 20, "game-slots": false,
        "games-daily-loss": 30, "games-channel": 70}')"""
    )
    assert "Allowed: 10 to 20" in begin("roulette", bet=21, choice="red").text
    assert "**Slots** is switched off" in begin("slots", bet=10).text
    assert "Games are played in <#70>" in begin("roulette", bet=20, choice="red", channel=71).text
    begin("roulette", bet=20, choice="red", chance=Fixed(2))
    assert "may lose 30 coins" in begin("roulette", bet=20, choice="red").text
    rows("""UPDATE guild_settings SET features = '{"economy": false}'""")
    assert "switched off" in begin("roulette", bet=10, choice="red").text


def test_whoever_opted_out_plays_nothing():
    rows("INSERT INTO opt_outs (guild_id, user_id) VALUES (7, 1)")
    assert "opted out" in begin("roulette", bet=10, choice="red").text
    assert rows("SELECT count(*) FROM games") == [(0,)]


def test_results_are_told_by_game_and_guild():
    begin("roulette", bet=100, choice="red", chance=Fixed(1))
    begin("roulette", bet=50, choice="red", chance=Fixed(2))
    (row,) = queries.played(HERE, ANN)
    assert (row.kind, row.games, row.wins, row.balance) == ("roulette", 2, 1, 50)
    assert queries.played(THERE, ANN) == []


def test_an_audit_finds_stakes_of_games_that_are_over_or_forgotten():
    begin("blackjack", bet=100, chance=Fixed(cards="5♠ 6♠ 10♥"))
    assert sound()
    rows("UPDATE games SET deadline = now() - interval '2 hours'")
    assert purses.audit().unsettled == 1
    assert purses.audit(THERE).unsettled == 0
    rows("UPDATE games SET deadline = NULL, status = 'settled'")
    assert purses.audit(HERE).unsettled == 1


def test_an_audit_finds_games_without_stakes_that_do_not_end():
    assert begin("quizduo", member=BEN).state == "done"
    rows("UPDATE games SET deadline = now() - interval '16 minutes'")
    assert sound(), "the bot may be away so long before a game is given up"
    rows("UPDATE games SET deadline = now() - interval '21 minutes'")
    assert purses.audit(HERE).unsettled == 1
    assert purses.audit(THERE).unsettled == 0
