"""Boards in a real database: pages, ranks, who is out, and the message that follows."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.community.economy import service as economy
from app.community.economy.rules import MINT, Move, member
from app.community.leaderboards import messages, queries, rules, service
from app.community.leaderboards.queries import Name, Place, Rank
from app.community.leaderboards.rules import BOARDS
from app.core import choices
from app.core.db import unit_of_work
from app.upkeep.privacy import service as privacy
from tests.factories.coins import give
from tests.factories.hall import rows

HERE, THERE = 7, 8
COINS, LEVEL, VOICE, INVITES = (BOARDS[name] for name in ("coins", "level", "voice", "invites"))


def purses(*amounts: int, guild: int = HERE) -> None:
    """Members 1, 2, 3... with these coins."""
    for user, amount in enumerate(amounts, 1):
        rows(
            "INSERT INTO coin_accounts (guild_id, kind, owner_id, balance) VALUES (%s, 'member', %s, %s)",
            guild,
            user,
            amount,
        )


def test_a_page_ranks_by_score_and_then_by_id(database):
    purses(5, 9, 5, 7)
    assert queries.top(HERE, COINS) == [Place(2, 9), Place(4, 7), Place(1, 5), Place(3, 5)]
    assert [queries.rank(HERE, COINS, user) for user in (2, 4, 1, 3)] == [
        Rank(1, 9, is_exact=True),
        Rank(2, 7, is_exact=True),
        Rank(3, 5, is_exact=True),
        Rank(4, 5, is_exact=True),
    ]
    assert queries.rank(HERE, COINS, 99) is None


def test_pages_follow_each_other(database):
    purses(*range(100, 75, -1))
    first, second, third = (queries.top(HERE, COINS, page) for page in (1, 2, 3))
    assert [place.user_id for place in (*first, *second, *third)] == list(range(1, 26))
    assert queries.top(HERE, COINS, 4) == []


def test_guilds_and_purses_of_other_kinds_are_apart(database):
    purses(5)
    purses(1, 2, guild=THERE)
    rows("INSERT INTO coin_accounts (guild_id, kind, owner_id, balance) VALUES (7, 'lottery', 0, 10000)")
    assert queries.top(HERE, COINS) == [Place(1, 5)]
    assert queries.top(THERE, COINS) == [Place(2, 2), Place(1, 1)]


def test_who_left_or_opted_out_is_out(database):
    purses(9, 8, 7)
    rows("INSERT INTO members (guild_id, user_id, left_at) VALUES (7, 1, now()), (8, 2, now())")
    rows("INSERT INTO opt_outs (guild_id, user_id) VALUES (7, 3)")
    assert queries.top(HERE, COINS) == [Place(2, 8)]
    assert queries.rank(HERE, COINS, 2).rank == 1
    assert queries.rank(HERE, COINS, 1) is None
    assert queries.rank(HERE, COINS, 3) is None


def test_who_comes_back_is_in_again(database):
    purses(9, 8)
    rows("INSERT INTO member_levels (guild_id, user_id, xp) VALUES (7, 1, 5), (7, 2, 3)")
    rows("INSERT INTO members (guild_id, user_id) VALUES (7, 1)")
    for away in ("UPDATE members SET left_at = now()", "INSERT INTO opt_outs (guild_id, user_id) VALUES (7, 1)"):
        rows(away)
        assert [place.user_id for place in queries.top(HERE, COINS)] == [2]
        assert [place.user_id for place in queries.top(HERE, LEVEL)] == [2]
    rows("UPDATE members SET left_at = NULL")
    assert [place.user_id for place in queries.top(HERE, COINS)] == [2], "the wish still counts"
    rows("DELETE FROM opt_outs")
    assert [place.user_id for place in queries.top(HERE, COINS)] == [1, 2]
    assert [place.user_id for place in queries.top(HERE, LEVEL)] == [1, 2]


def test_what_somebody_gets_after_leaving_brings_no_place(database):
    rows("INSERT INTO members (guild_id, user_id, left_at) VALUES (7, 1, now())")
    purses(9)
    rows("INSERT INTO member_levels (guild_id, user_id, xp) VALUES (7, 1, 5)")
    assert queries.top(HERE, COINS) == queries.top(HERE, LEVEL) == []


def test_levels_and_voice_are_boards_too(database):
    rows("INSERT INTO member_levels (guild_id, user_id, xp, level) VALUES (7, 1, 150, 2), (7, 2, 90, 1)")
    rows("INSERT INTO members (guild_id, user_id, voice_seconds) VALUES (7, 3, 60), (7, 4, 0)")
    assert queries.top(HERE, LEVEL) == [Place(1, 150), Place(2, 90)]
    assert queries.top(HERE, VOICE) == [Place(3, 60)]


def test_invites_are_counted_as_they_change(database):
    arrival = "INSERT INTO invite_arrivals (guild_id, user_id, seq, joined_at, state, inviter_id) VALUES (7, %s, 1, now(), %s, %s)"
    for user, state in ((11, "pending"), (12, "rewarded"), (13, "waiting"), (14, "left")):
        rows(arrival, user, state, 1)
    rows(arrival, 15, "pending", 2)
    assert queries.top(HERE, INVITES) == [Place(1, 2), Place(2, 1)]
    rows("UPDATE invite_arrivals SET state = 'left' WHERE user_id = 15")
    rows("UPDATE invite_arrivals SET state = 'pending' WHERE user_id = 13")
    rows("UPDATE invite_arrivals SET inviter_id = 3 WHERE user_id = 12")
    rows("DELETE FROM invite_arrivals WHERE user_id = 14")
    assert queries.top(HERE, INVITES) == [Place(1, 2), Place(3, 1)]


def test_standings_that_went_first_do_not_come_back(database):
    rows(
        "INSERT INTO invite_arrivals (guild_id, user_id, seq, joined_at, state, inviter_id)"
        " VALUES (7, 11, 1, now(), 'pending', 1)"
    )
    rows("DELETE FROM standings")
    rows("DELETE FROM invite_arrivals")
    assert rows("SELECT count(*) FROM standings") == [(0,)]


def test_a_long_board_is_told_from_marks_further_down(database, monkeypatch):
    monkeypatch.setattr(queries, "EXACT", 10)
    monkeypatch.setattr(queries, "MARKS", 5)
    purses(*range(200, 100, -1))
    with unit_of_work() as uow:
        assert queries.large(uow.session, COINS) == [HERE]
        queries.mark(uow.session, HERE, COINS)
        queries.mark(uow.session, HERE, COINS)
        uow.commit()
    assert queries.rank(HERE, COINS, 10) == Rank(10, 191, is_exact=True)
    assert queries.rank(HERE, COINS, 11) == Rank(20, 190, is_exact=False)
    rows("UPDATE coin_accounts SET balance = 1000 WHERE owner_id = 12")
    assert queries.rank(HERE, COINS, 12) == Rank(1, 1000, is_exact=True), "marks are old, near the top it is counted"
    assert queries.rank(HERE, COINS, 55) == Rank(60, 146, is_exact=False)
    assert queries.rank(HERE, COINS, 100) == Rank(100, 101, is_exact=False)


def test_a_long_board_without_marks_says_the_score_alone(database, monkeypatch):
    monkeypatch.setattr(queries, "EXACT", 2)
    purses(9, 8, 7, 6)
    assert queries.rank(HERE, COINS, 4) == Rank(None, 6, is_exact=False)


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.name)
def test_a_page_walks_an_index_instead_of_sorting(database, board):
    statement = str(queries._sql("EXPLAIN " + queries._TOP, board))
    with unit_of_work() as uow:
        uow.session.execute(queries.text("SET LOCAL enable_seqscan = off"))
        uow.session.execute(queries.text("SET LOCAL enable_bitmapscan = off"))
        plan = uow.session.execute(queries.text(statement), {"guild": 1, "limit": 10, "offset": 0}).scalars().all()
    assert "Sort" not in "\n".join(plan), "\n".join(plan)


def test_opting_out_and_a_game_that_is_settled_never_wait_for_each_other(database):
    give(HERE, 1, 10)
    rows("INSERT INTO member_levels (guild_id, user_id, xp) VALUES (7, 1, 5)")
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with ThreadPoolExecutor(1) as pool:
        with unit_of_work() as uow:
            economy.post(uow.session, HERE, [Move(MINT, member(1), 5, "payout", "game:1:payout:0")])
            leaving = pool.submit(rows, "INSERT INTO opt_outs (guild_id, user_id) VALUES (7, 1)")
            deadline = time.monotonic() + 10
            while rows(waiting) != [(1,)]:
                assert time.monotonic() < deadline, "opting out does not wait for the coins"
            uow.session.execute(queries.text("UPDATE member_levels SET xp = xp + 15 WHERE guild_id = 7"))
            uow.commit()
        leaving.result(10)
    assert queries.top(HERE, COINS) == queries.top(HERE, LEVEL) == []
    assert rows("SELECT balance FROM coin_accounts WHERE kind = 'member'") == [(40,)]


# The message.


def want(channel: int | None = 5, guild: int = HERE) -> None:
    options = "{}" if channel is None else f'{{"leaderboard-channel": {channel}}}'
    rows(
        "INSERT INTO guild_settings (guild_id, options) VALUES (%s, %s)"
        " ON CONFLICT (guild_id) DO UPDATE SET options = excluded.options",
        guild,
        options,
    )


def refresh(guild: int = HERE):
    with unit_of_work() as uow:
        edit = service.refresh(uow, guild, choices.load(uow.session, guild))
        uow.commit()
    return edit


def posted() -> list[tuple]:
    return rows("SELECT channel_id, dedupe_key FROM outbound_posts WHERE kind = 'leaderboard' ORDER BY id")


def test_the_message_is_posted_once_and_then_edited(database):
    want()
    give(HERE, 1, 10)
    assert refresh() is None
    assert refresh() is None
    assert posted() == [(5, "leaderboard:1")]
    give(HERE, 2, 50)
    assert refresh() is None, "the post is still on its way"
    rows("UPDATE outbound_posts SET message_id = 99, sent_at = now()")
    edit = refresh()
    assert (edit.channel_id, edit.message_id) == (5, 99)
    text = edit.body["embeds"][0]["description"]
    assert text == "🥇 <@2> · 75 coins 🆕\n🥈 <@1> · 35 coins ▼1"
    assert messages.spoken(edit.sheets["coins"]) == "Coins: 1. 2, 75 coins; 2. 1, 35 coins"
    assert refresh() == edit, "it was not noted as edited yet"
    with unit_of_work() as uow:
        service.note_edited(uow.session, edit)
        uow.commit()
    assert refresh() is None


def test_the_first_edit_brings_the_pictures_although_nothing_changed(database):
    want()
    give(HERE, 1, 10)
    refresh()
    rows("UPDATE outbound_posts SET message_id = 99, sent_at = now()")
    edit = refresh()
    assert list(edit.sheets) == ["coins", "level"]
    assert [row.name for row in edit.sheets["coins"].rows] == ["1"]
    with unit_of_work() as uow:
        service.note_edited(uow.session, edit)
        uow.commit()
    assert refresh() is None


def test_a_post_that_failed_is_not_tried_again_before_there_is_something_new(database):
    want()
    give(HERE, 1, 10)
    refresh()
    rows("UPDATE outbound_posts SET failed_at = now()")
    refresh()
    refresh()
    assert posted() == [(5, "leaderboard:1")]


def test_a_deleted_message_a_failed_post_and_another_channel_begin_anew(database):
    want()
    refresh()
    with unit_of_work() as uow:
        service.begin_anew(uow.session, HERE, 5)
        uow.commit()
    refresh()
    want(6)
    refresh()
    assert posted() == [(5, "leaderboard:1"), (5, "leaderboard:2"), (6, "leaderboard:3")]
    rows("UPDATE outbound_posts SET failed_at = now() WHERE dedupe_key = 'leaderboard:3'")
    give(HERE, 1, 10)
    refresh()
    refresh()
    assert posted()[-1] == (6, "leaderboard:4")


def test_only_guilds_that_want_the_message_have_it(database):
    want()
    want(None, THERE)
    with unit_of_work() as uow:
        assert list(service.wishes(uow.session)) == [HERE]
    assert refresh(THERE) is None
    assert posted() == []


def test_a_board_whose_feature_is_off_is_not_shown(database):
    want()
    rows("""UPDATE guild_settings SET features = '{"economy": false}'""")
    refresh()
    shown = rows("SELECT shown FROM leaderboard_messages")[0][0]
    assert list(shown) == ["level"]


def test_an_erased_person_is_taken_off_the_message(database):
    want()
    give(HERE, 1, 10)
    give(HERE, 12, 5)
    refresh()
    rows("UPDATE outbound_posts SET message_id = 99, sent_at = now()")
    with unit_of_work() as uow:
        privacy.erase(uow, 1, HERE)
        uow.commit()
    edit = refresh()
    assert "<@1>" not in str(edit.body)
    assert "<@12>" in str(edit.body)


def test_names_are_those_of_the_guild(database):
    rows("INSERT INTO users (id, name, display_name) VALUES (1, 'a', 'Ann'), (2, 'b', 'Ben')")
    rows("INSERT INTO members (guild_id, user_id, nick) VALUES (7, 1, 'Queen'), (8, 2, 'King')")
    assert queries.names(HERE, [1, 2, 3]) == {1: Name("Queen", "a"), 2: Name("Ben", "b")}


def test_the_options_are_settings():
    assert rules.CHANNEL in rules.OPTIONS
