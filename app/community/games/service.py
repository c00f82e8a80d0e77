"""Games as people play them: begun by a command, gone on with by clicks, each step one transaction."""

from functools import partial
from random import Random
from secrets import SystemRandom
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.community.economy import queries as purses
from app.community.economy import service as economy
from app.community.economy.rules import NotEnough, member
from app.community.games import limits, rows, rules, settlement
from app.community.games.kinds.base import Kind, Play
from app.community.games.kinds.quicktype import TYPED
from app.community.games.messages import ACCEPT, JOIN, REFUSE, WITHDRAW, picture
from app.community.games.rows import Game
from app.core import choices, posts, queue
from app.core.answers import Answer
from app.core.choices import Choices
from app.core.clock import snowflake_time
from app.core.commands import Command
from app.core.db import UnitOfWork
from app.core.errors import BadInput, Refused
from app.core.translations import _, choose, speaking

SHOW = "outbound.games_show"
_WAITING_GROUP = text(
    "SELECT id FROM games WHERE guild_id = :guild AND channel_id = :channel AND kind = 'group' AND status = 'waiting'"
)


def begin(uow: UnitOfWork, command: Command, chance: Random | None = None) -> Answer:
    """Begin a game, or join the group roulette of the channel."""
    kind, chosen = _required(uow.session, command)
    stake = rules.checked_bet(kind, chosen.options, command.integer("bet")) if kind.bets else 0
    if kind.seats == "open":
        found = uow.session.execute(_WAITING_GROUP, {"guild": command.guild_id, "channel": command.channel_id}).scalar()
        game = rows.lock(uow.session, command.guild_id, found) if found else None
        if game is not None and not game.is_over:
            return _joined(uow, game, command.user_id, stake, chosen, by_click=False)
    return _begun(uow, command, kind, stake, chosen=chosen, chance=chance or SystemRandom())


def _required(session: Session, command: Command) -> tuple[Kind[Any], Choices]:
    """The game that was asked for, where it may be played."""
    if command.guild_id == 0:
        raise Refused(_("Games belong to a server; use this command there."))
    kind, chosen = rules.kind_of(command.text("game")), choices.load(session, command.guild_id)
    chosen.require(rules.FEATURE)
    rules.require_open(kind, chosen.options, command.channel_id)
    return kind, chosen


def _begun(
    uow: UnitOfWork, command: Command, kind: Kind[Any], stake: int, *, chosen: Choices, chance: Random
) -> Answer:
    session = uow.session
    # A game against the house speaks its player's language, one of several people the guild's.
    language = choose(None if kind.seats == "house" else chosen.locale, command.language)
    game = rows.create(
        session,
        guild_id=command.guild_id,
        channel_id=command.channel_id,
        kind=kind,
        stake=stake,
        language=language,
    )
    rows.sit(session, game, command.user_id, stake)
    limits.require_allowed(session, command.guild_id, command.user_id, stake, chosen)
    if kind.seats == "duel":
        _challenge(session, game, command, stake)
    elif kind.seats == "open":
        economy.post(session, game.guild_id, settlement.bets(game))
    else:
        with speaking(language):
            _start(uow, game, {**chosen.options, "choice": command.arguments.get("choice") or ""}, chance)
    if game.kind.seats == "house" and game.is_over and kind.is_instant:
        rows.store(session, game, show_in=None)
        return _answer(game)
    _post(uow, game, command.user_id)
    rows.store(session, game, show_in=None)
    return Answer(_("{game}: your game is in this channel.").format(game=_(kind.title)))


def _challenge(session: Session, game: Game, command: Command, stake: int) -> None:
    opponent = command.integer("member")
    if opponent == command.user_id:
        raise BadInput(_("You cannot play against yourself."))
    economy.require_parties(session, command.guild_id, [command.user_id, opponent])
    has = purses.balances(session, command.guild_id, [command.user_id])[command.user_id]
    if has < stake:
        raise NotEnough(member(command.user_id), has, stake)
    rows.sit(session, game, opponent, stake, is_active=False)


def _start(uow: UnitOfWork, game: Game, wishes: dict[str, Any], chance: Random) -> None:
    """Take the stakes and begin; a game that is over at once is settled in the same movement of coins."""
    game.status = "playing"
    staked = [] if game.kind.seats == "open" else settlement.bets(game)
    wishes["at"] = int(game.now.timestamp() * 1000)
    game.state = game.kind.begin(game.table, wishes, chance)
    _advance(uow, game, chance, staked)


def _advance(uow: UnitOfWork, game: Game, chance: Random, staked: Any = ()) -> None:
    """Settle the game if its state says that it is over, else give its next step time."""
    assert game.state is not None, "it has begun"
    end = game.kind.end(game.state, game.table)
    if end is not None:
        game.step = game.state.step
        settlement.settle(uow, game, end, chance, staked)
        return
    if staked:
        economy.post(uow.session, game.guild_id, staked)
    if game.state.step != game.step:
        game.step = game.state.step
        game.starts_step(game.kind.seconds(game.state))


def act(uow: UnitOfWork, command: Command, chance: Random | None = None) -> Answer:
    """Do what a button says: answer a challenge, join, or make a move."""
    game = rows.lock(uow.session, command.guild_id, command.integer("game"))
    if game is None:
        raise Refused(_("This game is over."))
    action, step = command.text("action"), command.integer("step")
    if game.is_over:
        return _answer(game, _("This game is over."), state="refused")
    if step != game.step:
        return _answer(game, _("This button belongs to an earlier moment of the game."), state="refused")
    chosen = choices.load(uow.session, game.guild_id)
    chance = chance or SystemRandom()
    if game.status == "waiting":
        return _answered(uow, game, command, chosen, chance)
    return _played(uow, game, Play(_seat(game, command.user_id), action, _moment(command)), chance)


def _answered(uow: UnitOfWork, game: Game, command: Command, chosen: Choices, chance: Random) -> Answer:
    """An answer to a challenge, or somebody who joins."""
    action = command.text("action")
    if action == JOIN and game.kind.seats == "open":
        return _joined(uow, game, command.user_id, game.stake, chosen, by_click=True)
    seat = _seat(game, command.user_id)
    if (action, seat) == (ACCEPT, 1):
        _accept(uow, game, chosen, chance)
    elif (action, seat) in {(REFUSE, 1), (WITHDRAW, 0)}:
        settlement.void(uow.session, game, "refused" if action == REFUSE else "withdrawn")
    else:
        raise Refused(_not_yours())
    rows.store(uow.session, game, show_in=rows.TO_BE_SURE)
    return _answer(game)


def _accept(uow: UnitOfWork, game: Game, chosen: Choices, chance: Random) -> None:
    chosen.require(rules.FEATURE)
    player = game.seats[1]
    rows.bind(uow.session, game, 1)
    limits.require_allowed(uow.session, game.guild_id, player.user_id, player.stake, chosen)
    try:
        with speaking(game.language):
            _start(uow, game, dict(chosen.options), chance)
    except NotEnough as short:
        raise Refused(
            _("{user} does not have {stake} coins.").format(user=f"<@{short.account.owner_id}>", stake=game.stake)
        ) from None


def _joined(uow: UnitOfWork, game: Game, user_id: int, stake: int, chosen: Choices, *, by_click: bool) -> Answer:
    chosen.require(rules.FEATURE)
    if game.deadline is None or game.now >= game.deadline:
        raise Refused(_("The wheel is turning already."))
    if game.seat_of(user_id) is not None:
        raise Refused(_("You are in this game already."))
    if len(game.seats) >= rules.MOST_PLAYERS:
        raise Refused(_("This game is full: {most} players.").format(most=rules.MOST_PLAYERS))
    rows.sit(uow.session, game, user_id, stake)
    limits.require_allowed(uow.session, game.guild_id, user_id, stake, chosen)
    economy.post(uow.session, game.guild_id, settlement.bets(game, [len(game.seats) - 1]))
    rows.store(uow.session, game, show_in=rows.TO_BE_SURE if by_click else rows.AT_ONCE)
    text = _("You are in with {stake} coins.").format(stake=stake)
    if by_click:
        return _answer(game, text)
    uow.after_commit(partial(queue.send, SHOW, game.id))
    return Answer(text)


def _played(uow: UnitOfWork, game: Game, play: Play, chance: Random) -> Answer:
    with speaking(game.language):
        assert game.state is not None, "it is being played"
        game.state = game.kind.play(game.state, game.table, play, chance)
        _advance(uow, game, chance)
    rows.store(uow.session, game, show_in=rows.AT_ONCE if play.action == TYPED else rows.TO_BE_SURE)
    return _answer(game, game.kind.whispers(game.state, play))


def typed(uow: UnitOfWork, command: Command) -> Answer:
    """Note that somebody wrote the word of a quick typing game; nothing of the message but its author is known here."""
    game = rows.lock(uow.session, command.guild_id, command.integer("game"))
    if game is None or game.is_over or game.status != "playing":
        raise Refused(_("This game is over."))
    play = Play(_seat(game, command.user_id), TYPED, _moment(command))
    _played(uow, game, play, SystemRandom())
    uow.after_commit(partial(queue.send, SHOW, game.id))
    return Answer(_("{user} was first!").format(user=f"<@{command.user_id}>"))


def late(uow: UnitOfWork, game: Game, chance: Random) -> None:
    """End the step of a game whose time is over, as its rules say."""
    if game.status == "waiting" and game.kind.seats == "open" and len(game.seats) >= rules.LEAST_PLAYERS:
        with speaking(game.language):
            _start(uow, game, {}, chance)
    elif game.status == "waiting":
        settlement.void(uow.session, game, "alone" if game.kind.seats == "open" else "expired")
    else:
        assert game.state is not None, "it is being played"
        with speaking(game.language):
            game.state = game.kind.late(game.state, game.table, chance)
            _advance(uow, game, chance)


def _seat(game: Game, user_id: int) -> int:
    seat = game.seat_of(user_id)
    if seat is None:
        raise Refused(_not_yours())
    return seat


def _not_yours() -> str:
    return _("These buttons belong to somebody else. Use the command yourself.")


def _moment(command: Command) -> int:
    """When the person acted: Discord's clock, in the interaction's id."""
    return int(snowflake_time(command.id).timestamp() * 1000)


def _answer(game: Game, said: str = "", state: Any = "done") -> Answer:
    """An answer that carries the game's message, for whoever shows it."""
    with speaking(game.language):
        message = picture(game.shown())
    return Answer(said, state, {"game": game.id, "kind": game.kind.name, "version": game.version, "message": message})


def _post(uow: UnitOfWork, game: Game, host_id: int) -> None:
    """Owe the game's message; one that would come after its first step is not wanted any more."""
    with speaking(game.language):
        message = picture(game.shown())
    deadline = game.deadline or game.now + rules.SLOWEST_POST
    game.post_id = posts.owe(
        uow,
        guild_id=game.guild_id,
        channel_id=game.channel_id,
        subject_id=host_id,
        kind="game",
        dedupe_key=f"game:{game.id}",
        body=message,
        lifetime=deadline - game.now,
    )
