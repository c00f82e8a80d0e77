"""What every event shares: how it is stamped, and the types of its fields.

An event is a frozen message of scalars and ids that crosses the queue as JSON. Constructing one is cheap and checks
nothing; decoding one in the worker checks everything.
"""

from typing import Annotated

import msgspec

Seq = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
Snowflake = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
# Direct messages belong to guild 0.
GuildId = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
# Unix time in milliseconds, up to the year 3000.
Millis = Annotated[int, msgspec.Meta(ge=0, le=32_503_680_000_000)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
SmallCount = Annotated[int, msgspec.Meta(ge=0, le=2**15 - 1)]
Name = Annotated[str, msgspec.Meta(max_length=256)]
# Discord allows 4,000 characters; a text beyond this limit is no message of a person.
MessageText = Annotated[str, msgspec.Meta(max_length=8_000)]
# A Unicode emoji, or the id of a custom one in decimal digits (its name may change or be missing).
Emoji = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class Event(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="t",
    gc=False,
):
    """One thing that happened in a guild (0: in direct messages).

    `seq` grows strictly with every event of a bot, across its restarts; `at` is when the bot heard of it.
    """

    seq: Seq
    guild_id: GuildId
    at: Millis
