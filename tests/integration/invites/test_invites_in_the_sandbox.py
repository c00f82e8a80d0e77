"""Invites from end to end: the sandbox, the real bot and real workers."""

from app.community.economy.rules import member
from tests.factories.coins import balance_of
from tests.factories.hall import rows

QUEUES = "commands,ingest,outbound,maintenance"


async def newcomer(hall, name: str) -> int:
    return int((await hall.local.post("users", {"name": name}))["id"])


async def invite_of(hall, user: str) -> str:
    body = {"channel": str(hall.local.channel()), "user": str(hall.local.user(user))}
    return (await hall.local.post("invites", body))["code"]


async def join(hall, user: int, invite: str | None = None) -> None:
    body = {"guild": str(hall.local.guild().id), "user": str(user), "action": "join"}
    await hall.local.post("members", body | ({"invite": invite} if invite else {}))


def state(user: int) -> tuple:
    found = rows("SELECT state, inviter_id FROM invite_arrivals WHERE user_id = %s", user)
    return found[0] if found else ("", None)


async def ready(hall, workers) -> None:
    workers.start(QUEUES)
    guild = hall.local.guild().id
    asked = "SELECT uses <> 'null' FROM invite_uses WHERE guild_id = %s"
    await hall.until(lambda: rows(asked, guild) == [(True,)], "the invites were listed at start")


async def test_an_arrival_names_the_inviter_in_commands_and_in_the_channel(hall, workers, bot):
    guild, inviter = hall.local.guild().id, hall.local.user("wiglaf")
    rows(
        "INSERT INTO guild_settings (guild_id, options) VALUES (%s, jsonb_build_object('invite-channel', %s))",
        guild,
        hall.local.channel(),
    )
    await ready(hall, workers)
    unferth = await newcomer(hall, "unferth")
    await join(hall, unferth, await invite_of(hall, "wiglaf"))
    await hall.until(lambda: state(unferth) == ("pending", inviter), "the arrival is explained")

    async def told():
        found = await hall.local.get(f"channels/{hall.local.channel()}/messages")
        return any(m["content"] == f"📨 <@{unferth}> was invited by <@{inviter}>." for m in found)

    await hall.until_async(told, "the channel was told")
    card = (await hall.use("invites", member=str(inviter)))["messages"][0]["embeds"][0]
    assert "**1 person invited**" in card["description"]
    assert await hall.answered(await hall.begin(name="topinvites"))
    top = (await hall.use("topinvitations"))["messages"][0]["embeds"][0]
    assert top["description"] == f"🥇 <@{inviter}> · **1**"
    rows("UPDATE invite_arrivals SET joined_at = joined_at - interval '25 hours'")
    rows("UPDATE guild_settings SET options = options || '{\"invite-account-days\": 0}'")
    from tasks.invites import _settle_all

    assert _settle_all() == {"arrivals": 1}
    assert balance_of(guild, member(inviter)) == 50


async def test_several_who_come_at_once_and_by_the_guilds_own_link(hall, workers, bot):
    guild = hall.local.guild()
    guild.vanity_code = "meadhall"
    await ready(hall, workers)
    code = await invite_of(hall, "wiglaf")
    people = [await newcomer(hall, f"guest{number}") for number in range(4)]
    await join(hall, people[0], "meadhall")
    await hall.until(lambda: state(people[0])[0] == "unknown", "the guild's own link invites for nobody")
    for user in people[1:]:
        await join(hall, user, code)
    inviter = hall.local.user("wiglaf")
    await hall.until(lambda: all(state(user) == ("pending", inviter) for user in people[1:]), "all three are explained")


async def test_a_bot_that_may_not_manage_the_guild_says_what_is_missing(hall, workers, bot):
    role = next(role for role in hall.local.guild().roles.values() if role.id == hall.local.guild().id + 1)
    role.permissions &= ~(1 << 5 | 1 << 3)
    await hall.local.post(
        "dispatch",
        {"event": "GUILD_ROLE_UPDATE", "data": {"guild_id": str(hall.local.guild().id), "role": _role(role)}},
    )
    workers.start(QUEUES)

    async def hinted():
        card = (await hall.use("invites"))["messages"][0]["embeds"][0]
        return "allow me to manage the server" in card["description"]

    await hall.until_async(hinted, "the hint is shown")


def _role(role) -> dict:
    from app.sandbox.render.guilds import role as rendered

    return rendered(role)
