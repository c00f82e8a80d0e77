"""People who come to the hall for one command, each with somebody else to use it on."""

from typing import Any

from tests.factories.bags import put
from tests.factories.hall import Hall

_MARKS = {"other": "<@{}>", "channel": "<#{}>", "role": "<@&{}>", "other_role": "<@&{}>"}


class Visitor:
    """An admin who came for one command. Names in braces ({other}, {channel}, {role}) stand for what there is."""

    def __init__(self, hall: Hall, user: str, names: dict[str, str]) -> None:
        self.hall, self.user, self._names = hall, user, names

    async def use(self, name: str, options: dict[str, Any]) -> str:
        """Use a slash command; its answer."""
        given = {
            key: value.format(**self._names) if isinstance(value, str) else value for key, value in options.items()
        }
        body = {"type": "command", "user": self.user, "channel": self._names["channel"], "name": name}
        begun = await self.hall.local.post("interactions", {**body, "options": given})
        return str((await self.hall.answered(begun["id"], 60))["messages"])

    async def write(self, text: str, files: list[Any] | None = None, *, is_answered: bool = True) -> str:
        """Write a command; the reply to it."""
        names = {key: _MARKS[key].format(value) for key, value in self._names.items()}
        body = {"channel": self._names["channel"], "author": self.user, "content": text.format(**names)}
        mine = (await self.hall.local.post("messages", {**body, "attachments": files or []}))["id"]
        return await self._reply(mine, text) if is_answered else ""

    async def _reply(self, mine: str, asked: str) -> str:
        async def reply() -> Any:
            found = await self.hall.local.get(f"channels/{self._names['channel']}/messages?after={mine}")
            return next((m for m in found if (m.get("message_reference") or {}).get("message_id") == mine), None)

        return str(await self.hall.until_async(reply, f"an answer to {asked!r}", 60))


class Visitors:
    """Brings new people, and two roles that nobody has."""

    def __init__(self, hall: Hall) -> None:
        self._hall, self._guild = hall, hall.local.guild()
        self._names = {"channel": str(hall.local.channel())}

    async def prepare(self) -> None:
        """Make the roles."""
        assert self._hall.runtime is not None, "the bot runs"
        for key in ("role", "other_role"):
            made = await self._hall.runtime.bot.get_guild(self._guild.id).create_role(name=key)
            self._names[key] = str(made.id)

    async def new(self, *, has_treasure: bool = False) -> Visitor:
        """Two people who never were here."""
        admin = next(role.id for role in self._guild.roles.values() if role.name == "Admin")
        draft = {"name": "visitor", "guild": str(self._guild.id)}
        user = await self._hall.local.post("users", {**draft, "roles": [str(admin)]})
        other = await self._hall.local.post("users", draft)
        if has_treasure:
            for person in (user, other):
                put(self._guild.id, int(person["id"]), "jackpot")
        return Visitor(self._hall, user["id"], {**self._names, "other": other["id"]})
