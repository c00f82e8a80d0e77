"""What Discord refuses, and which click mends it."""

import discord

from app.core.errors import ConfigurationError

_PORTAL = "https://discord.com/developers/applications"
INVALID_TOKEN, INVALID_INTENTS, DISALLOWED_INTENTS = 4004, 4013, 4014

# What the bot uses in a guild; without one of these a part of it is silent there.
NEEDED = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    embed_links=True,
    attach_files=True,
    read_message_history=True,
    add_reactions=True,
    create_public_threads=True,
)


def invalid_token() -> ConfigurationError:
    """The line for a token that Discord does not know."""
    return ConfigurationError(
        f"Discord does not accept DISCORD_TOKEN. Open {_PORTAL}, choose your application, then Bot, "
        "click “Reset Token”, and put the new token into .env."
    )


def missing_intents(application_id: int | None, intents: discord.Intents, flags: discord.ApplicationFlags) -> str:
    """The line for privileged intents that are not switched on, by name where Discord tells which."""
    wanted = []
    if intents.members and not (flags.gateway_guild_members or flags.gateway_guild_members_limited):
        wanted.append("“Server Members Intent”")
    if intents.message_content and not (flags.gateway_message_content or flags.gateway_message_content_limited):
        wanted.append("“Message Content Intent”")
    named = " and ".join(wanted) or "“Server Members Intent” and “Message Content Intent”"
    place = f"{_PORTAL}/{application_id}/bot" if application_id else _PORTAL
    without = (
        " (or set MESSAGE_CONTENT_INTENT=false to run without what people write)" if intents.message_content else ""
    )
    return f"Discord refuses the privileged intents. Open {place}, switch on {named}, and save{without}."


def refusal(error: Exception, bot: discord.Client) -> ConfigurationError | None:
    """The line for an error that only a click mends, or None for every other error."""
    if isinstance(error, discord.LoginFailure):
        return invalid_token()
    code = error.code if isinstance(error, discord.ConnectionClosed) else None
    if code == INVALID_TOKEN:
        return invalid_token()
    if isinstance(error, discord.PrivilegedIntentsRequired) or code == DISALLOWED_INTENTS:
        flags = bot.application_flags or discord.ApplicationFlags()
        return ConfigurationError(missing_intents(bot.application_id, bot.intents, flags))
    return None


def missing_permissions(guild: discord.Guild, application_id: int) -> str | None:
    """The line for a guild that withholds what the bot needs, with the link to click; None when nothing is missing."""
    missing = [name for name, is_needed in NEEDED if is_needed and not getattr(guild.me.guild_permissions, name)]
    if not missing:
        return None
    url = discord.utils.oauth_url(
        application_id, permissions=NEEDED, guild=guild, scopes=("bot", "applications.commands")
    )
    return f"guild {guild.id} does not let the bot {', '.join(missing)}; to grant it, open {url}"


def no_guilds(application_id: int) -> str:
    """The line for a bot that nobody has invited yet, with the link to click."""
    url = discord.utils.oauth_url(application_id, permissions=NEEDED, scopes=("bot", "applications.commands"))
    return f"the bot is in no server yet; to invite it, open {url}"
