"""The two guilds that a new sandbox starts with; ids are the same every time."""

from datetime import UTC, datetime

from app.sandbox.actions import channels, tags
from app.sandbox.box import Box, Tuning
from app.sandbox.constants import ChannelType, Permission
from app.sandbox.hub import Hub
from app.sandbox.ids import Snowflakes
from app.sandbox.state.models import Channel, Guild, Member, Overwrite, Role, ThreadState, User
from app.sandbox.state.world import Application, World

_BORN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
_MODERATOR = int(
    Permission.MODERATE_MEMBERS
    | Permission.KICK_MEMBERS
    | Permission.MANAGE_MESSAGES
    | Permission.MANAGE_THREADS
    | Permission.MUTE_MEMBERS,
)
_PEOPLE = (
    ("hrothgar", "Hrothgar", "en-US", False),
    ("wealhtheow", "Wealhtheow", "en-US", False),
    ("beowulf", "Beowulf", "en-US", False),
    ("wiglaf", "Wiglaf", "en-US", False),
    ("margaux", "Margaux", "fr", False),
    ("scop", "Scop", "en-US", True),
)

_TAGS = ("building", "feast", "voyage")


class _Numbers:
    # Seeded ids count up from a fixed instant: a database that outlives the sandbox finds the
    # same guilds, channels and people again after a restart.
    def __init__(self) -> None:
        self._ids = Snowflakes(clock=_BORN.timestamp)
        self._base = self._ids.next()
        self._count = 0

    def next(self) -> int:
        self._count += 1
        return self._base + (self._count << 12)


def new_box(token: str, tuning: Tuning | None = None) -> Box:
    """A sandbox with its seeded guilds and people."""
    number = _Numbers()
    bot = User(number.next(), "heorot", "Heorot", bot=True)
    people = [User(number.next(), name, shown, robot, locale) for name, shown, locale, robot in _PEOPLE]
    world = World(Application(bot.id, "Heorot", people[0].id, token))
    world.users = {u.id: u for u in (bot, *people)}
    box = Box(world, Hub(world), tuning or Tuning())
    _mead_hall(box, number, people)
    _workshop(box, number, people)
    _offer_tags(box, number)
    return box


def _mead_hall(box: Box, number: _Numbers, people: list[User]) -> None:
    guild = channels.new_guild(box, "Mead Hall", people[0].id, "en-US", number.next())
    guild.description = "Where every story is kept."
    admin, moderator = _people(guild, number, people)
    staff = channels.private(guild, moderator.id, guild.id + 1)
    lounge = _channel(guild, number, ChannelType.CATEGORY, "Hall")
    rows = [
        lounge,
        _channel(guild, number, ChannelType.TEXT, "general", topic="Everyone is welcome", parent_id=lounge.id),
        _channel(guild, number, ChannelType.TEXT, "tavern", topic="Songs and games", parent_id=lounge.id),
        _channel(guild, number, ChannelType.TEXT, "market", topic="Bought and sold", parent_id=lounge.id),
        _channel(guild, number, ChannelType.TEXT, "staff", topic="For moderators", overwrites=staff),
        _channel(guild, number, ChannelType.FORUM, "ideas", topic="One thread for each idea"),
        _channel(guild, number, ChannelType.VOICE, "Hearth"),
        _channel(guild, number, ChannelType.VOICE, "Away"),
        _channel(guild, number, ChannelType.TEXT, "announcements", overwrites=_read_only(guild)),
    ]
    if box.tuning.hidden_channel:
        council = channels.private(guild, admin.id)
        rows.append(
            _channel(guild, number, ChannelType.TEXT, "council", topic="Hidden from the bot", overwrites=council)
        )
    _settle(box, guild, rows, general=rows[1], away=rows[7])
    tales = _channel(guild, number, ChannelType.PUBLIC_THREAD, "tales of the sea", parent_id=rows[2].id)
    owner = people[2].id
    tales.thread = ThreadState(owner, _BORN.isoformat(), {owner: _BORN.isoformat()})
    box.world.add_channel(tales)


def _offer_tags(box: Box, number: _Numbers) -> None:
    """After everything else, whose ids stay the same."""
    forum = next(row for row in box.world.channels.values() if row.kind is ChannelType.FORUM)
    forum.tags = tags.offered(box, forum.kind, [], list(_TAGS))
    for tag in forum.tags:
        tag["id"] = str(number.next())


def _workshop(box: Box, number: _Numbers, people: list[User]) -> None:
    guild = channels.new_guild(box, "L'Atelier", people[4].id, "fr", number.next())
    guild.description = "Un petit serveur en français."
    _people(guild, number, people)
    rows = [
        _channel(guild, number, ChannelType.TEXT, "accueil", topic="Bonjour !"),
        _channel(guild, number, ChannelType.TEXT, "projets"),
        _channel(guild, number, ChannelType.TEXT, "détente"),
        _channel(guild, number, ChannelType.VOICE, "Vocal"),
        _channel(guild, number, ChannelType.VOICE, "Absent"),
    ]
    _settle(box, guild, rows, general=rows[0], away=rows[4])


def _people(guild: Guild, number: _Numbers, people: list[User]) -> tuple[Role, Role]:
    admin = Role(number.next(), "Admin", int(Permission.ADMINISTRATOR), 3, 0xE67E22, hoist=True)
    moderator = Role(number.next(), "Moderator", _MODERATOR, 2, 0x3498DB, hoist=True, mentionable=True)
    guild.roles |= {admin.id: admin, moderator.id: moderator}
    own: dict[str, list[int]] = {"hrothgar": [admin.id], "wealhtheow": [moderator.id]}
    for person in people:
        guild.members[person.id] = Member(person.id, _BORN.isoformat(), own.get(person.username, []))
    for member in guild.members.values():
        member.joined_at = _BORN.isoformat()
    guild.bot_joined_at = _BORN.isoformat()
    return admin, moderator


def _channel(
    guild: Guild,
    number: _Numbers,
    kind: ChannelType,
    name: str,
    *,
    topic: str | None = None,
    parent_id: int | None = None,
    overwrites: dict[int, Overwrite] | None = None,
) -> Channel:
    return Channel(
        number.next(),
        kind,
        guild.id,
        name,
        topic=topic,
        parent_id=parent_id,
        overwrites=overwrites or {},
    )


def _read_only(guild: Guild) -> dict[int, Overwrite]:
    bot_role = guild.id + 1
    send = int(Permission.SEND_MESSAGES)
    return {guild.id: Overwrite(guild.id, 0, deny=send), bot_role: Overwrite(bot_role, 0, allow=send)}


def _settle(box: Box, guild: Guild, rows: list[Channel], *, general: Channel, away: Channel) -> None:
    for position, channel in enumerate(rows):
        channel.position = position
        box.world.add_channel(channel)
    guild.system_channel_id = general.id
    guild.afk_channel_id = away.id
