"""A stream of messages, edits, deletions, reactions and voice through the sandbox, and what must be stored of it."""

import random
from collections import Counter
from dataclasses import dataclass, field

from tests.factories.system import System


@dataclass
class Traffic:
    """What was said so far in one guild; every choice comes from one seed."""

    system: System
    seed: int = 7
    sent: dict[int, tuple[int, int]] = field(default_factory=dict)
    removed: set[int] = field(default_factory=set)
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
        """Edit one, delete one and react to one of these messages; move somebody between voice channels."""
        edited, deleted, liked = self.random.sample(stored, 3)
        self._edit(edited)
        self._react(liked, self.random.choice(self.users), "add")
        self._delete(deleted)
        user = self.random.choice(self.users)
        self.system.call("POST", "/sandbox/voice", {"user": user, "channel": self.random.choice([*self.voice, None])})

    def _edit(self, message: int) -> None:
        if message not in self.removed:
            body = {"channel": str(self.sent[message][0]), "message": str(message), "content": f"edited {message}"}
            self.system.call("POST", "/sandbox/messages/edit", body)

    def _react(self, message: int, user: str, action: str) -> None:
        if message not in self.removed:
            body = {"channel": str(self.sent[message][0]), "message": str(message), "user": user, "emoji": "👍"}
            self.system.call("POST", "/sandbox/reactions", {**body, "action": action})

    def _delete(self, message: int) -> None:
        if message not in self.removed:
            self.removed.add(message)
            channel = str(self.sent[message][0])
            self.system.call("POST", "/sandbox/messages/delete", {"channel": channel, "messages": [str(message)]})

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
