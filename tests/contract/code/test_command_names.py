"""No two commands share a name, whichever language it is written in."""

from collections import defaultdict
from importlib import import_module
from itertools import chain

from discord.ext import commands

from app.bot.client import cog_modules
from app.bot.hybrid import command
from app.bot.translations import localized_name, other_names
from app.core.translations import LANGUAGES


def all_cogs() -> set[type[commands.Cog]]:
    return {
        value
        for module in cog_modules()
        for value in vars(import_module(module)).values()
        if isinstance(value, type) and issubclass(value, commands.Cog) and value is not commands.Cog
    }


def all_commands() -> list[commands.Command]:
    return list(chain.from_iterable(cog.__cog_commands__ for cog in all_cogs()))


def shared_names(found: list[commands.Command]) -> list[str]:
    """Every name that two commands of one place have."""
    holders = defaultdict(set)
    for one in found:
        for name in (one.name, *one.aliases):
            holders[one.full_parent_name, name].add(one.qualified_name)
    return [f"{parent} {name}".strip() for (parent, name), owners in holders.items() if len(owners) > 1]


def test_no_two_commands_share_a_name_in_any_language():
    assert shared_names(all_commands()) == []


def test_a_shared_name_is_found():
    async def nothing(self, context) -> None: ...

    profile, other = command("/profile", "d")(nothing), command("/profil", "d")(nothing)
    assert shared_names([profile, other]) == ["profil"]
    assert shared_names([profile]) == []


def test_every_command_answers_to_its_name_in_every_language():
    found = {one.qualified_name: one for one in all_commands()}
    assert {"profile", "privacy show", "settings set"} <= set(found)
    for one in found.values():
        names = {localized_name(one.name, language) for language in LANGUAGES if language != "en"}
        assert names - {None} <= {one.name, *one.aliases}, one.qualified_name


def test_a_name_that_is_the_same_word_is_not_listed_twice():
    assert other_names("ping") == []
    assert other_names("profile") == ["profil"]
    assert other_names("unheard") == []


def test_every_cog_with_commands_has_a_topic_of_help_and_they_fit_into_one_menu():
    topics = {cog.__name__: getattr(cog, "topic", None) for cog in all_cogs() if cog.__cog_commands__}
    assert [name for name, topic in topics.items() if not topic] == []
    # Discord's menus have 25 choices, and one of these shows everything.
    assert len(set(topics.values())) < 25
