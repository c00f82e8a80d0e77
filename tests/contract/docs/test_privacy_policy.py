"""The template of a privacy policy tells of everything that is kept of a person."""

import re

import pytest

from app.core.settings import PROJECT
from app.upkeep.privacy.rules import MESSAGES, RULES
from app.upkeep.retention.policies import POLICIES

# By which words the policy tells of each table that names a person.
TOLD = {
    "messages": "the text of messages",
    "reactions": "reacted",
    "voice_sessions": "was in a voice channel",
    "daily_activity": "Daily counts",
    "members": "nicknames, roles",
    "invites": "through which invite",
    "dead_letters": "events that it could not process",
    "outcomes": "the outcome of commands",
    "outbound_posts": "the posts that it writes itself",
    "coin_accounts": "coins",
    "coin_entries": "every payment of them",
    "inventory_items": "items",
    "inventory_changes": "items",
    "active_multipliers": "items",
    "game_players": "games with their results",
    "game_results": "games with their results",
    "game_limits": "limits one set oneself",
    "invite_arrivals": "whom one invited",
    "member_levels": "experience, levels",
    "level_rewards": "rewards",
    "reaction_xp": "experience",
    "level_role_changes": "levels",
    "xp_changes": "who changed somebody's experience",
    "level_imports": "who changed somebody's experience",
    "level_import_rows": "experience, levels",
    "lottery_purchases": "lottery tickets",
    "lottery_draws": "lotteries",
    "gifts": "the daily gift",
    "giveaways": "who hosted",
    "giveaway_entries": "joined them",
    "standings": "places on leaderboards",
    "user_preferences": "one's language",
}
# What it says of how long, for the tables whose age is no choice of the operator's.
AGES = {
    "daily_activity": "Daily counts, and who changed somebody's experience: 400 days",
    "xp_changes": "Daily counts, and who changed somebody's experience: 400 days",
    "games": "Games, events that could not be processed, and posts: 30 days",
    "dead_letters": "Games, events that could not be processed, and posts: 30 days",
    "outbound_posts": "Games, events that could not be processed, and posts: 30 days",
    "outcomes": "outcomes of commands: 7 days",
    "lottery_purchases": "lotteries: 100 days",
    "giveaway_entries": "giveaways: 125 days at most",
}
POLICY = " ".join((PROJECT / "docs" / "privacy-policy-template.md").read_text().split())


def test_every_table_that_names_a_person_has_its_words():
    assert {MESSAGES.table, *(rule.table for rule in RULES)} == set(TOLD)


@pytest.mark.parametrize("table", TOLD)
def test_the_policy_tells_what_is_kept(table):
    assert TOLD[table] in POLICY


@pytest.mark.parametrize("table", AGES)
def test_the_policy_tells_the_age_at_which_it_goes(table):
    days = {policy.days for policy in POLICIES if policy.table == table}
    said = int(re.findall(r"\d+", AGES[table])[0])
    assert AGES[table] in POLICY
    assert days == {said}
