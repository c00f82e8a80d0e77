"""`seed`: fill the sandbox with people who talk, so that every page, profile and search has something to show."""

import argparse
import http.client
import json
import random
from typing import Any

from app.cli.seed_words import CLOSINGS, EDITS, EMOJI, PEOPLE, POSTS, TOPICS
from app.core.errors import BadInput, HeorotError, RemoteUnavailable
from app.core.settings import settings

_SECONDS = 60.0
_MOST = 20_000
_OK = 200
_CHUNK = 200
_FORUM = 15


class SandboxRefused(HeorotError):  # noqa: N818 - it says what the sandbox did.
    """The sandbox refused."""


class Sandbox:
    """The control API of the running sandbox."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
        self._port = port

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The answer's JSON; raises RemoteUnavailable when nobody listens, SandboxRefused with its reason."""
        try:
            text = None if body is None else json.dumps(body)
            self._connection.request(method, path, text, {"Content-Type": "application/json"})
            answer = self._connection.getresponse()
            found = json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise RemoteUnavailable(
                f"no sandbox answers on port {self._port}: start it with `make run` without DISCORD_TOKEN."
            ) from None
        if answer.status != _OK:
            raise SandboxRefused(f"the sandbox refused: {found.get('error', answer.status)}")
        return found

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()


class Seeder:
    """Writes one guild's demonstration: people, channels, posts, talk, reactions, edits, deletions, voice."""

    def __init__(self, sandbox: Sandbox, source: random.Random) -> None:
        self._sandbox = sandbox
        self._source = source
        kinds = ("users", "channels", "posts", "messages", "edits", "deletions", "reactions", "voice")
        self.made = dict.fromkeys(kinds, 0)

    def run(self, messages: int) -> dict[str, int]:
        """Write so many messages; what was made, by kind."""
        guild = self._sandbox.call("GET", "/sandbox/state")["guilds"][0]
        people = [self._person(guild["id"], name) for name in PEOPLE]
        channels = {topic: self._channel(guild["id"], topic) for topic in TOPICS}
        voice = self._channel(guild["id"], "fireside", kind="voice")
        for person in people[:3]:
            self._sandbox.call("POST", "/sandbox/voice", {"user": person, "channel": voice})
            self.made["voice"] += 1
        share, rest = divmod(messages, len(channels))
        for number, (topic, channel) in enumerate(channels.items()):
            self._talk(topic, channel, people, share + (number < rest))
        for person in people[:3]:
            self._sandbox.call("POST", "/sandbox/voice", {"user": person, "channel": None})
        self._post(next(place["id"] for place in guild["channels"] if place["type"] == _FORUM), people)
        return self.made

    def _post(self, forum: str, people: list[str]) -> None:
        for person, (name, tag, content) in zip(people, POSTS, strict=False):
            body = {"type": "thread", "parent": forum, "name": name, "user": person, "tags": [tag]}
            post = self._sandbox.call("POST", "/sandbox/channels", body)["id"]
            self._change("posts", "/sandbox/messages", channel=post, author=person, content=content)

    def _person(self, guild: str, name: str) -> str:
        self.made["users"] += 1
        body = {"name": name.lower(), "display_name": name, "guild": guild}
        return str(self._sandbox.call("POST", "/sandbox/users", body)["id"])

    def _channel(self, guild: str, name: str, kind: str = "text") -> str:
        self.made["channels"] += 1
        return str(self._sandbox.call("POST", "/sandbox/channels", {"guild": guild, "name": name, "type": kind})["id"])

    def _talk(self, topic: str, channel: str, people: list[str], count: int) -> None:
        while count > 0:
            size = min(count, _CHUNK)
            count -= size
            rows = [
                {"channel": channel, "author": self._source.choice(people), "content": self._sentence(topic)}
                for _ in range(size)
            ]
            written = self._sandbox.call("POST", "/sandbox/messages", {"messages": rows})["ids"]
            self.made["messages"] += len(written)
            self._stir(channel, people, written)

    def _sentence(self, topic: str) -> str:
        subjects, deeds = TOPICS[topic]
        return f"{self._source.choice(subjects)} {self._source.choice(deeds)}{self._source.choice(CLOSINGS)}"

    def _stir(self, channel: str, people: list[str], written: list[str]) -> None:
        """React to every fifth message or so, edit some, delete a few."""
        for message in written:
            chance = self._source.random()
            if chance < 0.02:  # noqa: PLR2004 - shares of messages.
                self._change("deletions", "/sandbox/messages/delete", channel=channel, messages=[message])
            elif chance < 0.06:  # noqa: PLR2004 - see above.
                content = self._source.choice(EDITS)
                self._change("edits", "/sandbox/messages/edit", channel=channel, message=message, content=content)
            elif chance < 0.26:  # noqa: PLR2004 - see above.
                who, emoji = self._source.choice(people), self._source.choice(EMOJI)
                target = {"channel": channel, "message": message, "user": who, "emoji": emoji, "action": "add"}
                self._change("reactions", "/sandbox/reactions", **target)

    def _change(self, kind: str, path: str, **body: Any) -> None:
        self._sandbox.call("POST", path, body)
        self.made[kind] += 1


def _run(arguments: argparse.Namespace) -> int:
    if not 1 <= arguments.messages <= _MOST:
        raise BadInput(f"--messages {arguments.messages}: write a number from 1 to {_MOST}.")
    if not settings().is_sandboxed:
        raise BadInput("the bot runs against Discord itself; seed only fills the sandbox, and posts nowhere else.")
    sandbox = Sandbox(settings().sandbox_port)
    try:
        made = Seeder(sandbox, random.Random(arguments.seed)).run(arguments.messages)
    finally:
        sandbox.close()
    told = ", ".join(f"{count} {kind}" for kind, count in made.items())
    print(json.dumps(made) if arguments.json else f"The sandbox has {told} more.")
    return 0


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `seed`."""
    seed = commands.add_parser("seed", help="fill the running sandbox with people who talk")
    seed.add_argument("--messages", type=int, default=600, help="how many messages (default: 600)")
    seed.add_argument("--seed", type=int, default=1, help="another number makes another conversation")
    seed.add_argument("--json", action="store_true")
    seed.set_defaults(run=_run)
