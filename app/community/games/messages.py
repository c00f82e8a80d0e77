"""What a game's message looks like, as the JSON that Discord takes: the bot and the workers show the same."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import msgspec

from app.community.games.kinds.base import Button, Kind, Scene, State, Table
from app.community.games.kinds.group import chances
from app.community.inventory.rules import NAMES as ITEMS
from app.community.inventory.rules import Item
from app.core.translations import _, marked, ngettext

# Discord's numbers for colours of buttons and for kinds of components.
_STYLES = {"primary": 1, "secondary": 2, "success": 3, "danger": 4}
_ROW, _BUTTON = 1, 2
_PER_ROW = 5
_WAITING, _PLAYING, _OVER, _VOID = 0xFEE75C, 0x5865F2, 0x57F287, 0x95A5A6

ACCEPT, REFUSE, WITHDRAW, JOIN = "accept", "refuse", "withdraw", "join"
Reason = Literal["", "refused", "withdrawn", "expired", "alone", "interrupted", "erased"]
REASONS: dict[Reason, str] = {
    "refused": marked("The challenge was refused."),
    "withdrawn": marked("The challenge was withdrawn."),
    "expired": marked("The challenge was not accepted in time."),
    "alone": marked("Nobody joined; the stake goes back."),
    "interrupted": marked("The game could not go on; every stake goes back."),
    "erased": marked("A player left this game for good; every stake goes back."),
}


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a game: by seat what was paid, added by a multiplier and found, or why it came to nothing."""

    payouts: tuple[int, ...] = ()
    bonuses: tuple[int, ...] = ()
    found: tuple[Item | None, ...] = ()
    reason: Reason = ""


@dataclass(frozen=True)
class Shown:
    """A game as far as its message shows it."""

    id: int
    kind: Kind[Any]
    status: str
    step: int
    deadline: datetime | None
    table: Table
    # None while it waits for players, and where it never began.
    state: State | None
    outcome: Outcome = field(default_factory=Outcome)


def picture(game: Shown) -> dict[str, Any]:
    """The message of a game as it is now, in the language in force."""
    if game.outcome.reason or game.state is None:
        if game.status == "waiting":
            return _gathering(game) if game.kind.seats == "open" else _invitation(game)
        reason: Reason = game.outcome.reason or "interrupted"
        return _body(game, Scene((_(REASONS[reason]),)), _VOID)
    scene = game.kind.scene(game.state, game.table)
    if game.status == "playing":
        return _body(game, scene, _PLAYING)
    return _body(game, Scene((*scene.lines, *_paid(game))), _OVER if game.status == "settled" else _VOID)


def coins(count: int) -> str:
    """A number of coins."""
    return ngettext("**{count}** coin", "**{count}** coins", count).format(count=count)


def _invitation(game: Shown) -> dict[str, Any]:
    """A challenge that waits for its answer; it mentions the challenged."""
    table = game.table
    sentence = (
        _("{challenger} challenges {user} for {stake} each.") if table.pot else _("{challenger} challenges {user}.")
    )
    lines = (
        sentence.format(challenger=table.name(0), user=table.name(1), stake=coins(table.stakes[0])),
        _("The challenge can be accepted until {when}.").format(when=_when(game)),
    )
    buttons = (
        Button(ACCEPT, _("Accept"), "success"),
        Button(REFUSE, _("Refuse"), "danger"),
        Button(WITHDRAW, _("Withdraw"), "secondary"),
    )
    found = _body(game, Scene(lines, buttons), _WAITING)
    return {**found, "content": table.name(1), "allowed_mentions": {"users": [str(table.players[1])]}}


def _gathering(game: Shown) -> dict[str, Any]:
    """A group roulette that others may join."""
    table = game.table
    lines = (
        _("The wheel turns {when}; the more somebody stakes, the better is their chance.").format(when=_when(game)),
        *chances(table),
        _("Pot: {pot}").format(pot=coins(table.pot)),
    )
    return _body(
        game, Scene(lines, (Button(JOIN, _("Join with {stake}").format(stake=table.stakes[0]), "success"),)), _WAITING
    )


def _when(game: Shown) -> str:
    return f"<t:{int(game.deadline.timestamp())}:R>" if game.deadline else "…"


def _paid(game: Shown) -> list[str]:
    """Lines about coins and items that the game itself does not know of."""
    lines = []
    for seat, payout in enumerate(game.outcome.payouts):
        user, stake, bonus = game.table.name(seat), game.table.stakes[seat], game.outcome.bonuses[seat]
        if game.kind.seats == "house":
            lines.append(_house_line(user, stake, payout))
        if bonus:
            lines.append(_("✨ The multiplier of {user} adds {bonus}.").format(user=user, bonus=coins(bonus)))
        found = game.outcome.found[seat]
        if found:
            lines.append(_("🎁 {user} finds: **{item}**").format(user=user, item=_(ITEMS[found])))
    return lines


def _house_line(user: str, stake: int, payout: int) -> str:
    if payout > stake:
        return _("🏆 {user} gets {payout}.").format(user=user, payout=coins(payout))
    if payout:
        return _("{user} gets {payout} back.").format(user=user, payout=coins(payout))
    return _("{user} loses {stake}.").format(user=user, stake=coins(stake))


def _body(game: Shown, scene: Scene, colour: int) -> dict[str, Any]:
    embed = {
        "title": f"{game.kind.emoji} {_(game.kind.title)}",
        "description": "\n".join(scene.lines),
        "color": colour,
    }
    return {"content": "", "embeds": [embed], "components": _components(game, scene.buttons)}


def _components(game: Shown, buttons: Sequence[Button]) -> list[dict[str, Any]]:
    made = [
        {
            "type": _BUTTON,
            "style": _STYLES[button.style],
            "label": button.label,
            "custom_id": f"game:{game.id}:{game.step}:{button.action}",
        }
        for button in buttons
    ]
    return [{"type": _ROW, "components": made[i : i + _PER_ROW]} for i in range(0, len(made), _PER_ROW)]
