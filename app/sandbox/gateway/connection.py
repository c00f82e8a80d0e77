"""What one gateway socket says and hears."""

import secrets
from typing import Any

import orjson
from aiohttp import web

from app.sandbox.actions import voice
from app.sandbox.box import Box
from app.sandbox.constants import KNOWN_INTENTS, PRIVILEGED, Intent, Json
from app.sandbox.errors import SandboxError
from app.sandbox.gateway import payloads
from app.sandbox.gateway.session import Session
from app.sandbox.gateway.wire import SocketWire

_HEARTBEAT, _IDENTIFY, _PRESENCE, _VOICE, _RESUME, _MEMBERS = 1, 2, 3, 4, 6, 8
_RECONNECT, _INVALID_SESSION, _HELLO, _ACK = 7, 9, 10, 11
# As long as Discord takes, nearly: discord.py notes when it sent a heartbeat only after it was sent, and an answer that
# comes before that note looks as old as the heartbeat before.
_ACK_SECONDS = 0.02
_KNOWN_BUT_IDLE = frozenset({_PRESENCE, 31, 43})

UNKNOWN_OPCODE, DECODE_ERROR, NOT_AUTHENTICATED, AUTHENTICATION_FAILED = 4001, 4002, 4003, 4004
ALREADY_AUTHENTICATED, INVALID_SHARD, INVALID_INTENTS, DISALLOWED_INTENTS = 4005, 4010, 4013, 4014


class Refused(Exception):  # noqa: N818 - the socket is refused, with a close code.
    """The client broke the protocol; the socket closes with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Connection:
    """One socket and the session it serves once it has logged in."""

    def __init__(self, box: Box, request: web.Request, wire: SocketWire) -> None:
        self.box = box
        self.host = request.host
        self.wire = wire
        self.session: Session | None = None

    def send_op(self, opcode: int, data: object) -> None:
        """Send something that is no event."""
        self.wire.send(orjson.dumps({"t": None, "s": None, "op": opcode, "d": data}))

    def hello(self) -> None:
        """Open the conversation."""
        interval = int(self.box.tuning.heartbeat_interval * 1000)
        self.send_op(_HELLO, {"heartbeat_interval": interval, "_trace": ["sandbox"]})

    def receive(self, text: str) -> None:
        """Act on one frame of the client."""
        frame = _decoded(text)
        opcode, data = frame.get("op"), frame.get("d")
        if not isinstance(opcode, int):
            raise Refused(DECODE_ERROR, "Error while decoding payload.")
        if opcode == _HEARTBEAT:
            self._heartbeat()
        elif opcode == _IDENTIFY:
            self._identify(_as_object(data))
        elif opcode == _RESUME:
            self._resume(_as_object(data))
        elif self.session is None:
            raise Refused(NOT_AUTHENTICATED, "Not authenticated.")
        else:
            self._logged_in(opcode, data)

    def _logged_in(self, opcode: int, data: object) -> None:
        if opcode == _MEMBERS:
            self._request_members(_as_object(data))
        elif opcode == _VOICE:
            self._voice(_as_object(data))
        elif opcode not in _KNOWN_BUT_IDLE:
            raise Refused(UNKNOWN_OPCODE, "Unknown opcode.")

    def _heartbeat(self) -> None:
        if self.session:
            self.session.beat()
        self.wire.send_later(_ACK_SECONDS, orjson.dumps({"t": None, "s": None, "op": _ACK, "d": None}))

    def _identify(self, data: Json) -> None:
        if self.session is not None:
            raise Refused(ALREADY_AUTHENTICATED, "Already authenticated.")
        self._check_token(data)
        if self.box.faults.take_invalid_session():
            self.send_op(_INVALID_SESSION, data=False)
            return
        intents = self._checked_intents(data.get("intents"))
        shard = _checked_shard(data.get("shard"))
        session = Session(secrets.token_hex(16), intents, shard, self.box.tuning.replay_limit)
        self._forget_old_sessions()
        self.box.hub.sessions[session.id] = session
        self._attach(session)
        self._greet(session, _whole(data.get("large_threshold"), 50))

    def _forget_old_sessions(self) -> None:
        sessions = self.box.hub.sessions
        for session_id, session in list(sessions.items()):
            if isinstance(session, Session) and session.is_over(self.box.tuning.resume_window):
                del sessions[session_id]

    def _greet(self, session: Session, large_threshold: int) -> None:
        world = self.box.world
        mine = [g for g in world.guilds.values() if world.application.id in g.members and session.takes_guild(g.id)]
        body = payloads.ready(world, session.id, self.host, session.shard, [g.id for g in mine])
        session.dispatch("READY", orjson.dumps(body))
        if session.intents & Intent.GUILDS:
            for guild in mine:
                body = payloads.guild_create(world, guild, session.intents, large_threshold)
                session.dispatch("GUILD_CREATE", orjson.dumps(body))

    def _resume(self, data: Json) -> None:
        if self.session is not None:
            raise Refused(ALREADY_AUTHENTICATED, "Already authenticated.")
        self._check_token(data)
        session = self.box.hub.sessions.get(str(data.get("session_id")))
        sequence = _whole(data.get("seq"))
        refused = self.box.faults.take_invalid_session()
        window = self.box.tuning.resume_window
        if refused or not isinstance(session, Session) or not session.can_resume(sequence, window):
            self.send_op(_INVALID_SESSION, data=False)
            return
        self._attach(session)
        session.replay(sequence)
        session.dispatch("RESUMED", orjson.dumps({"_trace": ["sandbox"]}))

    def _attach(self, session: Session) -> None:
        if isinstance(session.wire, SocketWire):
            session.wire.abort()
        session.attach(self.wire)
        self.session = session

    def _check_token(self, data: Json) -> None:
        if data.get("token") != self.box.world.application.token:
            raise Refused(AUTHENTICATION_FAILED, "Authentication failed.")

    def _checked_intents(self, asked: object) -> int:
        if not isinstance(asked, int) or asked < 0 or asked & ~KNOWN_INTENTS:
            raise Refused(INVALID_INTENTS, "Invalid intent(s).")
        if asked & PRIVILEGED & ~self.box.world.application.intents:
            raise Refused(DISALLOWED_INTENTS, "Disallowed intent(s).")
        return asked

    def _request_members(self, data: Json) -> None:
        assert self.session is not None
        asked = data.get("user_ids") or []
        wanted = payloads.Wanted(
            guild_id=_whole(data.get("guild_id")),
            query=str(data.get("query") or ""),
            limit=_whole(data.get("limit")),
            user_ids=[_whole(i) for i in (asked if isinstance(asked, list) else [asked])],
            nonce=data.get("nonce"),
        )
        if wanted.guild_id not in self.box.world.guilds:
            return
        for chunk in payloads.member_chunks(self.box.world, wanted, self.session.intents):
            self.session.dispatch("GUILD_MEMBERS_CHUNK", orjson.dumps(chunk))

    def _voice(self, data: Json) -> None:
        channel_id = _whole(data.get("channel_id")) or None
        bot_id = self.box.world.application.id
        try:
            voice.move(self.box, bot_id, channel_id, guild_id=_whole(data.get("guild_id")))
        except SandboxError:
            # Discord, too, passes over a voice state that it does not allow without a word.
            return

    def reconnect(self) -> None:
        """Ask the client to come back and resume."""
        self.send_op(_RECONNECT, None)

    def invalidate(self) -> None:
        """Tell the client that its session is over."""
        if self.session:
            self.box.hub.sessions.pop(self.session.id, None)
        self.send_op(_INVALID_SESSION, data=False)


def _decoded(text: str) -> Json:
    try:
        return _as_object(orjson.loads(text))
    except orjson.JSONDecodeError as error:
        raise Refused(DECODE_ERROR, "Error while decoding payload.") from error


def _as_object(data: Any) -> Json:
    if not isinstance(data, dict):
        raise Refused(DECODE_ERROR, "Error while decoding payload.")
    return data


def _whole(value: object, otherwise: int = 0) -> int:
    if not value:
        return otherwise
    try:
        return int(str(value))
    except ValueError as error:
        raise Refused(DECODE_ERROR, "Error while decoding payload.") from error


def _checked_shard(asked: object) -> tuple[int, int]:
    if asked is None:
        return (0, 1)
    if isinstance(asked, list) and all(isinstance(part, int) for part in asked):
        match asked:
            case [number, count] if 0 <= number < count:
                return (number, count)
    raise Refused(INVALID_SHARD, "Invalid shard.")
