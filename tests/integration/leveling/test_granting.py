"""Experience that other features give, and what levels bring: each once, whatever is done again."""

import threading

import pytest

from app.community.economy.rules import member
from app.community.leveling import roles, service
from app.community.leveling.rules import MOST_XP, TOP_LEVEL
from app.core.db import unit_of_work
from app.upkeep.privacy import service as privacy
from tests.factories.coins import balance_of, entries
from tests.factories.hall import rows
from tests.factories.levels import grant, news, settle, standing

HERE, THERE = 7, 8
PLACE = 70


def wishes(guild: int = HERE) -> list[tuple[int, int, bool]]:
    return rows("SELECT user_id, role_id, is_wanted FROM level_role_changes WHERE guild_id = %s ORDER BY 1, 2", guild)


def test_experience_raises_the_level_and_pays_every_level_that_was_crossed(database):
    grant(HERE, 1, 620)
    assert standing(HERE, 1) == (620, 4)
    assert entries(HERE) == [("start", 25), ("level_up", 25), ("level_up", 50), ("level_up", 75)]
    assert balance_of(HERE, member(1)) == 175
    assert standing(THERE, 1) is None


def test_milestones_bring_items_once(database):
    for _ in range(2):
        grant(HERE, 1, 4500, channel=PLACE)
        rows("UPDATE member_levels SET xp = 0, level = 1")
    bag = rows("SELECT item, quantity FROM inventory_items WHERE guild_id = 7 AND user_id = 1 ORDER BY item")
    assert bag == [("jackpot", 3), ("multiplier_x2", 1)]
    assert sum(amount for kind, amount in entries(HERE) if kind == "level_up") == 25 * (1 + 2 + 3 + 4 + 5 + 6 + 7)
    assert news(HERE) == ["🎉 <@1> reached level 10!\nThat brings 700 coins, 3 × **Treasure**, 1 × **Multiplier x2**."]


def test_nothing_is_paid_before_the_experience_is_committed(database):
    with unit_of_work() as uow:
        service.grant(uow, HERE, {1: 500})
    settle(HERE, 1)
    assert standing(HERE, 1) is None
    assert entries(HERE) == []


def test_a_level_is_paid_once_whatever_is_done_again(database):
    grant(HERE, 1, 150)
    settle(HERE, 1)
    rows("UPDATE member_levels SET xp = 0, level = 1")
    grant(HERE, 1, 320)
    assert standing(HERE, 1) == (320, 3)
    assert entries(HERE) == [("start", 25), ("level_up", 25), ("level_up", 50)]
    assert len(rows("SELECT level FROM level_rewards WHERE paid_at IS NOT NULL")) == 2


def test_guilds_have_levels_of_their_own(database):
    grant(HERE, 1, 150)
    grant(THERE, 1, 320)
    assert (standing(HERE, 1), standing(THERE, 1)) == ((150, 2), (320, 3))
    assert balance_of(HERE, member(1)) == 50
    assert balance_of(THERE, member(1)) == 100
    assert news(HERE) == news(THERE) == []


def test_a_level_is_told_where_it_happened_and_names_the_highest(database):
    grant(HERE, 1, 320, channel=PLACE)
    assert news(HERE) == ["🎉 <@1> reached level 3!\nThat brings 75 coins."]
    assert rows("SELECT channel_id, subject_id, body->'allowed_mentions'->'users' FROM outbound_posts") == [
        (PLACE, 1, ["1"])
    ]


def choose(guild: int, options: str = "{}", features: str = "{}", locale: str | None = None) -> None:
    rows(
        "INSERT INTO guild_settings (guild_id, options, features, locale) VALUES (%s, %s, %s, %s)",
        guild,
        options,
        features,
        locale,
    )


def test_news_go_to_the_channel_that_the_guild_chose_in_its_language(database):
    choose(HERE, '{"level-channel": 71}', locale="fr")
    grant(HERE, 1, 100, channel=PLACE)
    assert rows("SELECT channel_id FROM outbound_posts") == [(71,)]
    assert news(HERE) == ["🎉 <@1> atteint le niveau 2 !\nCela rapporte 25 pièces."]


@pytest.mark.parametrize(
    ("wish", "asked", "told"),
    [
        ("on", False, (PLACE, None)),
        ("on", True, (None, 1)),
        ("direct", False, None),
        ("direct", True, (None, 1)),
        ("off", True, None),
    ],
)
def test_a_direct_message_comes_only_to_those_who_asked_for_it(database, wish, asked, told):
    choose(HERE, f'{{"level-notices": "{wish}"}}')
    rows("INSERT INTO member_levels (guild_id, user_id, wants_direct) VALUES (7, 1, %s)", asked)
    grant(HERE, 1, 100, channel=PLACE)
    assert rows("SELECT channel_id, user_id FROM outbound_posts") == ([told] if told else [])


def test_without_a_place_nothing_is_told_and_everything_is_paid(database):
    grant(HERE, 1, 100)
    assert news(HERE) == []
    assert balance_of(HERE, member(1)) == 50


def test_where_levels_are_switched_off_nothing_is_given(database):
    choose(HERE, features='{"leveling": false}')
    grant(HERE, 1, 100)
    assert standing(HERE, 1) is None


def test_where_coins_are_switched_off_levels_rise_without_them(database):
    choose(HERE, features='{"economy": false}')
    grant(HERE, 1, 100, channel=PLACE)
    assert standing(HERE, 1) == (100, 2)
    assert entries(HERE) == []
    assert news(HERE) == ["🎉 <@1> reached level 2!"]


def test_whoever_opted_out_gets_nothing_and_the_others_do(database):
    rows("INSERT INTO opt_outs (guild_id, user_id) VALUES (7, 1)")
    with unit_of_work() as uow:
        risen = service.grant(uow, HERE, {1: 100, 2: 100, 3: 5})
        uow.session.commit()
    assert risen == {2: service.Rise(1, 2)}
    assert (standing(HERE, 1), standing(HERE, 2), standing(HERE, 3)) == (None, (100, 2), (5, 1))


def test_nobody_rises_above_the_top(database):
    rows("""INSERT INTO guild_settings (guild_id, options) VALUES (%s, '{"xp-daily": 0}')""", HERE)
    grant(HERE, 1, 10**15)
    grant(HERE, 1, 10**15)
    assert standing(HERE, 1) == (MOST_XP, TOP_LEVEL)


def test_levels_bring_their_roles_and_a_lower_level_takes_them_back(database):
    rows("INSERT INTO level_roles (guild_id, role_id, level) VALUES (7, 50, 2), (7, 51, 3), (7, 52, 9), (8, 59, 2)")
    grant(HERE, 1, 320)
    assert wishes() == [(1, 50, True), (1, 51, True)]
    with unit_of_work() as uow:
        roles.sync(uow, HERE, 1, 2)
        uow.session.commit()
    assert wishes() == [(1, 50, True), (1, 51, False)]
    rows("UPDATE member_levels SET xp = 100, level = 2")
    grant(HERE, 1, 200)
    assert wishes() == [(1, 50, True), (1, 51, True)]
    assert wishes(THERE) == []


def test_what_lost_its_task_is_found(database):
    with unit_of_work() as uow:
        service.grant(uow, HERE, {1: 100})
        uow.session.commit()
        assert service.unpaid(uow.session) == []
    rows("UPDATE level_rewards SET reached_at = now() - interval '1 minute'")
    with unit_of_work() as uow:
        assert service.unpaid(uow.session) == [(HERE, 1)]
    settle(HERE, 1)
    with unit_of_work() as uow:
        assert service.unpaid(uow.session) == []


def test_many_at_once_lose_nothing_and_pay_nothing_twice(database):
    failures: list[Exception] = []

    def work(seed: int) -> None:
        try:
            for number in range(20):
                users = [1 + (seed + number) % 5, 1 + (seed * 3 + number) % 5]
                with unit_of_work() as uow:
                    service.grant(uow, HERE, dict.fromkeys(users, 15))
                    uow.session.commit()
                for user in users:
                    settle(HERE, user)
        except Exception as failure:  # noqa: BLE001 - the test fails with it, in its own thread.
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    granted = sum(15 * len({1 + (seed + n) % 5, 1 + (seed * 3 + n) % 5}) for seed in range(4) for n in range(20))
    assert rows("SELECT sum(xp)::int FROM member_levels") == [(granted,)]
    reached = rows("SELECT user_id, level FROM level_rewards ORDER BY 1, 2")
    assert reached == rows("SELECT user_id, generate_series(2, level) FROM member_levels WHERE level > 1 ORDER BY 1, 2")
    keys = rows("SELECT count(*), count(DISTINCT key) FROM coin_entries WHERE type = 'level_up'")
    assert keys[0][0] == keys[0][1] == sum(1 for _, level in reached if level % 5)


def test_an_erased_person_leaves_no_trace_of_levels(database):
    rows("INSERT INTO level_roles (guild_id, role_id, level) VALUES (7, 50, 2)")
    grant(HERE, 1, 100, channel=PLACE)
    grant(THERE, 1, 100)
    with unit_of_work() as uow:
        privacy.erase(uow, 1, HERE)
        uow.session.commit()
    assert standing(HERE, 1) is None
    assert rows("SELECT count(*) FROM level_rewards WHERE guild_id = 7") == [(0,)]
    assert wishes() == []
    assert news(HERE) == []
    assert standing(THERE, 1) == (100, 2)
