"""Games: `/roulette`, `/blackjack`, `/duel` and all the others, `/odds`, and `/games` for limits and results."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from app.bot.context import Context, read
from app.bot.hybrid import command, group, subcommand
from app.bot.numbers import Whole
from app.community.games import queries, rules
from app.community.games.kinds.roulette import COLOURS, NAMES, colour_of
from app.community.games.listening import Listener
from app.community.games.views import Boards, GameButton, embeds_of
from app.core.errors import BadInput, Refused
from app.core.translations import _, marked

# Beyond every bound that a guild can set, so that the refusal can name the bounds.
_BEYOND = 10**12
_BET = marked("How many coins you stake")
_AGAINST = marked("Whom you challenge")


class Games(commands.Cog):
    """Games for coins, which have no value outside this server."""

    feature = "games"
    topic = marked("Games")

    def __init__(self, bot: Any) -> None:
        self.bot = bot
        self.boards = Boards()
        self.words = Listener(bot)

    async def cog_load(self) -> None:
        """Answer the clicks on messages that were sent before this start, and hear the words of games under way."""
        self.bot.add_dynamic_items(GameButton)
        self.bot.ingest.register("MESSAGE_CREATE", self.words.hear)
        self.words.look()

    async def cog_unload(self) -> None:
        """Stop listening."""
        self.words.close()

    @command(marked("/roulette"), marked("Bet on a colour: red, black or green"))
    @app_commands.describe(bet=_BET, colour=marked("red, black or green"))
    @commands.guild_only()
    async def roulette(self, context: Context, bet: Whole, colour: str) -> None:
        """Spin the wheel once."""
        await self._against_house(context, "roulette", bet, choice=colour_of(colour))

    @roulette.autocomplete("colour")
    async def _colours(self, _interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
        names = {colour: _(NAMES[colour]) for colour in COLOURS}
        return [
            app_commands.Choice(name=name, value=colour)
            for colour, name in names.items()
            if current.strip().lower() in name
        ]

    @command(marked("/blackjack"), marked("Play cards against the dealer"))
    @app_commands.describe(bet=_BET)
    @commands.guild_only()
    async def blackjack(self, context: Context, bet: Whole) -> None:
        """Be dealt two cards."""
        await self._begin(context, "blackjack", bet=bet)

    @command(marked("/slots"), marked("Pull the lever of three reels"))
    @app_commands.describe(bet=_BET)
    @commands.guild_only()
    async def slots(self, context: Context, bet: Whole) -> None:
        """Pull once."""
        await self._against_house(context, "slots", bet)

    @command(marked("/pot"), marked("Join a wheel with others: the winner takes the whole pot"))
    @app_commands.describe(bet=_BET)
    @commands.guild_only()
    async def pot(self, context: Context, bet: Whole) -> None:
        """Begin a group roulette, or join the one of this channel."""
        await self._begin(context, "group", bet=bet)

    @command(marked("/duel"), marked("Challenge a member: a coin decides"))
    @app_commands.describe(member=_AGAINST, bet=_BET)
    @commands.guild_only()
    async def duel(self, context: Context, member: discord.Member, bet: Whole) -> None:
        """Challenge to a fair coin."""
        await self._challenge(context, "duel", member, bet)

    @command(marked("/rps"), marked("Challenge a member to rock, paper, scissors"))
    @app_commands.describe(member=_AGAINST, bet=_BET)
    @commands.guild_only()
    async def rps(self, context: Context, member: discord.Member, bet: Whole) -> None:
        """Challenge to rock, paper, scissors."""
        await self._challenge(context, "rps", member, bet)

    @command(marked("/007"), marked("Challenge a member: reload, shoot or shield"))
    @app_commands.describe(member=_AGAINST, bet=_BET)
    @commands.guild_only()
    async def agent(self, context: Context, member: discord.Member, bet: Whole) -> None:
        """Challenge to 007."""
        await self._challenge(context, "007", member, bet)

    @command(marked("/c21"), marked("Challenge a member: whoever has to say 21 loses"))
    @app_commands.describe(member=_AGAINST, bet=_BET)
    @commands.guild_only()
    async def c21(self, context: Context, member: discord.Member, bet: Whole) -> None:
        """Challenge to counting."""
        await self._challenge(context, "c21", member, bet)

    @command(marked("/quicktype"), marked("Challenge a member: the first to write the word wins"))
    @app_commands.describe(member=_AGAINST, bet=_BET)
    @commands.guild_only()
    async def quicktype(self, context: Context, member: discord.Member, bet: Whole) -> None:
        """Challenge to quick typing, which needs to see what people write."""
        if not context.bot.intents.message_content:
            raise Refused(_("I do not see what people write here, so I cannot tell who is first."))
        await self._challenge(context, "quicktype", member, bet)

    @command(marked("/quiz"), marked("Challenge a member to five questions"))
    @app_commands.describe(member=_AGAINST, bet=_BET)
    @commands.guild_only()
    async def quiz(self, context: Context, member: discord.Member, bet: Whole) -> None:
        """Challenge to a quiz."""
        await self._challenge(context, "quiz", member, bet)

    @command(marked("/quizduo"), marked("Challenge a member to seven questions, for nothing but honour"))
    @app_commands.describe(member=_AGAINST)
    @commands.guild_only()
    async def quizduo(self, context: Context, member: discord.Member) -> None:
        """Challenge to a quiz without a bet."""
        await self._challenge(context, "quizduo", member, 0)

    @command(marked("/odds"), marked("Show the real chances of the games"))
    @app_commands.describe(game=marked("Which game; all when left out"))
    @commands.guild_only()
    async def odds(self, context: Context, game: str | None = None) -> None:
        """Show what comes back on average."""
        options = await read(queries.options, context.guild_id)
        kinds = [rules.kind_of(game)] if game else list(rules.KINDS.values())
        embed = discord.Embed(title=_("Odds"), description=_("Coins have no value outside this server."))
        for kind in kinds:
            embed.add_field(
                name=f"{kind.emoji} {_(kind.title)}", value="\n".join(kind.odds(options))[:1024], inline=False
            )
        await context.say("", embed=embed)

    @odds.autocomplete("game")
    async def _kinds(self, _interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
        found = {name: _(kind.title) for name, kind in rules.KINDS.items()}
        wanted = current.strip().lower()
        return [
            app_commands.Choice(name=title, value=name)
            for name, title in found.items()
            if wanted in name or wanted in title.lower()
        ]

    @group(marked("/games"), marked("Your games: results, limits, a break"))
    @commands.guild_only()
    async def games(self, context: Context) -> None:
        """Show your results (the prefix form without a subcommand)."""
        await self._results(context, context.author)

    @subcommand(games, marked("/results"), marked("Show what a member played, won and lost"))
    @app_commands.describe(member=marked("Whose results; yours when left out"))
    @commands.guild_only()
    async def results(self, context: Context, member: discord.Member = commands.Author) -> None:
        """Show results by game."""
        await self._results(context, member)

    @subcommand(games, marked("/exclude"), marked("Keep yourself from games for some days; nobody can undo it"))
    @app_commands.describe(days=marked("For how many days"))
    @commands.guild_only()
    async def exclude(self, context: Context, days: Whole) -> None:
        """Exclude yourself."""
        await context.say(await context.ask("commands.games_exclude", days=_bounded(days)))

    @subcommand(games, marked("/limit"), marked("Limit what you may lose in games a day"))
    @app_commands.describe(amount=marked("How many coins; 0 for no limit"))
    @commands.guild_only()
    async def limit(self, context: Context, amount: Whole) -> None:
        """Set your own daily limit."""
        await context.say(await context.ask("commands.games_limit", coins=_bounded(amount)))

    async def _results(self, context: Context, member: discord.Member | discord.User) -> None:
        found = await read(queries.played, context.guild_id, member.id)
        lines = [
            _("{game}: {games} played, {wins} won, {balance}").format(
                game=f"**{_(rules.KINDS[row.kind].title)}**",
                games=row.games,
                wins=row.wins,
                balance=f"{row.balance:+d} 🪙",
            )
            for row in found
        ]
        name = discord.utils.escape_markdown(member.display_name)
        embed = discord.Embed(title=_("Games"), description="\n".join(lines) or _("Nothing was played yet."))
        await context.say("", embed=embed.set_author(name=name))

    async def _challenge(self, context: Context, game: str, member: discord.Member, bet: int) -> None:
        name = discord.utils.escape_markdown(member.display_name)
        if member.bot:
            raise BadInput(_("{user} is a bot, and bots do not play.").format(user=name))
        await self._begin(context, game, bet=bet, member=member.id)

    async def _begin(self, context: Context, game: str, *, bet: int, member: int | None = None) -> None:
        """Begin a game with a message of its own, which a worker posts."""
        rights = context.bot_permissions
        missing = [name for name in ("view_channel", "send_messages", "embed_links") if not getattr(rights, name)]
        if missing:
            raise commands.BotMissingPermissions(missing)
        answer = await context.ask("commands.game_begin", game=game, bet=_bounded(bet), member=member)
        if context.interaction is not None or answer.state != "done":
            await context.say(answer)

    async def _against_house(self, context: Context, game: str, bet: int, *, choice: str | None = None) -> None:
        """Play a game that is over at once; everybody sees the result."""
        await context.defer()
        answer = await context.ask("commands.game_begin", game=game, bet=_bounded(bet), choice=choice)
        if "message" in answer.data:
            (embed,) = embeds_of(answer.data["message"])
            await context.say("", embed=embed, ephemeral=False)
        else:
            await context.say(answer)


def _bounded(number: int) -> int:
    """The number, or one that is refused as well and fits into a message."""
    return max(-_BEYOND, min(number, _BEYOND))


async def setup(bot: Any) -> None:
    """Add the cog."""
    await bot.add_cog(Games(bot))
