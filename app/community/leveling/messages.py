"""What is said about levels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.community.inventory.rules import NAMES, Item
from app.community.leveling.queries import Change, Configuration
from app.community.leveling.rules import MILESTONE, progress
from app.core.translations import _, ngettext, speaking

_CELLS = 20
_FULL, _EMPTY = "█", "░"
GOLD, BLURPLE = 0xFFD700, 0x5865F2


@dataclass(frozen=True)
class News:
    """A level that was reached, and what came with it."""

    level: int
    xp: int
    coins: int = 0
    items: Mapping[Item, int] = field(default_factory=dict)


def bar(share: float, cells: int = _CELLS) -> str:
    """A progress bar of characters."""
    full = min(int(share * cells), cells)
    return _FULL * full + _EMPTY * (cells - full)


def inside(xp: int) -> str:
    """How far somebody is inside their level, in words."""
    found = progress(xp)
    if not found.needed:
        return _("the highest level there is")
    return _("{inside} of {needed} XP").format(inside=found.inside, needed=found.needed)


def notice(news: News, user_id: int, language: str) -> dict[str, Any]:
    """The post about a new level; its text says everything, for where no embed may be shown."""
    with speaking(language):
        lines = [_("🎉 {member} reached level {level}!").format(member=f"<@{user_id}>", level=news.level)]
        gifts = [f"{quantity} × **{_(NAMES[item])}**" for item, quantity in news.items.items()]  # noqa: RUF001 - times.
        if news.coins:
            gifts.insert(0, ngettext("{count} coin", "{count} coins", news.coins).format(count=news.coins))
        if gifts:
            lines.append(_("That brings {gifts}.").format(gifts=", ".join(gifts)))
        description = f"`{bar(progress(news.xp).share)}` {inside(news.xp)}"
        title = _("Level {level}").format(level=news.level)
    color = BLURPLE if news.level % MILESTONE else GOLD
    return {
        "content": "\n".join(lines),
        "embeds": [{"title": title, "description": description, "color": color}],
        "allowed_mentions": {"parse": [], "users": [str(user_id)]},
    }


def changed(change: Change) -> str:
    """One line of what admins changed."""
    words = {
        "actor": f"<@{change.actor_id}>" if change.actor_id else _("somebody"),
        "member": f"<@{change.user_id}>",
        "before": change.before,
        "after": change.after,
    }
    return f"<t:{int(change.created_at.timestamp())}:f> " + _(
        "{action}: {member}, {before} → {after} XP, by {actor}"
    ).format(action=f"`{change.action}`", **words)


def configured(found: Configuration) -> str:
    """A guild's multipliers and roles."""
    lines = [_("**Multipliers**")]
    for target, kind, percent in found.multipliers:
        place = f"<#{target}>" if kind == "channel" else f"<@&{target}>"
        lines.append(f"{place}: " + (_("no experience") if percent == 0 else f"x{percent / 100:g}"))
    lines += [] if found.multipliers else [_("none: experience is worth the same everywhere")]
    lines.append(_("**Roles**"))
    lines += [f"<@&{role}>: " + _("from level {level} on").format(level=level) for role, level in found.roles]
    lines += [] if found.roles else [_("none: levels bring no roles")]
    lines.append(_("Where new levels are told: /settings show leveling."))
    return "\n".join(lines)[:1990]
