"""How the lottery is told."""

from datetime import datetime

from app.community.economy.messages import coins
from app.community.lottery.queries import Tickets
from app.community.lottery.rules import commitment, ticket
from app.core.translations import _, ngettext
from schema.models.lottery import LotteryDraw


def tickets(count: int) -> str:
    """A number of tickets."""
    return ngettext("{count} ticket", "{count} tickets", count).format(count=count)


def coming(draw: LotteryDraw, jackpot: int, price: int, moment: datetime) -> str:
    """The draw to come, with the hash that makes it possible to check it."""
    return "\n".join(
        [
            _("🎟️ The jackpot is {coins}. A ticket costs {price}; {tickets} sold.").format(
                coins=f"**{coins(jackpot)}**", price=coins(price), tickets=tickets(draw.sold)
            ),
            _("The draw is {time}.").format(time=f"<t:{int(moment.timestamp())}:F>"),
            _("SHA-256 of its seed: {hash}").format(hash=f"`{commitment(draw.seed)}`"),
        ]
    )


def own(found: Tickets) -> str:
    """A member's tickets."""
    if not found.ranges:
        return _("You have no ticket for the next draw. /lottery buy sells some.")
    numbers = ", ".join(f"{first}-{last}" if last > first else f"{first}" for first, last in found.ranges[:50])
    rest = ", …" if len(found.ranges) > 50 else ""  # noqa: PLR2004 - as many as a message holds.
    return _("🎟️ You have {tickets} of {sold} sold: {numbers}.").format(
        tickets=tickets(found.count), sold=found.sold, numbers=numbers + rest
    )


def result(draw: LotteryDraw) -> str:
    """What a draw brought, for everybody."""
    jackpot = f"**{coins(draw.jackpot or 0)}**"
    if draw.winning_ticket is None:
        return _("🎟️ Nobody had a ticket for the lottery of {day}. The jackpot of {coins} stays.").format(
            day=draw.day, coins=jackpot
        )
    owner = f"<@{draw.winner_id}>" if draw.winner_id else _("somebody who is forgotten")
    lines = [
        _("🎉 The lottery of {day}: ticket {ticket} of {sold} wins {coins} for {user}!").format(
            day=draw.day, ticket=draw.winning_ticket, sold=draw.sold, coins=jackpot, user=owner
        ),
        _("The seed was {seed}; /lottery verify shows how to check the draw.").format(seed=f"`{draw.seed.hex()}`"),
    ]
    return "\n".join(lines)


def proof(draw: LotteryDraw) -> str:
    """How everybody can check a draw that took place."""
    lines = [
        _("🎟️ The lottery of {day}, {tickets} sold").format(day=draw.day, tickets=tickets(draw.sold)),
        _("Seed: {seed}").format(seed=f"`{draw.seed.hex()}`"),
        _("SHA-256 of the seed, as told before: {hash}").format(hash=f"`{commitment(draw.seed)}`"),
    ]
    if draw.winning_ticket is None:
        return "\n".join([*lines, _("Nobody had a ticket.")])
    text = f"{draw.seed.hex()}:{draw.sold}:{draw.attempt}"
    lines.append(
        _("The winning ticket is SHA-256 of the text {text}, modulo {sold}, plus 1.").format(
            text=f"`{text}`", sold=draw.sold
        )
    )
    if draw.attempt:
        lines.append(_("With a smaller last number it gives tickets of people who are forgotten."))
    is_right = ticket(draw.seed, draw.sold, draw.attempt) == draw.winning_ticket
    verdict = _("✅ That gives ticket {ticket}, which won.") if is_right else _("⚠️ That does not give ticket {ticket}.")
    return "\n".join([*lines, verdict.format(ticket=draw.winning_ticket)])
