"""kombu's Redis transport, with one fault mended.

When a broker connection breaks while messages are unacknowledged, kombu 5.7 collects the connection and then closes
its channels, which tries to put those messages back through the connection that is gone: an AttributeError that ends
the whole worker. Here such messages are left where they are. The ledger's sweep offers their work again, and so does
kombu itself after the visibility timeout.
"""

from typing import Any

from kombu.transport import redis


class QoS(redis.QoS):
    """Bookkeeping of unacknowledged messages that survives the end of its connection."""

    def _is_orphaned(self) -> bool:
        return self.channel.connection is None or self.channel.connection.client is None

    def restore_unacked(self, client: Any = None) -> Any:
        """Put unacknowledged messages back, if there is still a connection to do it through."""
        return [] if self._is_orphaned() else super().restore_unacked(client=client)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:  # noqa: FBT001, FBT002 - kombu's signature.
        """Refuse a message, if there is still a connection to say so."""
        if not self._is_orphaned():
            super().reject(delivery_tag, requeue=requeue)


class Channel(redis.Channel):
    """A channel with that bookkeeping."""

    QoS = QoS


class Transport(redis.Transport):
    """Redis, with those channels."""

    Channel = Channel
