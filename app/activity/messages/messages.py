"""Messages as events.

A message may be told of several times: live, edited, and again by a backfill. Each telling is one version of it, known
by when it was edited; the newest version is its text and the others are its revisions, in whatever order they come.
"""

from typing import Annotated

import msgspec

from app.core.events import Event, MessageText, Millis, Name, SmallCount, Snowflake


class _MessageVersion(Event, frozen=True, kw_only=True):
    id: Snowflake
    channel_id: Snowflake
    author_id: Snowflake
    author_name: Name
    author_display: Name
    # None when the guild's content mode is `counts`.
    content: MessageText | None = None
    # Discord's `edited_timestamp`; None for the first version.
    edited_at: Millis | None = None
    reply_to: Snowflake | None = None
    attachments: SmallCount = 0
    # Discord's message type (0 default, 19 reply).
    kind: SmallCount = 0


class MessageSeen(_MessageVersion, frozen=True, kw_only=True, tag="message_seen"):
    """A person wrote a message, or a backfill found one (with `edited_at` where it was edited since)."""

    # Found by a backfill: it is stored and counted like any other, and announces nothing.
    is_late: bool = False


class MessageEdited(_MessageVersion, frozen=True, kw_only=True, tag="message_edited"):
    """A person changed a message; the whole message as it is now.

    An edit may come before its create and then makes the row, so the bot sends none for messages from before it
    joined, and none for updates without `edited_timestamp` (an embed was resolved, the text is the same).
    """


class MessagesDeleted(Event, frozen=True, kw_only=True, tag="messages_deleted"):
    """These messages of one channel are gone, one or many; sent in every content mode."""

    channel_id: Snowflake
    ids: Annotated[tuple[Snowflake, ...], msgspec.Meta(min_length=1, max_length=1000)]


class ChannelListed(Event, frozen=True, kw_only=True, tag="channel_listed"):
    """A backfill listed the channel: between `after_id` (excluded) and `up_to_id` (included) only `ids` still exist.

    Stored messages of that stretch which are not in `ids` were deleted while nobody looked. `up_to_id` lies before
    the moment of the listing. It takes effect when everything with a lower `seq` is committed.
    """

    channel_id: Snowflake
    after_id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    up_to_id: Snowflake
    ids: Annotated[tuple[Snowflake, ...], msgspec.Meta(max_length=1000)] = ()


class OwnPostSeen(Event, frozen=True, kw_only=True, tag="own_post_seen"):
    """The gateway showed a message of our own with its nonce: the post with that nonce was delivered."""

    channel_id: Snowflake
    message_id: Snowflake
    nonce: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
