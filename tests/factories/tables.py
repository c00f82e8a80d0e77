"""Games through the sandbox, as people see and click them."""

import asyncio
from contextlib import asynccontextmanager, suppress

from app.community.economy import queries as purses
from app.community.economy.rules import member
from app.core import queue
from tests.factories.coins import balance_of, give
from tests.factories.hall import rows


class Player:
    """Somebody at the games of the hall."""

    def __init__(self, hall, name: str, coins: int = 1000) -> None:
        self.hall, self.name = hall, name
        self.id = hall.local.user(name)
        self.guild = hall.local.guild().id
        give(self.guild, self.id, coins - 25)

    @property
    def coins(self) -> int:
        return balance_of(self.guild, member(self.id))

    async def use(self, name: str, **options):
        return (await self.hall.use(name, user=self.name, **options))["messages"][0]

    async def click(self, label: str):
        """Click the button of that label on the newest game; the id of the click."""
        message = await board(self.hall, label)
        button = next(b for b in buttons(message) if b["label"].endswith(label))
        return await self.hall.begin("button", user=self.name, custom_id=button["custom_id"], message=message["id"])


def buttons(message):
    return [button for row in message.get("components", ()) for button in row["components"]]


async def messages(hall, channel: str = "general"):
    return await hall.local.get(f"channels/{hall.local.channel(channel)}/messages")


async def board(hall, label: str):
    """The newest message with a button of that label."""

    async def look():
        found = [m for m in await messages(hall) if any(b["label"].endswith(label) for b in buttons(m))]
        return max(found, key=lambda m: int(m["id"])) if found else None

    return await hall.until_async(look, f"a button {label}")


async def whisper(hall, interaction: str) -> str:
    """What the person of a click alone is told."""

    async def look():
        found = await hall.local.get(f"interactions/{interaction}")
        return found["messages"] and found["messages"][-1]["content"]

    return await hall.until_async(look, "the person is told something")


async def shown(hall, words: str):
    """The message of a game that says this."""

    async def look():
        for message in await messages(hall):
            for embed in message.get("embeds", ()):
                if words in (embed.get("description") or ""):
                    return message
        return None

    return await hall.until_async(look, f"a game that says {words!r}")


@asynccontextmanager
async def swept():
    """Inside, games are looked at every second, as beat has it done every two."""

    async def sweep():
        while True:
            await asyncio.to_thread(queue.send, "commands.games_sweep")
            await asyncio.sleep(1)

    task = asyncio.create_task(sweep())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def overdue() -> None:
    """Let the time of every open step be over."""
    rows(
        "UPDATE games SET deadline = now() - interval '1 second', step_started_at = greatest(step_started_at, ("
        "SELECT max(sent_at) FROM outbound_posts p WHERE p.id = post_id)) WHERE deadline IS NOT NULL"
    )


def sound() -> bool:
    found = purses.audit()
    return (found.imbalance, found.negative, found.unsettled) == (0, 0, 0)
