"""How the bot answers: plain text with one sign for how it ended, to the person alone where Discord can do that."""

from typing import Any

import discord
from discord.ext import commands

from app.bot.translations import Source
from app.core.answers import Answer

_NOBODY = discord.AllowedMentions.none()
_LONGEST = 2000
# What stands for a moment where a refusal goes to the person alone.
SIGN = "⚠️"


async def reply(
    source: Source,
    answer: Answer | str,
    *,
    embed: discord.Embed | None = None,
    view: discord.ui.View | None = None,
    file: discord.File | None = None,
    ephemeral: bool = True,
) -> None:
    """Answer a command, a click or a modal; nobody is mentioned.

    A deferred interaction's reply is edited; one that was answered before gets a follow-up; the prefix form gets a
    message, which everybody sees. A refusal is the person's alone, also where everybody waits for an answer.
    """
    content = (answer.content if isinstance(answer, Answer) else answer)[:_LONGEST] or None
    interaction = source if isinstance(source, discord.Interaction) else source.interaction
    if interaction is None:
        assert isinstance(source, commands.Context), "only a context has no interaction"
        if embed is not None and not source.bot_permissions.embed_links:
            content, embed = _as_text(embed), None
        if file is not None and not source.bot_permissions.attach_files:
            file = None
        await source.reply(content, **_given(embed, view, file), mention_author=False, allowed_mentions=_NOBODY)
    elif getattr(source, "awaits_publicly", False) and isinstance(answer, Answer) and answer.state != "done":
        await _reply_in_private(interaction, answer)
    elif not interaction.response.is_done():
        await interaction.response.send_message(
            content, **_given(embed, view, file), ephemeral=ephemeral, allowed_mentions=_NOBODY
        )
    elif interaction.response.type is discord.InteractionResponseType.deferred_channel_message:
        await interaction.edit_original_response(
            content=content, embed=embed, view=view, attachments=[file] if file else [], allowed_mentions=_NOBODY
        )
    else:
        await interaction.followup.send(
            content or "", **_given(embed, view, file), ephemeral=True, allowed_mentions=_NOBODY
        )


async def _reply_in_private(interaction: discord.Interaction[Any], answer: Answer) -> None:
    """Answer a command to the person alone, although everybody sees that it is being answered.

    Discord gives the first answer to those who saw it coming, and only a further one may be private. So the first is
    a sign without words, which then goes.
    """
    await interaction.edit_original_response(content=SIGN, allowed_mentions=_NOBODY)
    await interaction.followup.send(answer.content[:_LONGEST], ephemeral=True, allowed_mentions=_NOBODY)
    await interaction.delete_original_response()


def _given(embed: discord.Embed | None, view: discord.ui.View | None, file: discord.File | None) -> dict[str, Any]:
    """Only what there is: discord.py's own mark for a missing value is not None."""
    given = {"embed": embed, "view": view, "file": file}
    return {name: value for name, value in given.items() if value is not None}


def _as_text(embed: discord.Embed) -> str:
    """An embed for a channel in which we may not show one."""
    described = [embed.description] if embed.description else []
    return "\n".join([f"**{embed.title}**", *described, *(f"{field.name}: {field.value}" for field in embed.fields)])
