"""Peer (b): a discord.py client that does nothing but count the messages it receives."""

import asyncio
import json
import os
import sys
import time

import discord
import discord.gateway
import discord.http
import uvloop
import yarl


def point_at(api_url: str) -> None:
    """Send discord.py to this Discord."""
    discord.http.Route.BASE = api_url
    gateway = yarl.URL(api_url).with_scheme("ws").with_path("/gateway")
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = gateway


class Counter(discord.Client):
    """Counts messages up to a number, and says how long they took from the first to the last."""

    def __init__(self, target: int) -> None:
        super().__init__(intents=discord.Intents.all(), chunk_guilds_at_startup=False, max_messages=None)
        self.target, self.seen, self.first = target, 0, 0.0

    async def on_ready(self) -> None:
        """Tell the parent that frames may come."""
        print("ready", flush=True)

    async def on_message(self, _: discord.Message) -> None:
        """Count."""
        self.seen += 1
        if self.seen == 1:
            self.first = time.perf_counter()
        if self.seen == self.target:
            seconds = time.perf_counter() - self.first
            print(json.dumps({"events": self.seen, "seconds": seconds, "rate": self.seen / seconds}), flush=True)
            await self.close()


def main() -> None:
    """Run until the number of messages given on the command line has come."""
    point_at(os.environ["DISCORD_API_URL"])
    client = Counter(int(sys.argv[1]))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(client.start("sandbox"))


if __name__ == "__main__":
    main()
