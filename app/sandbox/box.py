"""Everything one running sandbox consists of."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from aiohttp import web

from app.sandbox.faults import Faults
from app.sandbox.files import Files
from app.sandbox.hub import Hub
from app.sandbox.interactions.registry import Interactions
from app.sandbox.state.world import World

Recorder: TypeAlias = Callable[[web.Request, bytes, web.StreamResponse], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class Tuning:
    """What tests change: times in seconds, bounds, compression, and whether a channel is closed to the bot."""

    heartbeat_interval: float = 41.25
    interaction_deadline: float = 3.0
    resume_window: float = 180.0
    nonce_window: float = 300.0
    replay_limit: int = 20_000
    rate_limit: int = 1000
    compress: bool = False
    hidden_channel: bool = False


@dataclass(slots=True)
class Box:
    """The parts that every handler needs."""

    world: World
    hub: Hub
    tuning: Tuning = field(default_factory=Tuning)
    faults: Faults = field(default_factory=Faults)
    files: Files = field(default_factory=Files)
    interactions: Interactions = field(default_factory=Interactions)


BOX: web.AppKey[Box] = web.AppKey("box", Box)


def box_of(request: web.Request) -> Box:
    """The sandbox that serves the request."""
    return request.app[BOX]
