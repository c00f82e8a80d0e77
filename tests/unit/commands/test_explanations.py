"""Every error has one sentence, in the reader's language; only a fault of ours has none."""

import discord
import pytest
from discord import app_commands
from discord.ext import commands

from app.bot.checks import NotYours, SwitchedOff
from app.bot.errors import _cause, explain
from app.core.errors import BadInput, DatabaseUnavailable, QueueUnavailable, Refused
from app.core.translations import speaking

ERRORS = {
    "a sentence": BadInput("a sentence"),
    "another": Refused("another"),
    "switched “search” off": SwitchedOff("search"),
    "belong to somebody else": NotYours(),
    "My memory is out of reach": DatabaseUnavailable(),
    "A part of me is out of reach": QueueUnavailable(),
    "Manage Server": commands.MissingPermissions(["manage_guild"]),
    "Ban Members": app_commands.MissingPermissions(["ban_members"]),
    "I need the permission: Embed Links": commands.BotMissingPermissions(["embed_links"]),
    "only in a server": commands.NoPrivateMessage(),
    "has changed": app_commands.CommandNotFound("x", [], discord.AppCommandType.chat_input),
    "may not use": commands.CheckFailure(),
    "nobody called “grendel”": commands.MemberNotFound("grendel"),
    "no such channel": commands.ChannelNotFound("x"),
    "Please wait 3 seconds.": commands.CommandOnCooldown(commands.Cooldown(1, 5), 3.2, commands.BucketType.user),
    "Please wait 1 second.": commands.CommandOnCooldown(commands.Cooldown(1, 5), 0.2, commands.BucketType.user),
    "more than this command takes": commands.TooManyArguments(),
    "I did not understand": commands.BadArgument("secret detail"),
}


@pytest.mark.parametrize("words", ERRORS)
def test_the_sentence_says_what_is_wrong(words):
    assert words in (explain(ERRORS[words]) or "")


@pytest.mark.parametrize("words", [w for w in ERRORS if not isinstance(ERRORS[w], BadInput | Refused)])
def test_the_sentence_is_another_in_french(words):
    english = explain(ERRORS[words])
    with speaking("fr"):
        assert explain(ERRORS[words]) != english


@pytest.mark.parametrize("fault", [RuntimeError("user text"), KeyError("x"), discord.DiscordException()])
def test_a_fault_of_ours_is_not_explained_to_people(fault):
    assert explain(fault) is None


def test_an_error_is_found_below_the_layers_around_it():
    inner = BadInput("x")
    assert _cause(commands.HybridCommandError(commands.CommandInvokeError(inner))) is inner
