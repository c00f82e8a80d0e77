"""A giveaway as its message in the channel shows it."""

from collections.abc import Sequence
from typing import Any

from app.community.giveaways.rules import Prize, commitment
from app.community.inventory.rules import NAMES
from app.core.text import plain
from app.core.translations import _, ngettext, speaking
from schema.models.giveaways import Giveaway

JOIN = "giveaway:join"
_COLORS = {"active": 0xFFD700, "ended": 0x57F287, "cancelled": 0xED4245}
_LINK, _ROW, _BUTTON, _PRIMARY = 5, 1, 2, 1


def prize_of(giveaway: Giveaway) -> Prize:
    """The prize of a stored giveaway."""
    kinds = {"coins": "coins", "item": "item", "other": "other"}
    kind: Any = kinds[giveaway.prize_kind]
    return Prize(kind, giveaway.prize, giveaway.prize_amount)


def shown(prize: Prize) -> str:
    """A prize as people read it."""
    if prize.kind == "coins":
        return ngettext("{count} coin", "{count} coins", prize.amount).format(count=prize.amount)
    if prize.kind == "item":
        return f"{prize.amount} x {_(NAMES[prize.item])}"
    return plain(prize.name)


def body(giveaway: Giveaway, joined: int, winners: Sequence[int] = ()) -> dict[str, Any]:
    """The message of a giveaway: what there is to win, until when, and who won."""
    with speaking(giveaway.language):
        embed = {
            "title": f"🎁 {plain(giveaway.title)}",
            "description": "\n".join(_lines(giveaway, winners)),
            "color": _COLORS[giveaway.status],
            "footer": {"text": _("Fair draw: {proof}").format(proof=_proof(giveaway))},
        }
        label = _("Join ({count})").format(count=joined)
    button = {
        "type": _BUTTON,
        "style": _PRIMARY,
        "label": label,
        "custom_id": f"{JOIN}:{giveaway.id}",
        "disabled": giveaway.status != "active",
    }
    return {"embeds": [embed], "components": [{"type": _ROW, "components": [button]}]}


def announcement(giveaway: Giveaway, winners: Sequence[int]) -> dict[str, Any]:
    """The message that tells who won; only winners are mentioned."""
    with speaking(giveaway.language):
        named = ", ".join(f"<@{user}>" for user in winners)
        values = {"title": f"**{plain(giveaway.title)}**", "prize": shown(prize_of(giveaway)), "winners": named}
        text = _("🎉 {winners} won {prize} in {title}!") if winners else _("Nobody joined {title}, so nobody won.")
    return {"content": text.format(**values), "allowed_mentions": {"users": [str(user) for user in winners]}}


def _lines(giveaway: Giveaway, winners: Sequence[int]) -> list[str]:
    lines = [
        _("Prize: {prize}").format(prize=f"**{shown(prize_of(giveaway))}**"),
        ngettext("{count} winner", "{count} winners", giveaway.winners).format(count=giveaway.winners),
    ]
    if giveaway.host_id:
        lines.append(_("Given by {user}").format(user=f"<@{giveaway.host_id}>"))
    if giveaway.status == "active":
        lines.append(_("Ends {when}").format(when=f"<t:{int(giveaway.ends_at.timestamp())}:R>"))
    elif giveaway.status == "cancelled":
        lines.append(_("Cancelled"))
    else:
        named = ", ".join(f"<@{user}>" for user in winners) or _("nobody joined")
        lines.append(_("Won by: {winners}").format(winners=named))
    return lines


def _proof(giveaway: Giveaway) -> str:
    """The hash of the seed before the draw, the seed itself after it."""
    return commitment(giveaway.seed) if giveaway.status == "active" else giveaway.seed.hex()
