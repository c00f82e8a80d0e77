"""kombu's Redis transport, with two faults mended, and with a way to send in a transaction of somebody else's.

When a broker connection breaks while messages are unacknowledged, kombu 5.7 collects the connection and then closes
its channels, which tries to put those messages back through the connection that is gone: an AttributeError that ends
the whole worker. Here such messages are left where they are. The ledger's sweep offers their work again, and so does
kombu itself after the visibility timeout.

A message that is not shaped like one of Celery's ends the worker too, and ends the next one, because it is put back.
Here it is dropped and named in the log: what it was to cause stands in the ledger or in a table, if it was ours.

What is sent `inside` a pipeline of redis-py becomes commands of that pipeline, so that an entry of the ledger and its
message cost one round trip and one write to the disk, and are there together or not at all.
"""

import base64
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kombu.messaging import Producer
from kombu.transport import redis
from redis.client import Pipeline

log = logging.getLogger(__name__)

_SIGNATURE_PARTS = 3


def fault_of(message: Any) -> str | None:
    """What is wrong with a message as it lies in Redis; None for one that Celery can take or refuse by itself."""
    if not isinstance(message, dict) or not isinstance(message.get("properties"), dict):
        return "it is no message"
    return _fault_of_properties(message["properties"]) or _fault_of_task(message)


def _fault_of_properties(properties: dict[str, Any]) -> str | None:
    place = properties.get("delivery_info")
    if not isinstance(place, dict) or not {"exchange", "routing_key"} <= place.keys():
        return "it does not say where it was sent"
    return None if isinstance(properties.get("delivery_tag"), str) else "it has no delivery tag"


def _fault_of_task(message: dict[str, Any]) -> str | None:
    headers = message.get("headers") or {}
    if not isinstance(headers, dict):
        return "its headers are none"
    if "task" not in headers:
        return None
    if not isinstance(headers["task"], str) or not isinstance(headers.get("id"), str):
        return "its task or id is no text"
    return _fault_of_body(message) if message.get("content-type") == "application/json" else "it is not JSON"


def _fault_of_body(message: dict[str, Any]) -> str | None:
    body = message.get("body")
    try:
        if message["properties"].get("body_encoding") == "base64":
            body = base64.b64decode(body or "", validate=True)
        signature = json.loads(body or "")
    except (ValueError, TypeError):
        return "its body cannot be read"
    if not isinstance(signature, list) or len(signature) != _SIGNATURE_PARTS:
        return "its body is no signature"
    args, kwargs, embedded = signature
    if isinstance(args, list) and isinstance(kwargs, dict) and isinstance(embedded, dict | None):
        return None
    return "its body is no signature"


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


_inside = threading.local()


@contextmanager
def inside(pipe: Pipeline, producer: Producer) -> Iterator[None]:
    """Whatever this producer publishes here, in this thread, is sent when the pipeline is executed."""
    _inside.pipe = pipe
    try:
        with producer.batch():
            yield
    finally:
        _inside.pipe = None


class PipelineBatch:
    """What kombu wants to send, handed to a pipeline that its owner executes."""

    def __init__(self, channel: "Channel", pipe: Pipeline) -> None:
        self.channel = channel
        self._pipe = pipe

    def publish(self, message: Any, **options: Any) -> Any:
        """Route one message; kombu answers with calls of `add`."""
        return self.channel.basic_publish(message, _publish_batch=self, **options)

    def add(self, command: str, *arguments: Any) -> None:
        """Take one command."""
        getattr(self._pipe, command)(*arguments)

    def flush(self) -> None:
        """Leave that to the pipeline's owner."""

    discard = close = flush


class Channel(redis.Channel):
    """A channel with that bookkeeping, which can send inside a pipeline."""

    QoS = QoS

    @property
    def supports_batch_publish(self) -> bool:
        """Whether messages can be gathered."""
        return getattr(_inside, "pipe", None) is not None or bool(super().supports_batch_publish)

    def create_publish_batch(self, max_size: int) -> Any:
        """Where messages are gathered: in the pipeline of `inside`, or in one of kombu's."""
        pipe = getattr(_inside, "pipe", None)
        return super().create_publish_batch(max_size) if pipe is None else PipelineBatch(self, pipe)

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)
        except (json.JSONDecodeError, UnicodeDecodeError):
            log.error("a message in a queue was dropped: it is no JSON")  # noqa: TRY400 - its text may be anybody's.
            return True


class Transport(redis.Transport):
    """Redis, with those channels."""

    Channel = Channel

    def _deliver(self, message: Any, queue: str) -> None:
        fault = fault_of(message)
        if fault is None:
            super()._deliver(message, queue)
        else:
            log.error("a message in queue %s was dropped: %s", queue, fault)
