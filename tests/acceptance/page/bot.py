"""A small bot on an unmodified discord.py client, so that the page is proven without the product's own bot."""

import asyncio
import io
import struct
import zlib

import discord
from discord import app_commands

from tests.integration.sandbox.clients import Heard

CITIES = ("Leire", "Lejre", "Lund", "Ribe", "Roskilde", "Uppsala")
WORDS = {"greet": "saluer", "Greet somebody": "Saluer quelqu'un", "person": "personne"}


class French(app_commands.Translator):
    """Translates what it has words for."""

    async def translate(self, string, locale, context):
        return WORDS.get(string.message) if locale is discord.Locale.french else None


def picture(width: int = 320, height: int = 120) -> bytes:
    """A PNG of a sunset in stripes."""
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        share = y / height
        rows += bytes((int(240 - 120 * share), int(160 - 110 * share), int(80 + 40 * share))) * width

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(rows))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


class Feedback(discord.ui.Modal, title="Tell us more"):
    subject = discord.ui.TextInput(label="Subject", max_length=40, min_length=3)
    body = discord.ui.TextInput(
        label="What happened?", style=discord.TextStyle.long, required=False, placeholder="As long as you like"
    )

    async def on_submit(self, interaction):
        await interaction.response.send_message(
            f"Thanks for **{self.subject.value}**: {self.body.value or 'nothing more'}"
        )


class Panel(discord.ui.View):
    """Every kind of component."""

    def __init__(self):
        super().__init__(timeout=None)
        self.add_item(discord.ui.Button(label="Web", url="https://example.org/"))

    @discord.ui.button(label="Press", style=discord.ButtonStyle.primary, custom_id="press")
    async def press(self, interaction, button):
        button.label = "Pressed"
        button.disabled = True
        await interaction.response.edit_message(content="Somebody pressed.", view=self)

    @discord.ui.button(label="Tell", style=discord.ButtonStyle.success, custom_id="tell")
    async def tell(self, interaction, button):
        await interaction.response.send_modal(Feedback())

    @discord.ui.button(label="Ignore", style=discord.ButtonStyle.danger, custom_id="ignore")
    async def ignore(self, interaction, button):
        """Never answers."""

    @discord.ui.select(
        custom_id="drinks",
        placeholder="What will you drink?",
        min_values=1,
        max_values=2,
        options=[
            discord.SelectOption(label=name, value=name.lower(), description=text)
            for name, text in (("Mead", "Honey and water"), ("Ale", "Barley"), ("Milk", "For the young"))
        ],
    )
    async def drinks(self, interaction, select):
        await interaction.response.send_message("You drink " + " and ".join(select.values), ephemeral=True)

    @discord.ui.select(cls=discord.ui.UserSelect, custom_id="who", placeholder="Whom do you toast?")
    async def who(self, interaction, select):
        await interaction.response.send_message(f"A toast to {select.values[0].mention}!")


class Minstrel(Heard):
    """The test's bot; `carry_on` ends the wait of /slow."""

    def __init__(self):
        super().__init__(intents=discord.Intents.all())
        self.tree = app_commands.CommandTree(self)
        self.carry_on = asyncio.Event()
        register(self)

    async def setup_hook(self):
        self.add_view(Panel())
        await self.tree.set_translator(French())
        await self.tree.sync()

    async def on_message(self, message):
        if message.content == "!ping":
            await message.reply("Pong!")
        elif message.content == "!type":
            await message.channel.typing()


def register(bot: Minstrel) -> None:
    """Give the bot its commands."""
    tree = bot.tree

    @tree.command(description=app_commands.locale_str("Greet somebody"))
    @app_commands.describe(person="Whom", times="How often", loudly="With capitals")
    async def greet(
        interaction, person: discord.Member, times: app_commands.Range[int, 1, 3] = 1, loudly: bool | None = None
    ):
        text = " ".join([f"Hail, {person.mention}!"] * times)
        await interaction.response.send_message(text.upper() if loudly else text)

    @tree.command(description="Travel to a town")
    async def travel(
        interaction,
        town: str,
        by: app_commands.Choice[str],
        to: discord.TextChannel | None = None,
        role: discord.Role | None = None,
    ):
        where = f" and tell {to.mention}" if to else ""
        await interaction.response.send_message(
            f"To {town} by {by.name} ({by.value}){where}{' with ' + role.name if role else ''}"
        )

    @travel.autocomplete("town")
    async def towns(interaction, current):
        return [app_commands.Choice(name=c, value=c) for c in CITIES if c.lower().startswith(current.lower())]

    app_commands.choices(
        by=[app_commands.Choice(name="Ship", value="s"), app_commands.Choice(name="Horse", value="h")]
    )(travel)

    @tree.command(description="Show a card with everything on it")
    async def card(interaction):
        embed = discord.Embed(title="The hall of Heorot", description="Wide-gabled and **high**.", colour=0xD98A3A)
        for name, value in (("Builder", "Hrothgar"), ("Seats", "300"), ("Mead", "plenty")):
            embed.add_field(name=name, value=value)
        embed.add_field(name="Rule", value="*Weapons stay at the door.*", inline=False)
        embed.set_footer(text="Built in the north").set_image(url="attachment://hall.png").set_thumbnail(
            url="attachment://hall.png"
        )
        await interaction.response.send_message(embed=embed, file=discord.File(io.BytesIO(picture()), "hall.png"))

    register_answers(bot)
    register_groups(bot)


def register_answers(bot: Minstrel) -> None:
    """Every way to answer, and none."""
    tree = bot.tree

    @tree.command(description="Whisper back")
    async def secret(interaction):
        await interaction.response.send_message("Between *you* and me.", ephemeral=True)

    @tree.command(description="Think first")
    async def slow(interaction):
        await interaction.response.defer(thinking=True)
        await bot.carry_on.wait()
        await interaction.followup.send("Now I know: **42**.")

    @tree.command(description="Say nothing at all")
    async def silent(interaction):
        """Never answers."""

    @tree.command(description="Buttons and menus")
    async def panel(interaction):
        await interaction.response.send_message("What shall it be?", view=Panel())

    @tree.command(description="For moderators")
    @app_commands.default_permissions(manage_messages=True)
    async def hush(interaction):
        await interaction.response.send_message("Hush.")

    @tree.command(description="Weigh a file")
    async def weigh(interaction, file: discord.Attachment):
        await interaction.response.send_message(f"{file.filename} weighs {len(await file.read())} bytes")


def register_groups(bot: Minstrel) -> None:
    """Commands below commands, and those in menus."""
    settings = app_commands.Group(name="settings", description="Settings")

    @settings.command(description="Show the settings")
    async def show(interaction):
        await interaction.response.send_message("All is as it was.", ephemeral=True)

    @settings.command(name="set", description="Change one setting")
    async def change(interaction, key: str, value: str):
        await interaction.response.send_message(f"{key} is now {value}")

    bot.tree.add_command(settings)

    @bot.tree.context_menu(name="Count words")
    async def count(interaction, message: discord.Message):
        await interaction.response.send_message(f"{len(message.content.split())} words", ephemeral=True)

    @bot.tree.context_menu(name="Who is this")
    async def who(interaction, member: discord.Member):
        await interaction.response.send_message(f"{member.display_name} is called {member.name}", ephemeral=True)
