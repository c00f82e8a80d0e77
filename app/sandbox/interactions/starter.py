"""What every way of starting an interaction has in common."""

import secrets

from app.sandbox.actions import uploads
from app.sandbox.box import Box
from app.sandbox.constants import InteractionType, Json
from app.sandbox.hub import Event
from app.sandbox.interactions.registry import Interaction
from app.sandbox.interactions.resolve import Resolved, envelope
from app.sandbox.render import messages as render
from app.sandbox.state.models import Channel, Message, User


class Starter:
    """Builds one interaction."""

    def __init__(self, box: Box, user: User, channel: Channel, data: Json, base: str) -> None:
        self.box = box
        self.user = user
        self.channel = channel
        self.data = data
        self.base = base
        self.resolved = Resolved(box, channel)

    def message(self, message_id: int | None) -> Message | None:
        """The message of the channel, ephemeral ones too."""
        if message_id is None:
            return None
        return self.channel.history.get(message_id) or self.box.world.ephemeral.get(message_id)

    def store(self, value: Json) -> Json:
        """Keep a file that an option carries."""
        return uploads.store(self.box, self.channel, [value], self.base)[0]

    def new(self, kind: InteractionType, label: str) -> Interaction:
        """An interaction nobody has answered."""
        return Interaction(
            id=self.box.world.ids.next(),
            kind=kind,
            token=secrets.token_urlsafe(48),
            user_id=self.user.id,
            channel_id=self.channel.id,
            guild_id=self.channel.guild_id,
            label=label,
            created=self.box.interactions.now(),
        )

    def send(self, row: Interaction, body: Json, message: Message | None = None) -> Interaction:
        """Tell the bot."""
        self.box.interactions.add(row)
        if self.resolved.data:
            body["resolved"] = self.resolved.data
        data = envelope(self.box, self.channel, self.user.id)
        data |= {"id": str(row.id), "type": int(row.kind), "token": row.token, "data": body}
        if message is not None:
            data["message"] = render.message(self.box.world, message)
        bot = frozenset({self.box.world.application.id})
        self.box.hub.publish(Event("INTERACTION_CREATE", data, guild_id=row.guild_id, users=bot))
        return row
