"""A stream of messages, edits, deletions, reactions and voice through the sandbox, and what must be stored of it."""

import random
from collections import Counter
from dataclasses import dataclass, field

from tests.factories.system import System

# So many reactions stand before the first is taken back.
_LIKED_AT_LEAST = 5


@dataclass
class Traffic:
    """What was said so far in one guild; every choice comes from one seed."""

    system: System
    seed: int = 7
    sent: dict[int, tuple[int, int]] = field(default_factory=dict)
    removed: set[int] = field(default_factory=set)
    done: Counter[str] = field(default_factory=Counter)
    edits: Counter[int] = field(default_factory=Counter)
    # Messages that carry somebody's reaction, and who was ever in voice.
    liked: dict[int, str] = field(default_factory=dict)
    talked: set[int] = field(default_factory=set)
    guild: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        state = self.system.call("GET", "/sandbox/state")
        guild = state["guilds"][0]
        self.guild = int(guild["id"])
        self.channels = [c["id"] for c in guild["channels"] if c["type"] == 0][:3]
        self.voice = [c["id"] for c in guild["channels"] if c["type"] == 2][:1]
        people = [m for m in guild["members"] if not m["user"].get("bot")]
        self.users = [m["user"]["id"] for m in people]

    def say(self, number: int) -> list[int]:
        """Send that many messages by different people to different channels; their ids."""
        drafts = [
            {
                "channel": channel,
                "author": author,
                "content": f"message {len(self.sent) + index} {self.random.random()}",
            }
            for index in range(number)
            for channel, author in [(self.random.choice(self.channels), self.random.choice(self.users))]
        ]
        answers = self.system.call("POST", "/sandbox/messages", {"messages": drafts})["messages"]
        ids = [int(answer["id"]) for answer in answers]
        for message, draft in zip(ids, drafts, strict=True):
            self.sent[message] = (int(draft["channel"]), int(draft["author"]))
        return ids

    def disturb(self, stored: list[int]) -> None:
        """Edit two, react to two, take a reaction back, and move somebody between voice channels, whatever is away.

        Two of the stored messages are deleted: of a message that came and went while nobody listened nothing can be
        known.
        """
        there = sorted(self.sent.keys() - self.removed)
        for message in self.random.sample(there, 2):
            self._edit(message)
        for message in self.random.sample(there, 2):
            self._react(message, self.random.choice(self.users), "add")
        if len(self.liked) > _LIKED_AT_LEAST:
            message = self.random.choice(sorted(self.liked))
            self._react(message, self.liked.pop(message), "remove")
        self._move(self.random.choice(self.users), self.random.choice([*self.voice, None]))
        for message in self.random.sample(stored, min(2, len(stored))):
            self._delete(message)

    def _edit(self, message: int) -> None:
        self.done["edits"] += 1
        self.edits[message] += 1
        content = f"edited {message}, {self.edits[message]}"
        body = {"channel": str(self.sent[message][0]), "message": str(message), "content": content}
        self.system.call("POST", "/sandbox/messages/edit", body)

    def _react(self, message: int, user: str, action: str) -> None:
        if action == "add":
            self.liked[message] = user
        self.done[f"reactions {action}"] += 1
        body = {"channel": str(self.sent[message][0]), "message": str(message), "user": user, "emoji": "👍"}
        self.system.call("POST", "/sandbox/reactions", {**body, "action": action})

    def _delete(self, message: int) -> None:
        if message in self.removed:
            return
        self.done["deletions"] += 1
        self.removed.add(message)
        self.liked.pop(message, None)
        channel = str(self.sent[message][0])
        self.system.call("POST", "/sandbox/messages/delete", {"channel": channel, "messages": [str(message)]})

    def _move(self, user: str, channel: str | None) -> None:
        self.done["moves in voice"] += 1
        self.system.call("POST", "/sandbox/voice", {"user": user, "channel": channel})
        if channel is not None:
            self.talked.add(int(user))

    def hang_up(self) -> None:
        """Everybody leaves voice."""
        for user in self.users:
            self.system.call("POST", "/sandbox/voice", {"user": user, "channel": None})

    def final_texts(self) -> dict[int, str]:
        """What the sandbox shows in the end, by message id."""
        texts: dict[int, str] = {}
        for channel in self.channels:
            found = self.system.call("GET", f"/sandbox/channels/{channel}/messages?limit=100000")
            texts.update({int(message["id"]): message["content"] for message in found})
        return {message: text for message, text in texts.items() if message in self.sent}

    def reactions(self) -> dict[tuple[int, str], int]:
        """How many people react in the end, by message and emoji."""
        found: dict[tuple[int, str], int] = {}
        for channel in self.channels:
            for message in self.system.call("GET", f"/sandbox/channels/{channel}/messages?limit=100000"):
                for reaction in message.get("reactions", ()):
                    found[int(message["id"]), reaction["emoji"]["name"]] = reaction["count"]
        return {key: number for key, number in found.items() if key[0] in self.sent}

    def totals(self) -> Counter[int]:
        """Messages by author."""
        return Counter(author for _, author in self.sent.values())
