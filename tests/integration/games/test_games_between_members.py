"""Challenges, group roulettes and all games between members in a real database."""

import threading
from datetime import timedelta
from random import Random

import pytest

from app.community.economy import queries as purses
from app.community.economy.rules import member
from app.community.games import due, queries
from app.core.clock import now, snowflake_at
from app.core.db import unit_of_work
from app.upkeep.privacy import service as privacy
from app.upkeep.retention import service as retention
from tests.factories.coins import balance_of, give
from tests.factories.games import (
    ANN,
    BEN,
    CAT,
    CHANNEL,
    HERE,
    THERE,
    Fixed,
    begin,
    click,
    column,
    let_time_pass,
    newest,
    was_posted,
    write_word,
)
from tests.factories.hall import rows

STAKED = ("duel", "rps", "007", "c21", "quicktype", "quiz")


@pytest.fixture(autouse=True)
def purses_of_three(database):
    for user in (ANN, BEN, CAT):
        give(HERE, user, 975)


def coins(guild: int = HERE) -> tuple[int | None, ...]:
    return tuple(balance_of(guild, member(user)) for user in (ANN, BEN, CAT))


def sound() -> bool:
    found = purses.audit()
    return (found.imbalance, found.negative, found.unsettled) == (0, 0, 0)


def challenge(game: str, bet: int = 100, **more):
    answer = begin(game, bet=bet, member=BEN, **more)
    assert answer.state == "done", answer.text
    was_posted()
    return answer


def accepted(game: str, bet: int = 100, chance: Random | None = None):
    challenge(game, bet)
    answer = click("accept", BEN, chance=chance)
    assert answer.state == "done", answer.text
    return answer


def text_of(answer) -> str:
    return answer.data["message"]["embeds"][0]["description"]


@pytest.mark.parametrize("game", STAKED)
def test_stakes_are_taken_at_acceptance_and_not_before(game):
    challenge(game)
    assert coins() == (1000, 1000, 1000)
    click("accept", BEN, chance=Random(1))
    if game == "duel":
        assert sorted(coins()[:2]) == [900, 1100]
    else:
        assert coins() == (900, 900, 1000)
        assert rows("SELECT balance FROM coin_accounts WHERE kind = 'game'") == [(200,)]
    assert sound()


@pytest.mark.parametrize(("who", "action", "words"), [(BEN, "refuse", "refused"), (ANN, "withdraw", "withdrawn")])
def test_a_challenge_can_be_refused_or_withdrawn_and_costs_nothing(who, action, words):
    challenge("duel")
    for wrong, user in (("accept", ANN), ("accept", CAT), ("refuse", CAT), ("withdraw", BEN), ("join", BEN)):
        assert "belong to somebody else" in click(wrong, user).text
    assert words in text_of(click(action, who))
    assert (coins(), column("status")) == ((1000, 1000, 1000), "void")
    assert rows("SELECT count(*) FROM game_results") == [(0,)]
    assert begin("slots", bet=10).state == "done", "nobody is held any more"


def test_a_challenge_that_nobody_accepts_is_over_after_its_time():
    challenge("rps")
    assert let_time_pass() == "late"
    assert (column("status"), coins()[0]) == ("void", 1000)
    assert click("accept", BEN).text == "This game is over."


def test_who_is_challenged_is_free_until_they_accept():
    challenge("rps")
    assert begin("slots", BEN, bet=10, chance=Fixed()).state == "done"
    begin("blackjack", BEN, bet=10, chance=Fixed(cards="5♠ 6♠ 10♥"))
    rps = newest() - 2
    assert click("accept", BEN, game=rps).text == "You are in another game. Finish it first."
    assert begin("duel", ANN, bet=10, member=CAT).text == "You are in another game. Finish it first."


def test_impossible_challenges_change_nothing():
    for arguments, words in (
        ({"member": ANN}, "cannot play against yourself"),
        ({}, "member must be a whole number"),
        ({"member": BEN, "bet": 2000}, "Allowed: 10 to 1000"),
        ({"member": BEN, "bet": 0}, "Allowed: 10 to 1000"),
    ):
        assert words in begin("duel", **{"bet": 10, **arguments}).text
    assert "takes 50 coins, and there are 25" in begin("duel", 9, bet=50, member=BEN).text
    rows("INSERT INTO users (id, name, display_name, is_bot) VALUES (3, 'cat', 'Cat', true)")
    rows("INSERT INTO members (guild_id, user_id, left_at) VALUES (7, 8, now())")
    assert "<@3> is a bot" in begin("duel", bet=10, member=CAT).text
    assert "not in this server any more" in begin("duel", bet=10, member=8).text
    rows("INSERT INTO opt_outs (guild_id, user_id) VALUES (7, 2)")
    assert "opted out" in begin("duel", bet=10, member=BEN).text
    assert rows("SELECT count(*) FROM games") == [(0,)]


def test_coins_that_were_spent_meanwhile_refuse_the_acceptance():
    challenge("duel", bet=500)
    duel = newest()
    begin("roulette", BEN, bet=400, choice="red", chance=Fixed(2))
    begin("roulette", BEN, bet=200, choice="red", chance=Fixed(2))
    assert click("accept", BEN, game=duel).text == "<@2> does not have 500 coins."
    assert (coins()[0], column("status", duel)) == (1000, "waiting")
    assert sound()


def test_two_who_accept_each_others_challenges_at_once_play_one_game():
    for _ in range(5):
        begin("rps", ANN, bet=10, member=BEN)
        first = newest()
        begin("rps", CAT, bet=10, member=BEN)
        gate, states = threading.Barrier(2), []

        def accept(game, gate=gate, states=states):
            gate.wait()
            states.append(click("accept", BEN, game=game).state)

        threads = [threading.Thread(target=accept, args=(game,)) for game in (first, newest())]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(states) == ["done", "refused"]
        rows("UPDATE games SET created_at = now() - interval '3 hours' WHERE deadline IS NOT NULL")
        for game in (first, newest()):
            let_time_pass(game)
    assert coins() == (1000, 1000, 1000)
    assert sound()


def test_rock_paper_scissors_keeps_choices_secret_and_pays_the_pot():
    accepted("rps")
    first = click("rock", ANN)
    assert first.text == "You chose 🪨 Rock."
    assert "rock" not in str(first.data["message"]["embeds"]).lower().replace("rock, paper", "")
    assert click("paper", ANN).text == "You have chosen already."
    assert click("paper", CAT).state == "refused"
    done = click("paper", BEN)
    assert "<@2> wins the pot of **200** coins" in text_of(done)
    assert coins()[:2] == (900, 1100)
    assert rows("SELECT user_id, xp FROM member_levels ORDER BY user_id") == [(ANN, 5), (BEN, 15)]
    assert rows("SELECT user_id, opponent_id, result, payout FROM game_results ORDER BY user_id") == [
        (ANN, BEN, "loss", 0),
        (BEN, ANN, "win", 200),
    ]
    assert sound()


def test_a_draw_gives_everything_back_and_notes_nothing():
    accepted("rps")
    click("rock", ANN)
    assert "Nobody wins; the stakes go back." in text_of(click("rock", BEN))
    assert (coins()[:2], column("status")) == ((1000, 1000), "void")
    assert rows("SELECT count(*) FROM game_results") == [(0,)]
    assert rows("SELECT count(*) FROM member_levels") == [(0,)]
    assert sound()


def test_a_missing_choice_gives_the_stakes_back():
    accepted("rps")
    click("rock", ANN)
    assert let_time_pass() == "late"
    assert (coins()[:2], column("status")) == ((1000, 1000), "void")


def test_007_goes_on_round_by_round():
    accepted("007")
    click("ready", ANN)
    click("ready", BEN)
    assert column("step") == 2
    click("shoot", ANN)
    answer = click("shield", BEN)
    assert "Round 2 of 20" in text_of(answer)
    assert click("shoot", ANN).text == "You have no bullet. Reload first."
    click("reload", ANN)
    assert let_time_pass() == "late"
    assert coins()[:2] == (1100, 900), "who is silent loses"
    assert sound()


def test_c21_takes_turns():
    accepted("c21", chance=Fixed(0))
    assert click("1", BEN).text == "It is not your turn."
    for number in range(10):
        click("2", (ANN, BEN)[number % 2])
    assert "had to say 21" in text_of(click("1", ANN))
    assert coins()[:2] == (900, 1100)


def test_quick_typing_is_won_by_the_first_message_with_the_word():
    accepted("quicktype")
    assert write_word(BEN).state == "refused"
    click("ready", ANN)
    click("ready", BEN)
    (word,) = queries.words()
    assert (word.game_id, word.guild_id, word.channel_id, word.players) == (newest(), HERE, CHANNEL, {ANN, BEN})
    assert write_word(BEN).state == "refused", "the word is not there yet"
    assert let_time_pass() == "late"
    assert write_word(CAT).state == "refused"
    assert write_word(BEN).text == "<@2> was first!"
    assert write_word(ANN).text == "This game is over."
    assert coins()[:2] == (900, 1100)
    assert queries.words() == []
    assert sound()


def right_answer() -> str:
    state = column("state")
    return "abcd"[state["orders"][state["number"]].index(0)]


def test_a_quiz_goes_to_who_knows_more():
    accepted("quiz")
    for _ in range(5):
        right = right_answer()
        assert click(right, ANN).text == f"Your answer: {right.upper()}"
        click("abcd"["abcd".index(right) - 1], BEN)
    assert coins()[:2] == (1100, 900)
    assert column("state")["points"] == [5, 0]
    assert sound()


def test_a_quiz_goes_on_without_who_is_silent():
    accepted("quiz")
    click(right_answer(), BEN)
    for _ in range(5):
        assert let_time_pass() == "late"
    assert coins()[:2] == (900, 1100)


def test_a_quiz_duo_costs_nothing_and_measures_time():
    accepted("quizduo", bet=0)
    begun = column("state")["asked_at"]
    for number in range(7):
        at = snowflake_at(now() + timedelta(seconds=number))
        click(right_answer(), ANN, number=at + 1)
        click(right_answer(), BEN, number=at + (500 << 22))
    assert begun
    assert coins() == (1000, 1000, 1000)
    assert rows("SELECT result FROM game_results ORDER BY user_id") == [("win",), ("loss",)]


def join(user: int, bet: int = 100):
    return begin("group", user, bet=bet)


def test_a_group_roulette_pays_exactly_the_pot_at_a_fixed_time():
    join(ANN, 100)
    was_posted()
    deadline = column("deadline")
    assert join(BEN, 300).text == "You are in with 300 coins."
    assert click("join", CAT).text == "You are in with 100 coins."
    assert column("deadline") == deadline, "who joins does not put it off"
    assert join(ANN).text == "You are in this game already."
    assert coins() == (900, 700, 900)
    assert rows("SELECT balance FROM coin_accounts WHERE kind = 'game'") == [(500,)]
    assert let_time_pass(chance=Fixed(399)) == "late"
    assert coins() == (900, 1200, 900)
    assert let_time_pass() is None, "it is drawn once"
    assert sum(payout for (payout,) in rows("SELECT payout FROM game_results")) == 500
    assert sound()


def test_who_is_alone_at_the_wheel_gets_the_stake_back():
    join(ANN)
    was_posted()
    assert let_time_pass() == "late"
    assert (coins()[0], column("status")) == (1000, "void")
    assert rows("SELECT count(*) FROM game_results") == [(0,)]
    assert join(ANN).state == "done"


def test_nobody_joins_after_the_time_or_in_another_guild():
    join(ANN)
    rows("UPDATE games SET deadline = now() - interval '1 second'")
    assert click("join", BEN).text == "The wheel is turning already."
    assert join(BEN).text == "The wheel is turning already."
    give(THERE, BEN, 100)
    assert begin("group", BEN, bet=50, guild=THERE).state == "done"
    assert rows("SELECT count(*) FROM games") == [(2,)]
    assert coins()[:2] == (900, 1000)


def test_many_who_join_at_once_are_all_in_one_game():
    for user in range(20, 30):
        give(HERE, user, 100)
    gate, states = threading.Barrier(10), []

    def go(user):
        gate.wait()
        answer = join(user, 50)
        while "Please try again" in answer.text:
            answer = join(user, 50)
        states.append(answer.state)

    threads = [threading.Thread(target=go, args=(user,)) for user in range(20, 30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states == ["done"] * 10
    assert rows("SELECT count(*), sum(stake) FROM game_players") == [(10, 500)]
    was_posted()
    assert let_time_pass() == "late"
    assert rows("SELECT sum(balance) FROM coin_accounts WHERE kind = 'member' AND owner_id BETWEEN 20 AND 29") == [
        (1250,)
    ]
    assert sound()


def test_due_games_are_found_and_ended_once_by_many_sweeps():
    for user in range(40, 60):
        give(HERE, user, 100)
        begin("blackjack", user, bet=50, chance=Fixed(cards="5♠ 6♠ 10♥"))
    rows("UPDATE outbound_posts SET sent_at = created_at, message_id = id")
    rows("UPDATE games SET deadline = now() - interval '1 second'")
    failures = []

    def sweep():
        try:
            with unit_of_work() as uow:
                found = due.due(uow.session)
            for game in found:
                with unit_of_work() as uow:
                    due.end_step(uow, game, now() - timedelta(days=1))
                    uow.commit()
        except Exception as failure:  # noqa: BLE001 - the test fails with it, in its own thread.
            failures.append(failure)

    threads = [threading.Thread(target=sweep) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with unit_of_work() as uow:
        assert due.due(uow.session) == []
    assert rows("SELECT count(*) FROM game_results WHERE result = 'loss'") == [(20,)]
    assert sound()


@pytest.mark.parametrize("scope", [HERE, None])
def test_an_erased_player_leaves_open_games_and_every_stake_goes_back(scope):
    rows("INSERT INTO guilds (id, name, joined_at) VALUES (7, 'Here', now()), (8, 'There', now())")
    accepted("rps")
    click("rock", ANN)
    click("paper", BEN)
    accepted("rps")
    open_game = newest()
    with unit_of_work() as uow:
        privacy.erase(uow, BEN, scope)
        uow.commit()
    assert column("status", open_game) == "void"
    assert balance_of(HERE, member(ANN)) == 900
    for table, name in (("game_players", "user_id"), ("game_results", "user_id"), ("game_results", "opponent_id")):
        assert rows(f"SELECT count(*) FROM {table} WHERE {name} = %s", BEN) == [(0,)]
    assert rows("SELECT count(*) FROM outbound_posts WHERE body::text LIKE '%%<@2>%%'") == [(0,)]
    assert rows("SELECT count(*) FROM standings WHERE user_id = %s", BEN) == [(0,)]
    assert begin("slots", bet=10).state == "done"
    assert sound()
    with unit_of_work() as uow:
        assert due.message_of(uow.session, open_game) is not None, "its message can say what happened"


def test_erasing_here_leaves_games_elsewhere():
    rows("INSERT INTO guilds (id, name, joined_at) VALUES (7, 'Here', now()), (8, 'There', now())")
    give(THERE, ANN, 100)
    begin("blackjack", bet=50, guild=THERE, chance=Fixed(cards="5♠ 6♠ 10♥"))
    with unit_of_work() as uow:
        privacy.erase(uow, ANN, HERE)
        uow.commit()
    assert column("status") == "playing"
    assert click("stand", ANN, guild=THERE).state == "done"
    assert sound()


def test_games_go_after_a_month_and_results_stay():
    accepted("rps")
    click("rock", ANN)
    click("paper", BEN)
    challenge("duel")
    rows("UPDATE games SET ended_at = ended_at - interval '31 days'")
    rows("UPDATE game_players SET joined_at = joined_at - interval '31 days'")
    retention.run()
    assert rows("SELECT kind FROM games") == [("duel",)]
    assert rows("SELECT count(*) FROM game_players WHERE is_active") == [(1,)]
    assert rows("SELECT count(*) FROM game_results") == [(2,)]
